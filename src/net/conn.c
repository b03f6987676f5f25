/* net/conn.c - one connection: what it sends, how it ends, and when. */
#include "net/conn.h"

#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "net/conn_private.h"

enum { LAST_READS = 16 }; /* of a connection that cannot be written to */

void
conn_abort(struct conn *c)
{
	if (c->fd != -1) {
		pool_remove(c->pool, c);
		close(c->fd);
		c->fd = -1;
	}
	queue_free(&c->queue);
	conn_rest_free(c);
	pool_clear_deadline(c->pool, c);
	c->flags |= IS_CLOSED;
	c->flags &= ~(uint32_t)IS_LINGERING;
	pool_mark(c->pool, c);
}

void
conn_end_of_input(struct conn *c, enum conn_end why)
{
	if (is(c, IS_CLOSED | IS_ENDED))
		return;
	c->flags |= IS_ENDED;
	conn_rest_free(c);
	if (why == CONN_ERROR) {
		c->flags |= IS_BROKEN;
		queue_free(&c->queue);
	}
	pool_mark(c->pool, c);
	c->pool->ops->on_end(c, why);
}

/* Both directions are closed, and the owner knows already. */
static void
hung_up(struct conn *c)
{
	c->flags |= IS_BROKEN;
	queue_free(&c->queue);
	pool_unwatch(c->pool, c); /* which would report it again and again */
}

void
conn_ready(struct conn *c, uint32_t events)
{
	if ((events & EPOLLOUT) != 0) {
		c->flags &= ~(uint32_t)IS_BLOCKED;
		pool_mark(c->pool, c);
	}
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0)
		return;
	if (is(c, IS_LINGERING) && is(c, IS_ENDED)) {
		if ((events & (EPOLLHUP | EPOLLERR)) != 0)
			conn_abort(c);
	} else if (is(c, IS_LINGERING)) {
		conn_discard(c);
	} else if (is(c, IS_ENDED)) {
		if ((events & (EPOLLHUP | EPOLLERR)) != 0)
			hung_up(c);
	} else if (!is(c, IS_PAUSED)) {
		conn_read_once(c);
	} else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
		conn_end_of_input(
		    c, (events & EPOLLERR) != 0 ? CONN_ERROR : CONN_EOF);
	}
}

/* Returns whether the queue has become empty. */
static bool
send_out(struct conn *c)
{
	int rc;

	if (c->queue == NULL || is(c, IS_BLOCKED | IS_BROKEN))
		return false;
	rc = queue_send(&c->queue, c->fd, c->pool->iov);
	if (rc == 0)
		c->flags |= IS_BLOCKED;
	if (rc == -1) {
		c->flags |= IS_BROKEN;
		queue_free(&c->queue);
	}
	return rc == 1;
}

/* Writing failed. What the other side said before it went is heard first. */
static void
last_reads(struct conn *c)
{
	for (int i = 0; i < LAST_READS; i++) {
		if (is(c, IS_CLOSED | IS_ENDED | IS_PAUSED) ||
		    !conn_read_once(c))
			break;
	}
	conn_end_of_input(c, CONN_ERROR);
}

static void
linger(struct conn *c)
{
	if (is(c, IS_BROKEN)) {
		conn_abort(c);
		return;
	}
	if (c->queue == NULL && !is(c, IS_SHUT)) {
		shutdown(c->fd, SHUT_WR);
		c->flags |= IS_SHUT;
	}
	if (is(c, IS_SHUT) && is(c, IS_ENDED))
		conn_abort(c);
}

static void
destroy(struct conn *c)
{
	struct conn_pool *pool = c->pool;

	conn_feed_forget(c);
	pool->count--;
	pool->ops->on_free(c);
}

/* Tells the owner what happened. Hooks before ours may get work by that. */
static void
tell(struct conn *c, bool drained)
{
	const struct conn_ops *ops = c->pool->ops;

	loop_again(c->pool->loop);
	if (is(c, IS_BROKEN) && !is(c, IS_ENDED)) {
		last_reads(c);
	} else if (is(c, IS_OVER) && !is(c, IS_TOLD)) {
		c->flags |= IS_TOLD;
		ops->on_end(c, CONN_SLOW);
	} else if (drained && ops->on_drain != NULL) {
		ops->on_drain(c);
	}
}

