/* chat/cmd_hello.c - the first thing a device says: what it has; the answer is
 * its account and rooms, then what it missed (chat/sync.h). */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "chat/commands.h"
#include "chat/device.h"
#include "chat/hello.h"
#include "chat/hub.h"
#include "chat/request.h"
#include "chat/room_list.h"
#include "chat/sync.h"
#include "store/greet.h"

#define MISSED_MAX 500  /* further behind: begin anew with the newest page */
#define NAMED_MAX  2000 /* rooms in one hello */

/* What the device has of a room, later from where on it will be sent. */
struct named {
	struct id room;
	uint64_t seq;
	struct cid cid;
};

enum begin { BEGIN_LISTED, BEGIN_RESET, BEGIN_NAMED };

struct hello {
	struct named *named; /* by room */
	size_t nnamed;
	uint32_t ended;    /* the hub_user's, before the store was read */
	struct greeting g; /* what the store said */
	uint8_t *begin;    /* enum begin of each head */
	struct room_list page;
};

static void
hello_clear(struct hello *h)
{
	greeting_clear(&h->g);
	free(h->begin);
	h->begin = NULL;
	room_list_free(&h->page);
	memset(&h->page, 0, sizeof(h->page));
}

static void
hello_free(void *arg)
{
	struct hello *h = arg;

	hello_clear(h);
	free(h->named);
	free(h);
}

static int
by_room(const void *a, const void *b)
{
	return id_cmp(
	    &((const struct named *)a)->room, &((const struct named *)b)->room);
}

/* "<room>":[seq,"cid"] */
static int
parse_named(const char *key, const struct json *v, void *arg)
{
	struct hello *h = arg;
	struct named *n;

	if (h->nnamed == NAMED_MAX)
		return -1;
	/* Doubles at each power of two. */
	if ((h->nnamed & (h->nnamed - 1)) == 0)
		h->named = mem_reallocarray(h->named,
		    h->nnamed == 0 ? 1 : h->nnamed * 2, sizeof(h->named[0]));
	n = &h->named[h->nnamed];
	if (id_parse(key, strlen(key), &n->room) == -1 || !json_is_array(v) ||
	    json_len(v) != 2 || json_as_u64(json_at(v, 0), &n->seq) == -1 ||
	    json_as_cid(json_at(v, 1), &n->cid) == -1)
		return -1;
	h->nnamed++;
	return 0;
}

static int
parse(struct request *req, struct hello *h)
{
	const struct json *rooms;
	int rc = json_get_object(req->args, "rooms", &rooms, &req->err);

	if (rc != 1)
		return rc;
	if (json_each(rooms, parse_named, h) != 0)
		return err_set(&req->err, ERR_BAD_REQUEST,
		    "rooms must be {\"<room>\": [seq, \"cid\"], …}, at most %d",
		    NAMED_MAX);
	if (h->nnamed > 1)
		qsort(h->named, h->nnamed, sizeof(h->named[0]), by_room);
	return 0;
}

/* --- on a store thread, for all that wait --- */

/* Last events that devices have, to be looked at: are they still those? */
struct doubts {
	struct event_at *v;
	struct doubt {
		struct request *req;
		uint8_t *begin;
		const struct cid *cid; /* as the device has it */
	} * of;
	size_t n, cap;
};

static void
doubt(struct doubts *d, struct request *req, size_t i, const struct named *n)
{
	struct hello *h = req->data;

	if (d->n == d->cap) {
		d->cap = d->cap == 0 ? 16 : d->cap * 2;
		d->v = mem_reallocarray(d->v, d->cap, sizeof(d->v[0]));
		d->of = mem_reallocarray(d->of, d->cap, sizeof(d->of[0]));
	}
	d->v[d->n] = (struct event_at){ .room = n->room, .seq = n->seq };
	d->of[d->n++] =
	    (struct doubt){ .req = req, .begin = &h->begin[i], .cid = &n->cid };
}

/* From where on the device hears the room of head i. */
static void
decide(struct doubts *d, struct request *req, size_t i)
{
	struct hello *h = req->data;
	const struct head *head = &h->g.heads.v[i];
	struct named key = { .room = head->room };
	const struct named *n =
	    h->nnamed == 0
		? NULL
		: bsearch(&key, h->named, h->nnamed, sizeof(key), by_room);

	h->begin[i] = BEGIN_LISTED;
	if (n == NULL)
		return;
	h->begin[i] = BEGIN_RESET;
	if (n->seq == 0 || n->seq > head->seq ||
	    head->seq - n->seq > MISSED_MAX)
		return;
	if (n->seq < head->seq)
		doubt(d, req, i, n);
	else if (cid_eq(&n->cid, &head->cid))
		h->begin[i] = BEGIN_NAMED;
}

static void
settle_doubts(struct db *db, struct doubts *d)
{
	struct err err = { 0 };
	int rc = db_cids(db, d->v, d->n, &err);

	for (size_t i = 0; i < d->n; i++) {
		if (rc == -1)
			d->of[i].req->err = err;
		else if (cid_eq(&d->v[i].cid, d->of[i].cid))
			*d->of[i].begin = BEGIN_NAMED;
	}
	free(d->v);
	free(d->of);
}

/* What was read; a session that ended before is found out here. */
static void
take_greeting(struct doubts *d, struct request *req)
{
	struct hello *h = req->data;

	if (h->g.found == -1)
		req->err = h->g.err;
	else if (h->g.found == 0)
		err_set(&req->err, ERR_UNAUTHORIZED, "This session is over.");
	if (h->g.found != 1)
		return;
	h->begin = mem_calloc(h->g.heads.n + 1, 1);
	for (size_t i = 0; i < h->g.heads.n; i++)
		decide(d, req, i);
}

