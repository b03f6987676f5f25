/* bus/redis/redis.c - the bus of many hosts, over one or several Redis servers.
 *
 * Workers of the same host tell each other over their socketpairs, as without
 * Redis: that is quicker (measured: 7 µs beside 42 µs at the median) and goes
 * on while Redis is away; it costs the sender a microsecond more than either
 * way alone. What comes back from Redis of the own host is dropped unread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "bus/driver.h"
#include "bus/redis/datagram.h"
#include "bus/redis/hosts.h"
#include "bus/redis/server.h"
#include "bus/wire.h"

enum {
	TICK_MS = 1000,
	BLIND_TICKS =
	    5,        /* while a server is away the store is asked that often */
	SPEAKERS = 3, /* places whose workers tell that the host lives */
};

struct redis {
	struct bus bus;    /* first */
	struct bus *local; /* to the workers of this host */
	struct redis_conf *conf;
	struct bus_from me;
	struct hosts hosts;
	struct loop_timer *tick;
	unsigned ticks;
	/* What was published last in this turn, all on one topic. */
	struct buf out; /* empty: nothing */
	struct id out_topic;
	unsigned out_messages;
	unsigned n;
	struct redis_server server[];
};

static void
resync(struct redis *r, const struct bus_from *from)
{
	r->bus.stats.resyncs++;
	r->bus.ops->on_resync(r->bus.arg, from);
}

/* Sending -------------------------------------------------------------------
 */

static void
header(const struct redis *r, struct buf *b, unsigned server, unsigned flags)
{
	struct datagram d = {
		.flags = flags, .from = r->me, .server = server, .servers = r->n
	};

	datagram_header(b, &d);
}

/* A datagram of flags only, to everybody on that server. */
static void
tell(struct redis *r, struct redis_server *s, unsigned flags)
{
	static const struct id all = { 0 };
	struct buf b = { 0 };

	header(r, &b, s->index, flags);
	server_publish(s, &all, &b);
	buf_free(&b);
}

static void
tell_loss(struct redis *r, struct redis_server *s)
{
	if (!s->lost || !server_has_room(s))
		return;
	s->lost = false;
	tell(r, s, DATAGRAM_RESYNC);
}

static void
redis_seal(struct redis *r)
{
	struct redis_server *s;

	if (r->out.len == 0)
		return;
	s = &r->server[topic_server(&r->out_topic, r->n)];
	if (server_publish(s, &r->out_topic, &r->out))
		r->bus.stats.sent += r->out_messages;
	else
		r->bus.stats.dropped += r->out_messages;
	r->out_messages = 0;
	if (r->out.cap > 2 * WIRE_USUAL)
		buf_free(&r->out);
	buf_clear(&r->out);
}

static void
redis_send_turn(void *arg)
{
	struct redis *r = arg;

	if (r->out.len > 0)
		FAILPOINT("bus.before_redis");
	redis_seal(r);
	for (unsigned i = 0; i < r->n; i++) {
		tell_loss(r, &r->server[i]);
		server_flush(&r->server[i]);
	}
}

static void
redis_publish(struct bus *bus, const struct bus_msg *m)
{
	struct redis *r = (struct redis *)bus;

	bus_publish(r->local, m);
	if (m->len > BUS_DATA_MAX) { /* the others find it in the store */
		r->server[topic_server(&m->topic, r->n)].lost = true;
		r->bus.stats.dropped++;
		return;
	}
	if (!id_eq(&m->topic, &r->out_topic) ||
	    r->out.len + WIRE_MSG + m->len > WIRE_USUAL)
		redis_seal(r);
	if (r->out.len == 0) {
		r->out_topic = m->topic;
		header(r, &r->out, topic_server(&m->topic, r->n), 0);
	}
	wire_msg(&r->out, m);
	r->out_messages++;
}

/* Receiving -----------------------------------------------------------------
 */

static void
on_data(void *arg, unsigned index, const uint8_t *data, size_t len)
{
	struct redis *r = arg;
	size_t at = DATAGRAM_HEADER;
	struct datagram d;
	struct bus_msg m;

	if (datagram_read(data, len, &d) == -1) {
		log_error("bus datagram malformed", "server=%s len=%zu",
		    r->server[index].address->shown, len);
		return;
	}
	if (id_eq(&d.from.host, &r->me.host))
		return; /* came over the socketpair */
	hosts_hear(&r->hosts, index, &d, clock_mono_ms());
	if (d.flags & DATAGRAM_RESYNC)
		resync(r, &d.from);
	while (wire_read_msg(data, len, &at, &m) == 1) {
		r->bus.stats.received++;
		r->bus.ops->on_msg(r->bus.arg, &d.from, &m);
	}
}

/* The others may not have heard what a predecessor stored. */
static void
on_up(void *arg, unsigned index)
{
	struct redis *r = arg;
	struct redis_server *s = &r->server[index];

	s->lost = false;
	tell(r, s, DATAGRAM_RESYNC | DATAGRAM_BEAT);
	resync(r, NULL);
}

static void
on_ready(void *arg, const struct id *topic)
{
	struct redis *r = arg;

	if (r->bus.ops->on_ready != NULL)
		r->bus.ops->on_ready(r->bus.arg, topic);
}

static const struct server_ops server_ops = {
	.on_up = on_up, .on_ready = on_ready, .on_data = on_data
};

static void
redis_subscribe(struct bus *bus, const struct id *topic)
{
	struct redis *r = (struct redis *)bus;

	server_subscribe(&r->server[topic_server(topic, r->n)], topic);
}