void
conn_settle(struct conn *c)
{
	bool drained;

	if (is(c, IS_CLOSED) && !is(c, IS_LINGERING)) {
		destroy(c);
		return;
	}
	drained = send_out(c);
	if (is(c, IS_LINGERING))
		linger(c);
	if (is(c, IS_WATCHED))
		pool_watch(c->pool, c, !is(c, IS_ENDED) && !is(c, IS_PAUSED),
		    is(c, IS_BLOCKED) && !is(c, IS_BROKEN));
	if (!is(c, IS_CLOSED) && (drained || is(c, IS_BROKEN | IS_OVER)))
		tell(c, drained);
}

void
conn_expired(struct conn *c)
{
	if (is(c, IS_LINGERING))
		conn_abort(c);
	else if (!is(c, IS_CLOSED))
		c->pool->ops->on_end(c, CONN_TIMEOUT);
}

void
conn_open(struct conn *c, struct conn_pool *pool, int fd, const void *first,
    size_t first_len)
{
	int on = 1;

	*c = (struct conn){ .fd = fd, .pool = pool };
	/* A Unix socket has nothing of the kind. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	pool_add(pool, c);
	if (first_len > 0) {
		conn_rest_add(c, first, first_len);
		conn_feed_soon(c);
	}
}

/* May n more bytes wait? If too many do already, some may still leave now. */
static bool
admit(struct conn *c, size_t n)
{
	size_t limit = c->pool->limit;

	if (n == 0 || is(c, IS_CLOSED | IS_BROKEN | IS_OVER))
		return false;
	if (!is(c, IS_BLOCKED))
		pool_mark(c->pool, c);
	if (is(c, IS_UNLIMITED) || conn_queued(c) + n <= limit)
		return true;
	send_out(c);
	if (is(c, IS_BROKEN))
		return false;
	if (conn_queued(c) + n <= limit)
		return true;
	c->flags |= IS_OVER;
	pool_mark(c->pool, c);
	return false;
}

void
conn_write(struct conn *c, const void *p, size_t n)
{
	conn_write2(c, NULL, 0, p, n);
}

void
conn_write2(
    struct conn *c, const void *head, size_t head_len, const void *p, size_t n)
{
	struct iovec pieces[2] = {
		{ .iov_base = (void *)(uintptr_t)head, .iov_len = head_len },
		{ .iov_base = (void *)(uintptr_t)p, .iov_len = n },
	};

	if (admit(c, head_len + n))
		queue_bytes(&c->queue, pieces, 2);
}

void
conn_share(struct conn *c, struct chunk *chunk)
{
	if (admit(c, chunk->len))
		queue_chunk(&c->queue, chunk);
}

size_t
conn_queued(const struct conn *c)
{
	return c->queue == NULL ? 0 : c->queue->bytes;
}

void
conn_drop_queue(struct conn *c)
{
	queue_drop(&c->queue);
	c->flags &= ~(uint32_t)IS_OVER;
	c->flags |= IS_UNLIMITED;
}

void
conn_pause(struct conn *c)
{
	if (is(c, IS_CLOSED | IS_PAUSED))
		return;
	c->flags |= IS_PAUSED;
	pool_mark(c->pool, c);
}

void
conn_resume(struct conn *c)
{
	if (is(c, IS_CLOSED) || !is(c, IS_PAUSED))
		return;
	c->flags &= ~(uint32_t)IS_PAUSED;
	pool_mark(c->pool, c);
	conn_feed_soon(c);
}

bool
conn_paused(const struct conn *c)
{
	return is(c, IS_PAUSED);
}

void
conn_deadline(struct conn *c)
{
	if (!is(c, IS_CLOSED))
		pool_set_deadline(c->pool, c);
}

void
conn_close(struct conn *c, bool flush)
{
	if (is(c, IS_CLOSED) && !is(c, IS_LINGERING))
		return;
	if (!flush || is(c, IS_BROKEN)) {
		conn_abort(c);
		return;
	}
	if (is(c, IS_CLOSED))
		return;
	c->flags |= IS_CLOSED | IS_LINGERING;
	c->flags &= ~(uint32_t)IS_PAUSED;
	conn_rest_free(c);
	pool_set_deadline(c->pool, c);
	pool_mark(c->pool, c);
}