static void
write_answer(struct request *req)
{
	struct hello *h = req->data;
	struct buf *b = &req->out;

	if (req->err.code != ERR_NONE)
		return;
	room_list_fill(&h->page, &h->g.rooms);
	room_views_free(&h->g.rooms);
	json_key(b, "user");
	user_json(b, &h->g.account);
	json_key(b, "self");
	json_open(b, '{');
	json_ku64(b, "seq", h->g.self_seq);
	json_close(b, '}');
	json_ku64(b, "now", clock_wall_ms());
	json_kraw(b, "rooms", h->page.json.data, h->page.json.len);
	json_kbool(b, "more", h->page.more);
}

static void
work(struct db *db, void *const *items, size_t n)
{
	struct greeting *v[GATHER_MAX] = { NULL };
	struct doubts doubts = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct request *req = items[i];
		struct hello *h = req->data;

		err_clear(&req->err);
		hello_clear(h);
		buf_clear(&req->out);
		h->g.user = req->user;
		h->g.session = req->session;
		h->g.limit = ROOM_LIST_READ;
		v[i] = &h->g;
	}
	db_greet(db, v, n);
	for (size_t i = 0; i < n; i++)
		take_greeting(&doubts, items[i]);
	settle_doubts(db, &doubts);
	for (size_t i = 0; i < n; i++)
		write_answer(items[i]);
}

/* --- on the loop --- */

static uint64_t
begin_at(const struct hello *h, size_t i, struct named *key)
{
	const struct named *n;

	if (h->begin[i] != BEGIN_NAMED)
		return SYNC_UNLISTED;
	key->room = h->g.heads.v[i].room;
	n = bsearch(key, h->named, h->nnamed, sizeof(*key), by_room);
	return n != NULL ? n->seq + 1 : SYNC_UNLISTED;
}

/* From where on the device hears each of its logs. */
static void
begin_logs(struct device *dev, struct hub_user *u, const struct hello *h)
{
	struct hub *hub = dev->chat->hub;
	struct named key = { 0 };
	struct hub_room *room;

	sync_add(dev, &u->log, h->g.self_seq + 1);
	for (size_t i = 0; i < h->g.heads.n; i++) {
		room = hub_room_find(hub, &h->g.heads.v[i].room);
		if (room != NULL)
			sync_add(dev, &room->log, begin_at(h, i, &key));
	}
	for (size_t i = 0; i < h->page.n; i++)
		sync_listed(dev, &h->page.v[i].id, h->page.v[i].seq);
	if (h->page.more)
		sync_list_from(dev, &h->page.pos);
}

static void
send_resets(struct device *dev, const struct hello *h)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < h->g.heads.n; i++) {
		if (h->begin[i] != BEGIN_RESET)
			continue;
		buf_clear(&b);
		json_open(&b, '{');
		json_kstr(&b, "sig", "reset");
		json_kid(&b, "room", &h->g.heads.v[i].room);
		json_close(&b, '}');
		device_send(dev, &b);
	}
	buf_free(&b);
}

/* The session is over, or the store is away: hello may be said again. */
static void
refuse(struct request *req, struct device *dev)
{
	bool over = req->err.code == ERR_UNAUTHORIZED;

	dev->flags &= (uint16_t)~DEVICE_HELLO;
	request_reply(req);
	if (over && !(dev->flags & DEVICE_CLOSED))
		wsconn_close(&dev->ws, WS_SESSION_OVER, "session over");
}

static void
read_all(struct request *req)
{
	struct hello *h = req->data;

	h->ended = hub_user_open(req->chat->hub, &req->user)->ended;
	gather_read(req->chat->hellos, req);
}

static void
done(void *arg)
{
	struct request *req = arg;
	struct device *dev = device_ref(req->dev);
	struct hello *h = req->data;
	struct hub *hub = req->chat->hub;
	struct hub_user *u = hub_user_find(hub, &req->user);

	if (u == NULL || dev->flags & DEVICE_CLOSED || req->err.code) {
		if (u != NULL)
			hub_user_unused(hub, u);
		else if (!(dev->flags & DEVICE_CLOSED) && !req->err.code)
			goto again; /* its last device went meanwhile */
		refuse(req, dev);
	} else if (!hub_know_user(
		       hub, u, h->ended, h->g.self_seq, &h->g.heads)) {
		goto again; /* a membership ended meanwhile */
	} else {
		req->data = NULL;
		begin_logs(dev, u, h);
		hub_add_device(hub, u, dev);
		dev->flags |= DEVICE_READY;
		request_reply(req);
		if (!store_healthy(dev->chat->store))
			device_tell_store(dev, false);
		send_resets(dev, h);
		sync_start(dev);
		hello_free(h);
	}
	device_unref(dev);
	return;
again:
	device_unref(dev);
	read_all(req);
}

static void
run(struct request *req)
{
	struct hello *h;

	MEM_NEW(h);
	req->data = h;
	req->data_free = hello_free;
	if (req->dev->flags & DEVICE_HELLO)
		err_set(&req->err, ERR_BAD_REQUEST,
		    "hello was said already on this connection.");
	if (req->err.code || parse(req, h) == -1) {
		request_reply(req);
		return;
	}
	req->dev->flags |= DEVICE_HELLO;
	read_all(req);
}

struct gather *
hello_gather(struct store *st)
{
	return gather_new(st, work, done);
}

const struct chat_cmd cmd_hello = {
	.name = "hello",
	.flags = CMD_WS_ONLY | CMD_EARLY,
	.run = run,
};
