/* bus/redis/server.c - one Redis server as a worker uses it.
 *
 * The subscribing connection always has the worker's own channel, for two
 * reasons: hiredis 0.14 aborts when the last one is given up, and what a worker
 * publishes to itself there each second tells whether both connections and the
 * server still work. Nothing else would: Redis drops a slow subscriber without
 * a word to publishers, and TCP takes minutes to notice that a host is gone. */
#include "bus/redis/server.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "bus/redis/resolve.h"

enum {
	MISSES_MAX = 3,      /* ticks */
	QUEUE_MAX = 1 << 20, /* bytes to be written; beyond it they are lost */
	QUEUE_LOW = 1 << 18, /* below it the loss is told */
	UNANSWERED_MAX = 20000,
	BATCH = 100, /* channels in one SUBSCRIBE */
	RETRY_MIN_MS = 100,
	RETRY_MAX_MS = 2000,
	CLOSE_MS = 200,
};

static void retry(void *arg);

/* Going ---------------------------------------------------------------------
 */

static uint32_t
retry_ms(unsigned failures)
{
	uint32_t ms = RETRY_MIN_MS;

	while (failures-- > 1 && ms < RETRY_MAX_MS)
		ms *= 2;
	return ms / 2 + clock_jitter(ms / 2 + 1);
}

static void
hang_up(struct redis_server *s)
{
	resolve_free(&s->resolve);
	rconn_close(&s->pub);
	rconn_close(&s->sub);
	s->subscribing = false;
	s->lost |= s->unanswered > 0;
	s->unanswered = 0;
}

static void
server_fail(struct redis_server *s, const char *why)
{
	if (s->state == SERVER_AWAY)
		return;
	s->state = SERVER_AWAY;
	snprintf(s->why, sizeof(s->why), "%s", why);
	hang_up(s);
	if (!s->said)
		log_warn("bus server away", "server=%s why=\"%s\"",
		    s->address->shown, s->why);
	s->said = true;
	s->failures++;
	s->retry =
	    loop_timer_new(s->loop, retry_ms(s->failures), false, retry, s);
}

static void
on_down(void *arg, const char *why)
{
	server_fail(arg, why);
}

/* Subscribing ---------------------------------------------------------------
 */

static void
sub_command(struct redis_server *s, const char *verb, const char *channel)
{
	const char *argv[2] = { verb, channel };

	rconn_send(&s->sub, 2, argv, NULL);
}

static void
subscribe_topics(struct redis_server *s)
{
	char channel[BATCH][CHANNEL_MAX];
	const char *argv[BATCH + 1] = { "SUBSCRIBE" };
	struct topic *t;
	int n = 0;

	for (size_t i = 0; (t = map_next(&s->topics, &i)) != NULL;) {
		channel_of(channel[n], s->conf->db, &t->id);
		argv[n + 1] = channel[n];
		if (++n < BATCH)
			continue;
		rconn_send(&s->sub, n + 1, argv, NULL);
		n = 0;
	}
	if (n > 0)
		rconn_send(&s->sub, n + 1, argv, NULL);
}

/* Redis answers in order: once the last is confirmed all are. */
static void
subscribe_all(struct redis_server *s)
{
	static const struct id all = { 0 };
	char channel[CHANNEL_MAX];

	channel_of(channel, s->conf->db, &all);
	sub_command(s, "SUBSCRIBE", channel);
	subscribe_topics(s);
	sub_command(s, "SUBSCRIBE", s->own);
	s->subscribing = true;
}

static void
confirmed(struct redis_server *s, const redisReply *channel)
{
	struct id topic;

	s->misses = 0;
	if (s->state == SERVER_UP) {
		if (channel_topic(channel->str, channel->len, &topic) == 0)
			s->ops->on_ready(s->arg, &topic);
		return;
	}
	if (strcmp(channel->str, s->own) != 0)
		return;
	s->state = SERVER_UP;
	s->failures = 0;
	if (s->said)
		log_info("bus server is back", "server=%s", s->address->shown);
	s->said = false;
	s->why[0] = '\0';
	s->ops->on_up(s->arg, s->index);
}

/* The heartbeat: when it was sent. */
static void
heard_oneself(struct redis_server *s, const redisReply *data)
{
	uint64_t sent = strtoull(data->str, NULL, 10);
	uint64_t now = clock_mono_ms();

	s->misses = 0;
	s->lag_ms = now > sent ? (uint32_t)(now - sent) : 0;
}

static bool
is_push(const redisReply *r)
{
	return r != NULL && r->type == REDIS_REPLY_ARRAY && r->elements == 3 &&
	       r->element[0]->type == REDIS_REPLY_STRING &&
	       r->element[1]->type == REDIS_REPLY_STRING;
}

static void
on_push(void *arg, void *reply)
{
	struct redis_server *s = arg;
	const redisReply *r = reply;

	if (!is_push(r))
		return;
	if (strcmp(r->element[0]->str, "subscribe") == 0)
		confirmed(s, r->element[1]);
	else if (strcmp(r->element[0]->str, "message") != 0 ||
		 r->element[2]->type != REDIS_REPLY_STRING)
		return;
	else if (strcmp(r->element[1]->str, s->own) == 0)
		heard_oneself(s, r->element[2]);
	else
		s->ops->on_data(s->arg, s->index,
		    (const uint8_t *)r->element[2]->str,
		    (size_t)r->element[2]->len);
}

