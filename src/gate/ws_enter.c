/* gate/ws_enter.c - from the upgrade to a device: who is it, and may there be
 * one more? */
#include "gate/ws_enter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "chat/auth.h"
#include "chat/limit.h"
#include "gate/gate_private.h"
#include "gate/token.h"
#include "store/gather.h"
#include "store/greet.h"
#include "ws/handshake.h"

#define RETRY_MAX_MS 3000  /* the hint given when closing with 1001 */
#define TOO_MANY_MS  10000 /* the hint when there are too many of one */

struct entry {
	struct gate *gate;
	struct device *dev;
	bool has_token;
	uint32_t address_ticket; /* 0: too many from there */
	char token[AUTH_TOKEN];
	struct session_ask ask;
};

static void
entry_free(struct entry *e)
{
	explicit_bzero(e->token, sizeof(e->token));
	free(e);
}

/* For all that wait. */
static void
entry_work(struct db *db, void *const *items, size_t n)
{
	struct session_ask *v[GATHER_MAX] = { NULL };
	size_t asked = 0;

	for (size_t i = 0; i < n; i++) {
		struct entry *e = items[i];

		if (auth_token_hash(e->token, strlen(e->token), e->ask.hash) ==
		    0)
			v[asked++] = &e->ask;
	}
	if (asked > 0)
		db_sessions_get(db, v, asked, clock_wall_ms());
}

void
ws_goodbye(struct device *dev)
{
	char reason[32];

	snprintf(reason, sizeof(reason), "retry=%u",
	    200 + clock_jitter(RETRY_MAX_MS));
	wsconn_close(&dev->ws, WS_GOING_AWAY, reason);
}

static void
too_many(struct device *dev)
{
	char reason[32];

	snprintf(reason, sizeof(reason), "retry=%u",
	    TOO_MANY_MS + clock_jitter(TOO_MANY_MS));
	wsconn_close(&dev->ws, WS_TOO_MANY, reason);
}

/* It is somebody's. */
static void
welcome(struct entry *e, struct device *dev)
{
	struct chat *chat = e->gate->chat;
	struct limit_key key = { .key = &e->ask.session.user,
		.len = sizeof(e->ask.session.user) };

	dev->user_ticket = limit_enter(chat->c.limits, chat->c.place,
	    LIMIT_USER, &key, chat->conf->limit_connections_user);
	if (dev->user_ticket == 0) {
		too_many(dev);
		return;
	}
	dev->id = e->ask.session.user;
	dev->session = e->ask.session.id;
	dev->flags |= DEVICE_SESSION;
	auth_touch(chat, &e->ask.session);
	if (!e->gate->draining)
		wsconn_resume(&dev->ws);
}

static void
entry_done(void *arg)
{
	struct entry *e = arg;
	struct device *dev = e->dev;

	if (dev->flags & DEVICE_CLOSED) {
		/* nothing to tell anybody */
	} else if (e->ask.found == 1) {
		welcome(e, dev);
	} else if (e->ask.found == -1) {
		ws_goodbye(dev); /* the store is away: later */
	} else {
		wsconn_close(&dev->ws, WS_SESSION_OVER, "session over");
	}
	device_unref(dev);
	entry_free(e);
}

static void
upgraded(int fd, const void *first, size_t first_len, void *arg)
{
	struct entry *e = arg;
	struct device *dev;

	if (fd == -1) {
		limit_leave(e->gate->chat->c.limits, e->gate->chat->c.place,
		    LIMIT_ADDRESS, e->address_ticket);
		entry_free(e);
		return;
	}
	dev = device_new(e->gate->chat);
	dev->address_ticket = e->address_ticket;
	wsconn_open(&dev->ws, e->gate->pool, fd, first, first_len);
	if (e->address_ticket != 0 && e->has_token) {
		wsconn_pause(&dev->ws);
		e->dev = device_ref(dev);
		gather_read(e->gate->entries, e);
		return;
	}
	if (e->address_ticket == 0)
		too_many(dev);
	else
		wsconn_close(&dev->ws, WS_SESSION_OVER, "log in first");
	entry_free(e);
}

static void
refuse(struct http_request *req, int status, const char *text)
{
	if (status == 426)
		http_reply_header(req, "Sec-WebSocket-Version", "13");
	http_reply(
	    req, status, "text/plain; charset=utf-8", text, strlen(text));
}

static uint32_t
enter_address(struct chat *chat, const char *peer)
{
	uint8_t net[16];
	struct limit_key key = { .key = net, .len = sizeof(net) };

	limit_net(peer, net);
	return limit_enter(chat->c.limits, chat->c.place, LIMIT_ADDRESS, &key,
	    chat->conf->limit_connections_address);
}

struct gather *
ws_enter_gather(struct store *st)
{
	return gather_new(st, entry_work, entry_done);
}

void
ws_enter(struct http_request *req, void *arg)
{
	struct gate *gate = arg;
	struct ws_ask ask = {
		.method = http_method_name(req),
		.upgrade = http_header(req, "Upgrade"),
		.connection = http_header(req, "Connection"),
		.version = http_header(req, "Sec-WebSocket-Version"),
		.key = http_header(req, "Sec-WebSocket-Key"),
	};
	int status = ws_check_ask(&ask);
	struct entry *e;

	if (status != 101) {
		refuse(req, status == 0 ? 426 : status,
		    "This address speaks WebSocket (RFC 6455), version 13.\n");
		return;
	}
	if (!token_origin_ok(gate, req)) {
		refuse(req, 403,
		    "This Origin may not connect: name it in "
		    "allowed_origins.\n");
		return;
	}
	if (gate->draining) {
		refuse(req, 503, "The server is going down.\n");
		return;
	}
	MEM_NEW(e);
	e->gate = gate;
	e->has_token = token_find(gate, req, e->token);
	e->address_ticket = enter_address(gate->chat, http_peer(req));
	http_upgrade(req, upgraded, e);
}

void
ws_leave(struct device *dev)
{
	const struct chat *chat = dev->chat;

	limit_leave(
	    chat->c.limits, chat->c.place, LIMIT_ADDRESS, dev->address_ticket);
	limit_leave(
	    chat->c.limits, chat->c.place, LIMIT_USER, dev->user_ticket);
}
