/* net/conn_pool.c - the connections of a kind: their epoll set, their ticks and
 * deadlines, and who is to be looked after at the turn's end. */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/conn_private.h"

enum { TABLE_MIN = 256 };

/* One batch per turn: who is still ready then comes in the next. */
static void
pool_ready(evutil_socket_t fd, short what, void *arg)
{
	struct conn_pool *pool = arg;
	struct conn *c;
	size_t at;
	int n;

	n = epoll_wait(pool->epfd, pool->events, CONN_EVENTS, 0);
	if (n == -1 && errno != EINTR)
		log_fatal("epoll_wait: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		at = (size_t)pool->events[i].data.fd;
		c = at < pool->table_len ? pool->table[at] : NULL;
		/* Closed since, or its descriptor is another's now, whom a
		 * needless look does not hurt. */
		if (c != NULL && (c->flags & IS_WATCHED) != 0)
			conn_ready(c, pool->events[i].events);
	}
}

static void
pool_settle(void *arg)
{
	struct conn_pool *pool = arg;
	struct conn *c, *list = pool->dirty;

	pool->dirty = NULL;
	pool->dirty_end = &pool->dirty;
	while ((c = list) != NULL) {
		list = c->dirty;
		c->dirty = NULL;
		c->flags &= ~(uint32_t)IS_DIRTY;
		conn_settle(c);
	}
}

void
pool_mark(struct conn_pool *pool, struct conn *c)
{
	if ((c->flags & IS_DIRTY) != 0)
		return;
	c->flags |= IS_DIRTY;
	c->dirty = NULL;
	*pool->dirty_end = c;
	pool->dirty_end = &c->dirty;
	loop_again(pool->loop);
}

struct conn_pool *
conn_pool_new(struct loop *loop, const struct conn_ops *ops, size_t limit)
{
	struct conn_pool *pool;

	MEM_NEW(pool);
	pool->loop = loop;
	pool->ops = ops;
	pool->limit = limit;
	pool->deadline_ms = CONN_DEADLINE_MS;
	pool->dirty_end = &pool->dirty;
	TAILQ_INIT(&pool->deadlines);
	pool->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (pool->epfd == -1)
		log_fatal("epoll_create1: %s", strerror(errno));
	pool->ev = event_new(loop_base(loop), pool->epfd, EV_READ | EV_PERSIST,
	    pool_ready, pool);
	if (pool->ev == NULL || event_add(pool->ev, NULL) == -1)
		log_fatal("libevent takes no epoll set");
	pool->timer = loop_timer_new(loop, 1000, true, pool_second, pool);
	loop_on_turn_end(loop, LOOP_ORDER_CONN, pool_settle, pool);
	return pool;
}

/* Of all that are not freed yet, none may be in use. */
static void
end_all(struct conn_pool *pool)
{
	struct conn *c;

	for (size_t i = 0; i < pool->table_len; i++) {
		c = pool->table[i];
		if (c != NULL && (c->flags & IS_CLOSED) == 0)
			log_fatal("a pool is freed with open connections");
		if (c != NULL)
			conn_close(c, false);
	}
	while (pool->dirty != NULL)
		pool_settle(pool);
}

void
conn_pool_free(struct conn_pool **poolp)
{
	struct conn_pool *pool = *poolp;

	if (pool == NULL)
		return;
	end_all(pool);
	loop_forget(pool->loop, pool_settle, pool);
	loop_timer_free(&pool->timer);
	event_free(pool->ev);
	close(pool->epfd);
	buf_free(&pool->in);
	free(pool->table);
	free(pool);
	*poolp = NULL;
}

size_t
conn_pool_count(const struct conn_pool *pool)
{
	return pool->count;
}

void
conn_pool_set_arg(struct conn_pool *pool, void *arg)
{
	pool->arg = arg;
}

void *
conn_pool_arg(const struct conn_pool *pool)
{
	return pool->arg;
}

/* By index: cb may open more, and the table move. */
void
conn_pool_each(
    struct conn_pool *pool, void (*cb)(struct conn *c, void *arg), void *arg)
{
	struct conn *c;