void
server_subscribe(struct redis_server *s, const struct id *topic)
{
	char channel[CHANNEL_MAX];

	if (!topics_add(&s->topics, topic) || !s->subscribing)
		return;
	channel_of(channel, s->conf->db, topic);
	sub_command(s, "SUBSCRIBE", channel);
}

void
server_unsubscribe(struct redis_server *s, const struct id *topic)
{
	char channel[CHANNEL_MAX];

	if (!topics_drop(&s->topics, topic) || !s->subscribing)
		return;
	channel_of(channel, s->conf->db, topic);
	sub_command(s, "UNSUBSCRIBE", channel);
}

/* Publishing ----------------------------------------------------------------
 */

static void
on_published(void *arg, void *reply)
{
	struct redis_server *s = arg;
	const redisReply *r = reply;

	if (r == NULL)
		return; /* on_down follows */
	s->unanswered--;
	if (r->type != REDIS_REPLY_ERROR)
		return;
	s->lost = true;
	snprintf(s->why, sizeof(s->why), "PUBLISH: %s", r->str);
}

static void
publish_on(
    struct redis_server *s, const char *channel, const void *data, size_t len)
{
	const char *argv[3] = { "PUBLISH", channel, data };
	size_t lens[3] = { 7, strlen(channel), len };

	s->unanswered++;
	rconn_send(&s->pub, 3, argv, lens);
}

bool
server_has_room(const struct redis_server *s)
{
	return s->state == SERVER_UP && rconn_queued(&s->pub) < QUEUE_LOW &&
	       s->unanswered < UNANSWERED_MAX / 2;
}

bool
server_publish(
    struct redis_server *s, const struct id *topic, const struct buf *data)
{
	char channel[CHANNEL_MAX];

	if (s->state != SERVER_UP ||
	    rconn_queued(&s->pub) + data->len > QUEUE_MAX ||
	    s->unanswered >= UNANSWERED_MAX) {
		s->lost = true;
		return false;
	}
	channel_of(channel, s->conf->db, topic);
	publish_on(s, channel, data->data, data->len);
	return true;
}

void
server_flush(struct redis_server *s)
{
	if (s->state == SERVER_UP)
		rconn_flush(&s->pub);
}

/* Coming --------------------------------------------------------------------
 */

static void
on_conn_up(void *arg)
{
	struct redis_server *s = arg;

	s->misses = 0;
	if (s->pub.up && s->sub.up)
		subscribe_all(s);
}

static void
connect_to(struct redis_server *s, const struct rconn_target *to)
{
	struct err err = { 0 };

	if (rconn_open(&s->pub, to, &err) == -1 ||
	    rconn_open(&s->sub, to, &err) == -1)
		server_fail(s, err.text);
}

static void
on_resolved(void *arg, const char *ip, const char *why)
{
	struct redis_server *s = arg;
	struct rconn_target to = { .port = s->address->port };
	char copy[64];

	if (ip == NULL) {
		server_fail(s, why);
		return;
	}
	snprintf(copy, sizeof(copy), "%s", ip);
	to.ip = copy;
	resolve_free(&s->resolve);
	connect_to(s, &to);
}

static void
server_start(struct redis_server *s)
{
	const struct redis_address *a = s->address;
	struct rconn_target to = {
		.ip = a->host, .port = a->port, .path = a->path
	};

	s->state = SERVER_OPENING;
	s->misses = 0;
	if (a->path != NULL || resolve_is_ip(a->host)) {
		connect_to(s, &to);
		return;
	}
	s->resolve =
	    resolve_start(s->loop, a->host, s->failures, on_resolved, s);
	if (s->resolve == NULL)
		server_fail(s, "no descriptors are left");
}

static void
retry(void *arg)
{
	struct redis_server *s = arg;

	loop_timer_free(&s->retry);
	server_start(s);
}

void
server_tick(struct redis_server *s)
{
	char now[24];
	int len;

	if (s->state == SERVER_AWAY)
		return;
	if (s->misses >= MISSES_MAX) {
		server_fail(s, s->why[0] != '\0' ? s->why
			       : s->state == SERVER_UP
				   ? "no heartbeat came back for 3 seconds"
				   : "no answer for 3 seconds");
		return;
	}
	s->misses++;
	if (s->state != SERVER_UP)
		return;
	len = snprintf(
	    now, sizeof(now), "%llu", (unsigned long long)clock_mono_ms());
	publish_on(s, s->own, now, (size_t)len);
}

static void
conn_init(struct redis_server *s, struct rconn *c, rconn_reply_cb *on_reply)
{
	*c = (struct rconn){ .loop = s->loop,
		.conf = s->conf,
		.on_up = on_conn_up,
		.on_down = on_down,
		.on_reply = on_reply,
		.arg = s };
}

void
server_open(struct redis_server *s, const char *own)
{
	snprintf(s->own, sizeof(s->own), "%s", own);
	conn_init(s, &s->pub, on_published);
	conn_init(s, &s->sub, on_push);
	topics_init(&s->topics);
	server_start(s);
}

void
server_close(struct redis_server *s)
{
	uint64_t until = clock_mono_ms() + CLOSE_MS;

	server_flush(s);
	while (s->state == SERVER_UP && rconn_queued(&s->pub) > 0 &&
	       clock_mono_ms() < until) {
		rconn_wait_writable(&s->pub, 10);
		server_flush(s);
	}
	s->state = SERVER_AWAY;
	loop_timer_free(&s->retry);
	hang_up(s);
	topics_free(&s->topics);
}
