/* net/conn.h - a socket with a bounded output queue, in as few bytes as can be.
 *
 * A pool keeps an epoll set of its own inside the loop, so that a connection
 * needs no struct event. Reads use one buffer per pool. Whatever is queued in
 * one turn of the loop leaves in one sendmsg at the turn's end. */
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
struct conn_queue;    /* allocated only while something waits */
struct conn_deadline; /* allocated only while there is one */

enum conn_end {
	CONN_EOF,     /* the other side closed; one may still write */
	CONN_ERROR,   /* reset, time-out … */
	CONN_SLOW,    /* what waits is over the limit; nothing more is queued */
	CONN_TIMEOUT, /* asked for with conn_deadline */
};

/* A pool's connections all behave alike. Every callback may call conn_close,
 * for this connection or another: structs are freed at the turn's end only.
 * Callbacks come from the loop, never from inside a function of this header
 * (conn_pool_each and the freeing in conn_pool_free aside). */
struct conn_ops {
	/* Input: n bytes at p, which may be changed in place (unmasking).
	 * Returns how many were used; the rest, which must be as it was, comes
	 * again in front of what arrives next. */
	size_t (*on_data)(struct conn *c, uint8_t *p, size_t n);
	/* It is over or (SLOW, TIMEOUT) must be ended: call conn_close, now or
	 * later. Each reason is told once; EOF and ERROR exclude each other. */
	void (*on_end)(struct conn *c, enum conn_end why);
	/* The queue has become empty after it was not. May be NULL. */
	void (*on_drain)(struct conn *c);
	/* Once a second for about a 25th of all connections, so each one every
	 * 25 s, spread by descriptor: pings. May be NULL. */
	void (*on_tick)(struct conn *c);
	/* The very last call: free the struct that holds c. */
	void (*on_free)(struct conn *c);
};

/* Embedded in its owner's struct. Private to src/net/ but for fd, which is -1
 * once closed. 48 bytes. */
struct conn {
	int fd;
	uint32_t flags;
	struct conn_pool *pool;
	struct conn_queue *queue;
	struct buf *rest; /* input not used yet; allocated only when there is */
	struct conn *dirty; /* list of those to look after at the turn's end */
	struct conn_deadline *deadline;
};

/* limit: bytes that may wait for one connection. ops stays the caller's and
 * must outlive the pool. */
struct conn_pool *conn_pool_new(
    struct loop *loop, const struct conn_ops *ops, size_t limit);
/* All connections must have been closed; those not freed yet are freed now,
 * what they still had to say is lost. */
void conn_pool_free(struct conn_pool **pool);
size_t conn_pool_count(const struct conn_pool *pool); /* until they are freed */

/* Something of the owner's, for the callbacks. NULL at first. */
void conn_pool_set_arg(struct conn_pool *pool, void *arg);
void *conn_pool_arg(const struct conn_pool *pool);

/* Calls cb for every connection of the pool that is not closed; cb may close
 * it. */
void conn_pool_each(
    struct conn_pool *pool, void (*cb)(struct conn *c, void *arg), void *arg);

/* Takes over fd, a stream socket (CLOEXEC set). first: bytes that were read
 * already, handed to on_data in the next turn. */
void conn_open(struct conn *c, struct conn_pool *pool, int fd,
    const void *first, size_t first_len);

/* Queues bytes: copied, or a share of the chunk. Ignored once it is closed,
 * broken or too slow. What one call queues stays together (conn_drop_queue). */
void conn_write(struct conn *c, const void *p, size_t n);
void conn_write2(struct conn *c, const void *head, size_t head_len,
    const void *p, size_t n); /* two pieces, as if they were one */
void conn_share(struct conn *c, struct chunk *chunk);
size_t conn_queued(const struct conn *c); /* bytes waiting */

/* Drops what waits but for what was begun (so that a last frame can still be
 * said in a slow reader's stream) and lifts the limit from then on. */
void conn_drop_queue(struct conn *c);

/* Stops, goes on reading. Stopped, it still notices a reset or hang-up (both
 * directions closed), and then gives up what was not read; a mere end of input
 * is told after conn_resume. */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);
bool conn_paused(const struct conn *c);

/* on_end(CONN_TIMEOUT) in 5 to 6 seconds from now, unless closed by then. */
void conn_deadline(struct conn *c);

/* Ends it: flush: first what waits goes out and the other side sees the end,
 * for which there are 5 s, while input is thrown away. No callback but on_free
 * comes afterwards. */
void conn_close(struct conn *c, bool flush);

#endif
