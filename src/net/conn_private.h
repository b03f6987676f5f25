/* net/conn_private.h - between conn.c, conn_read.c, conn_pool.c and
 * conn_queue.c (and their tests). */
#ifndef NET_CONN_PRIVATE_H
#define NET_CONN_PRIVATE_H

#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include <limits.h>

#include "net/conn.h"

enum {
	CONN_READ_MAX = 64 * 1024, /* from one connection in one turn */
	CONN_EVENTS = 512,         /* connections handled in one turn */
	CONN_TICKS = 25,           /* each gets on_tick every so many seconds */
	CONN_DEADLINE_MS = 5000,
};

/* struct conn, flags. */
enum {
	IS_DIRTY = 1 << 0,     /* on the pool's list */
	IS_WATCHED = 1 << 1,   /* in the epoll set */
	WANTS_IN = 1 << 2,     /* what the epoll set was told */
	WANTS_OUT = 1 << 3,    /* the same */
	IS_PAUSED = 1 << 4,    /* by conn_pause */
	IS_FEEDING = 1 << 5,   /* rest will be delivered in the next turn */
	IS_BLOCKED = 1 << 6,   /* the kernel took no more */
	IS_OVER = 1 << 7,      /* over the limit: nothing more is queued */
	IS_TOLD = 1 << 8,      /* … and the owner knows */
	IS_UNLIMITED = 1 << 9, /* by conn_drop_queue */
	IS_BROKEN = 1 << 10,   /* writing failed */
	IS_ENDED = 1 << 11,    /* there is no more input, and the owner knows */
	IS_CLOSED = 1 << 12,   /* by conn_close */
	IS_LINGERING = 1 << 13, /* closed, but not everything is out */
	IS_SHUT = 1 << 14,      /* lingering, everything is out */
};

struct conn_deadline {
	TAILQ_ENTRY(conn_deadline) next;
	struct conn *conn;
	uint64_t at;
};

struct conn_pool {
	struct loop *loop;
	const struct conn_ops *ops;
	void *arg;
	size_t limit;
	size_t count;
	struct conn **table; /* by descriptor */
	size_t table_len;
	struct conn *dirty;
	struct conn **dirty_end;
	struct buf in; /* where input is read to */
	TAILQ_HEAD(conn_deadlines, conn_deadline) deadlines; /* soonest first */
	uint32_t deadline_ms;
	unsigned tick;
	int epfd;
	struct event *ev;
	struct loop_timer *timer;
	struct epoll_event events[CONN_EVENTS];
	struct iovec iov[IOV_MAX];
};

static inline bool
is(const struct conn *c, uint32_t flags)
{
	return (c->flags & flags) != 0;
}

/* conn.c */
void conn_abort(struct conn *c); /* fd goes now, the struct at the turn's end */
void conn_end_of_input(struct conn *c, enum conn_end why); /* EOF or ERROR */
void conn_ready(struct conn *c, uint32_t events);
void conn_settle(
    struct conn *c); /* what is to do at a turn's end; may free c */
void conn_expired(struct conn *c);

/* conn_read.c */
void conn_rest_add(struct conn *c, const uint8_t *p, size_t n);
void conn_rest_free(struct conn *c);
void conn_feed_soon(struct conn *c); /* rest, in the next turn */
void conn_feed_forget(struct conn *c);
bool conn_read_once(struct conn *c); /* is it worth trying again at once? */
/* Lingering: throws away what comes until the other side has closed too. */
void conn_discard(struct conn *c);

/* conn_pool.c */
void pool_add(struct conn_pool *pool, struct conn *c);
void pool_watch(struct conn_pool *pool, struct conn *c, bool in, bool out);
void pool_unwatch(struct conn_pool *pool, struct conn *c);
void pool_remove(struct conn_pool *pool, struct conn *c);
void pool_mark(struct conn_pool *pool, struct conn *c);
void pool_set_deadline(struct conn_pool *pool, struct conn *c);
void pool_clear_deadline(struct conn_pool *pool, struct conn *c);
void pool_second(void *arg); /* what happens once a second */

/* conn_queue.c - *q is NULL while nothing waits. */
struct conn_queue {
	size_t bytes;      /* waiting */
	size_t sent;       /* of the first chunk */
	uint32_t head;     /* where the first chunk is in v */
	uint32_t n;        /* chunks */
	uint32_t cap;      /* of v */
	uint32_t tail_cap; /* of the last chunk's data if it is ours; else 0 */
	struct chunk *v[];
};

/* Two pieces as one; they may be merged with what was added before. */
void queue_bytes(
    struct conn_queue **q, const struct iovec *pieces, size_t npieces);
void queue_chunk(struct conn_queue **q, struct chunk *chunk);
/* 1: all is out, and *q NULL; 0: the kernel takes no more; -1: errno. */
int queue_send(struct conn_queue **q, int fd, struct iovec iov[IOV_MAX]);
void queue_drop(struct conn_queue **q); /* but for a begun chunk */
void queue_free(struct conn_queue **q);

#endif