	for (size_t i = 0; i < pool->table_len; i++) {
		c = pool->table[i];
		if (c != NULL && (c->flags & IS_CLOSED) == 0)
			cb(c, arg);
	}
}

static void
grow_table(struct conn_pool *pool, size_t fd)
{
	size_t len = pool->table_len == 0 ? TABLE_MIN : pool->table_len;

	while (len <= fd)
		len *= 2;
	pool->table =
	    mem_reallocarray(pool->table, len, sizeof(pool->table[0]));
	memset(pool->table + pool->table_len, 0,
	    (len - pool->table_len) * sizeof(pool->table[0]));
	pool->table_len = len;
}

static bool
control(struct conn_pool *pool, struct conn *c, int op, bool in, bool out)
{
	struct epoll_event ev = {
		.events = (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u),
		.data = { .fd = c->fd },
	};

	if (epoll_ctl(pool->epfd, op, c->fd, &ev) == -1) {
		log_error(
		    "epoll_ctl", "op=%d error=\"%s\"", op, strerror(errno));
		return false;
	}
	c->flags &= ~(uint32_t)(WANTS_IN | WANTS_OUT);
	c->flags |= (in ? WANTS_IN : 0u) | (out ? WANTS_OUT : 0u);
	return true;
}

void
pool_add(struct conn_pool *pool, struct conn *c)
{
	if ((size_t)c->fd >= pool->table_len)
		grow_table(pool, (size_t)c->fd);
	pool->table[c->fd] = c;
	pool->count++;
	if (control(pool, c, EPOLL_CTL_ADD, true, false)) {
		c->flags |= IS_WATCHED;
	} else { /* the kernel has no room for it: it ends at the turn's end */
		c->flags |= IS_BROKEN;
		pool_mark(pool, c);
	}
}

void
pool_watch(struct conn_pool *pool, struct conn *c, bool in, bool out)
{
	if (in == ((c->flags & WANTS_IN) != 0) &&
	    out == ((c->flags & WANTS_OUT) != 0))
		return;
	if (!control(pool, c, EPOLL_CTL_MOD, in, out)) {
		c->flags |= IS_BROKEN;
		pool_mark(pool, c);
	}
}

void
pool_unwatch(struct conn_pool *pool, struct conn *c)
{
	if ((c->flags & IS_WATCHED) == 0)
		return;
	epoll_ctl(pool->epfd, EPOLL_CTL_DEL, c->fd, NULL);
	c->flags &= ~(uint32_t)(IS_WATCHED | WANTS_IN | WANTS_OUT);
}

void
pool_remove(struct conn_pool *pool, struct conn *c)
{
	pool_unwatch(pool, c);
	pool->table[c->fd] = NULL;
}

void
pool_set_deadline(struct conn_pool *pool, struct conn *c)
{
	if (c->deadline == NULL) {
		MEM_NEW(c->deadline);
		c->deadline->conn = c;
	} else {
		TAILQ_REMOVE(&pool->deadlines, c->deadline, next);
	}
	c->deadline->at = clock_mono_ms() + pool->deadline_ms;
	TAILQ_INSERT_TAIL(&pool->deadlines, c->deadline, next);
}

void
pool_clear_deadline(struct conn_pool *pool, struct conn *c)
{
	if (c->deadline == NULL)
		return;
	TAILQ_REMOVE(&pool->deadlines, c->deadline, next);
	free(c->deadline);
	c->deadline = NULL;
}

void
pool_second(void *arg)
{
	struct conn_pool *pool = arg;
	struct conn_deadline *first;
	uint64_t now = clock_mono_ms();
	struct conn *c;

	while ((first = TAILQ_FIRST(&pool->deadlines)) != NULL &&
	       first->at <= now) {
		c = first->conn;
		pool_clear_deadline(pool, c);
		conn_expired(c);
	}
	pool->tick = (pool->tick + 1) % CONN_TICKS;
	if (pool->ops->on_tick == NULL)
		return;
	for (size_t i = pool->tick; i < pool->table_len; i += CONN_TICKS) {
		c = pool->table[i];
		if (c != NULL && (c->flags & IS_CLOSED) == 0)
			pool->ops->on_tick(c);
	}
}
