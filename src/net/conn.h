/* net/conn.h - a socket with a bounded output queue, in as few bytes as can be.
 *
 * A pool keeps an epoll set of its own inside the loop, so that a connection
 * needs no struct event. Reads use one buffer per pool. Whatever is queued in
 * one turn of the loop leaves in one writev at the turn's end. */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/chunk.h"
#include "net/loop.h"

struct conn;
struct conn_pool;
struct conn_queue; /* allocated only while something waits */

enum conn_end {
	CONN_EOF,   /* the other side closed */
	CONN_ERROR, /* reset, time-out … */
	CONN_SLOW,  /* what waits is over the limit; nothing more is queued */
};

/* A pool's connections all behave alike. Every callback may call conn_close;
 * guards keep the struct alive until the callback returned. */
struct conn_ops {
	/* Input: n bytes at p, which may be changed in place (unmasking).
	 * Returns how many were used; the rest comes again, in front of what
	 * arrives next. */
	size_t (*on_data)(struct conn *c, uint8_t *p, size_t n);
	/* It is over or (CONN_SLOW) must be ended: call conn_close, now or later. */
	void (*on_end)(struct conn *c, enum conn_end why);
	/* The queue has become empty after it was not. May be NULL. */
	void (*on_drain)(struct conn *c);
	/* Once a second for about a 25th of all connections, so each one every
	 * 25 s, spread by descriptor: pings. May be NULL. */
	void (*on_tick)(struct conn *c);
	/* The very last call: free the struct that holds c. */
	void (*on_free)(struct conn *c);
};

/* Embedded in its owner's struct. Private to net/conn.c but for fd. */
struct conn {
	int fd;
	uint16_t flags;
	uint16_t guard;
	struct conn_pool *pool;
	struct conn_queue *queue;
	struct buf *rest; /* input not used yet; allocated only when there is */
	struct conn *dirty; /* list of those to flush at the turn's end */
};

/* limit: bytes that may wait for one connection. */
struct conn_pool *conn_pool_new(
    struct loop *loop, const struct conn_ops *ops, size_t limit);
/* All connections must be closed and freed. */
void conn_pool_free(struct conn_pool **pool);
size_t conn_pool_count(const struct conn_pool *pool);
struct loop *conn_pool_loop(const struct conn_pool *pool);

/* Calls cb for every connection of the pool; cb may close it. */
void conn_pool_each(struct conn_pool *pool,
    void (*cb)(struct conn *c, void *arg), void *arg);

/* Takes over fd (non-blocking, CLOEXEC set). first: bytes that were read
 * already, handed to on_data in the next turn. */
void conn_open(struct conn *c, struct conn_pool *pool, int fd,
    const void *first, size_t first_len);

/* Queues bytes: copied, or a share of the chunk. Ignored once closed. */
void conn_write(struct conn *c, const void *p, size_t n);
void conn_share(struct conn *c, struct chunk *chunk);
size_t conn_queued(const struct conn *c); /* bytes waiting */

/* Drops what waits but for a begun chunk's remainder (so that a last frame can
 * still be said in a slow reader's stream) and lifts the limit for it. */
void conn_drop_queue(struct conn *c);

/* Stops, goes on reading. Stopped, it still notices a reset or hang-up. */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);

/* Ends it: flush: first what waits goes out, at most 5 s, then shutdown. No
 * callback but on_free comes afterwards. */
void conn_close(struct conn *c, bool flush);

#endif