static void
redis_unsubscribe(struct bus *bus, const struct id *topic)
{
	struct redis *r = (struct redis *)bus;

	server_unsubscribe(&r->server[topic_server(topic, r->n)], topic);
}

/* Each second ---------------------------------------------------------------
 */

static bool
all_up(const struct redis *r)
{
	for (unsigned i = 0; i < r->n; i++)
		if (r->server[i].state != SERVER_UP)
			return false;
	return true;
}

static void
tick(void *arg)
{
	struct redis *r = arg;
	bool silent = hosts_tick(&r->hosts, clock_mono_ms());

	for (unsigned i = 0; i < r->n; i++) {
		if (r->me.worker < SPEAKERS && r->server[i].state == SERVER_UP)
			tell(r, &r->server[i], DATAGRAM_BEAT);
		server_tick(&r->server[i]);
	}
	if (++r->ticks % BLIND_TICKS == 0 && !all_up(r))
		silent = true;
	if (silent)
		resync(r, NULL);
}

/* What bus.h asks -----------------------------------------------------------
 */

static void
redis_state(const struct bus *bus, struct bus_state *s_r)
{
	const struct redis *r = (const struct redis *)bus;
	const struct redis_server *s;

	s_r->servers = r->n;
	for (unsigned i = 0; i < r->n; i++) {
		s = &r->server[i];
		if (s->lag_ms > s_r->lag_ms)
			s_r->lag_ms = s->lag_ms;
		if (s->state == SERVER_UP)
			s_r->up++;
		else if (s_r->why[0] == '\0')
			snprintf(s_r->why, sizeof(s_r->why),
			    "Redis %.40s: %.100s", s->address->shown,
			    s->why[0] != '\0' ? s->why : "connecting");
	}
}

static uint64_t
redis_heard_ms(const struct bus *bus, const struct id *host)
{
	const struct redis *r = (const struct redis *)bus;

	return hosts_heard_ms(&r->hosts, host, clock_mono_ms());
}

static void
redis_stats(const struct bus *bus, struct bus_stats *s_r)
{
	const struct redis *r = (const struct redis *)bus;
	struct bus_stats local;

	bus_stats(r->local, &local);
	s_r->sent += local.sent;
	s_r->received += local.received;
	s_r->dropped += local.dropped;
	s_r->resyncs += local.resyncs;
}

/* Opening and closing -------------------------------------------------------
 */

static void
redis_close(struct bus *bus)
{
	struct redis *r = (struct redis *)bus;

	redis_send_turn(r);
	loop_forget(bus->loop, redis_send_turn, r);
	loop_timer_free(&r->tick);
	for (unsigned i = 0; i < r->n; i++)
		server_close(&r->server[i]);
	bus_close(&r->local);
	hosts_free(&r->hosts);
	redis_conf_free(&r->conf);
	buf_free(&r->out);
	free(r);
}

static const struct bus_driver redis_driver = {
	.name = "redis",
	.close = redis_close,
	.publish = redis_publish,
	.subscribe = redis_subscribe,
	.unsubscribe = redis_unsubscribe,
	.state = redis_state,
	.heard_ms = redis_heard_ms,
	.stats = redis_stats,
};

static void
open_servers(struct redis *r)
{
	char own[CHANNEL_MAX];

	channel_own(
	    own, r->conf->db, &r->me.host, r->me.worker, r->me.generation);
	for (unsigned i = 0; i < r->n; i++) {
		r->server[i] = (struct redis_server){ .loop = r->bus.loop,
			.conf = r->conf,
			.address = &r->conf->server[i],
			.ops = &server_ops,
			.arg = r,
			.index = i };
		server_open(&r->server[i], own);
	}
}

struct bus *
redis_open(struct loop *loop, const struct bus_conf *conf,
    const struct bus_ops *ops, void *arg, struct err *err)
{
	struct redis_conf *rc;
	struct redis *r;

	if (redis_conf_parse(conf->url, &rc, err) == -1)
		return NULL;
	r = mem_zalloc(sizeof(*r) + rc->n * sizeof(r->server[0]));
	r->bus = (struct bus){
		.driver = &redis_driver, .ops = ops, .arg = arg, .loop = loop
	};
	r->conf = rc;
	r->n = rc->n;
	r->me = (struct bus_from){ conf->host, conf->worker, conf->generation };
	r->local = local_open(loop, conf, ops, arg, err);
	if (r->local == NULL) {
		redis_conf_free(&r->conf);
		free(r);
		return NULL;
	}
	hosts_init(&r->hosts, r->n);
	open_servers(r);
	loop_on_turn_end(loop, LOOP_ORDER_BUS, redis_send_turn, r);
	r->tick = loop_timer_new(loop, TICK_MS, true, tick, r);
	return &r->bus;
}

int
redis_check(const char *url, struct err *err)
{
	struct redis_conf *conf;

	if (redis_conf_parse(url, &conf, err) == -1)
		return -1;
	redis_conf_free(&conf);
	return 0;
}

void
redis_describe(const char *url, char *out, size_t size)
{
	struct redis_conf *conf;
	size_t at;

	at = (size_t)snprintf(out, size, "redis");
	if (redis_conf_parse(url, &conf, NULL) == -1)
		return;
	for (unsigned i = 0; i < conf->n && at < size; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%s",
		    i == 0 ? " " : ",", conf->server[i].shown);
	if (conf->db != 0 && at < size)
		snprintf(out + at, size - at, "/%u", conf->db);
	redis_conf_free(&conf);
}
