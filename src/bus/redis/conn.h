/* bus/redis/conn.h - one connection to a Redis server, logged in. Private to
 * src/bus/redis; only conn.c and server.c know hiredis. */
#ifndef BUS_REDIS_CONN_H
#define BUS_REDIS_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bus/redis/conf.h"
#include "net/loop.h"

struct redisAsyncContext;

/* Where to: an IP address as text and its port, or a Unix socket's path. */
struct rconn_target {
	const char *ip;
	uint16_t port;
	const char *path; /* not NULL: this */
};

/* reply: a redisReply, or NULL when there will be none; not to be kept. */
typedef void rconn_reply_cb(void *arg, void *reply);

struct rconn {
	/* Set by the owner before rconn_open. The connection is gone when
	 * on_down is called. */
	struct loop *loop;
	const struct redis_conf *conf;
	void (*on_up)(void *arg);
	void (*on_down)(void *arg, const char *why);
	rconn_reply_cb *on_reply; /* to every rconn_send */
	void *arg;

	struct redisAsyncContext *ac; /* NULL: none */
	bool up;                      /* commands may be sent */
};

/* Begins to connect and to log in; on_up or on_down follows, unless it returns
 * -1 with *err. There is no deadline: that is the owner's. */
int rconn_open(struct rconn *c, const struct rconn_target *to, struct err *err);

/* Without on_down and on_reply. */
void rconn_close(struct rconn *c);

/* One command, when up; it leaves with the next turn, or rconn_flush. */
void rconn_send(
    struct rconn *c, int argc, const char **argv, const size_t *lens);

/* Writes what the socket takes. May call on_down. */
void rconn_flush(struct rconn *c);

/* Bytes that wait to be written. */
size_t rconn_queued(const struct rconn *c);

/* Until the socket takes more, at most ms. */
void rconn_wait_writable(const struct rconn *c, int ms);

#endif
