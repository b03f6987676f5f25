/* bus/redis/server.h - one Redis server as a worker uses it: a connection to
 * publish, one to subscribe, and a heartbeat through both. Private to
 * src/bus/redis. */
#ifndef BUS_REDIS_SERVER_H
#define BUS_REDIS_SERVER_H

#include "base/buf.h"
#include "bus/redis/conn.h"
#include "bus/redis/topics.h"

struct resolve;

enum server_state {
	SERVER_AWAY,    /* tried again when `retry` is due */
	SERVER_OPENING, /* connecting, logging in, subscribing */
	SERVER_UP,      /* what is published is heard */
};

struct server_ops {
	/* All topics are heard from now on, and nothing that was published
	 * while they were not. */
	void (*on_up)(void *arg, unsigned index);
	/* A topic that was added while it was up. */
	void (*on_ready)(void *arg, const struct id *topic);
	/* Published by anybody, oneself included. */
	void (*on_data)(
	    void *arg, unsigned index, const uint8_t *data, size_t len);
};

struct redis_server {
	struct loop *loop;
	const struct redis_conf *conf;
	const struct redis_address *address;
	const struct server_ops *ops;
	void *arg;
	unsigned index;
	char own[CHANNEL_MAX]; /* the channel of the heartbeat */

	enum server_state state;
	struct rconn pub, sub;
	struct resolve *resolve;
	struct loop_timer *retry;
	struct map topics;
	unsigned failures;   /* in a row */
	unsigned misses;     /* ticks without a sign of life */
	unsigned unanswered; /* PUBLISHes */
	uint32_t lag_ms;     /* of the last heartbeat */
	bool subscribing;    /* our own channel was asked for */
	bool lost;           /* something published is; not told yet */
	bool said;           /* that it is away */
	char why[120];       /* it is */
};

/* loop to index are set by the caller; begins to connect. */
void server_open(struct redis_server *s, const char *own);
/* Waits a moment for what was published to leave. */
void server_close(struct redis_server *s);

/* Once a second: the heartbeat. */
void server_tick(struct redis_server *s);

void server_subscribe(struct redis_server *s, const struct id *topic);
void server_unsubscribe(struct redis_server *s, const struct id *topic);

/* Pipelined; leaves with server_flush. False: it is lost, and s->lost set. */
bool server_publish(
    struct redis_server *s, const struct id *topic, const struct buf *data);
/* May a loss be told now? */
bool server_has_room(const struct redis_server *s);
void server_flush(struct redis_server *s);

#endif
