/* net/conn_read.c - a connection's input: one read for what is there, and what
 * its owner does not use yet. */
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/conn_private.h"

void
conn_rest_free(struct conn *c)
{
	if (c->rest == NULL)
		return;
	buf_free(c->rest);
	free(c->rest);
	c->rest = NULL;
}

void
conn_rest_add(struct conn *c, const uint8_t *p, size_t n)
{
	if (c->rest == NULL)
		MEM_NEW(c->rest);
	buf_add(c->rest, p, n);
}

/* Offers what is at p: `old` bytes that stand in rest too, then new ones. */
static void
deliver(struct conn *c, uint8_t *p, size_t old, size_t fresh)
{
	size_t n = old + fresh;
	size_t used = c->pool->ops->on_data(c, p, n);

	if (is(c, IS_CLOSED))
		return;
	if (used > n)
		log_fatal("%zu of %zu bytes of input used", used, n);
	if (used == 0 && old > 0) {
		if (fresh > 0)
			conn_rest_add(c, p + old, fresh);
		return;
	}
	conn_rest_free(c);
	if (used < n)
		conn_rest_add(c, p + used, n - used);
}

/* Room for rest and `more` bytes behind it, with rest in place. */
static uint8_t *
input(struct conn *c, size_t more)
{
	size_t old = c->rest == NULL ? 0 : c->rest->len;
	uint8_t *p;

	buf_clear(&c->pool->in);
	p = buf_reserve(&c->pool->in, old + more);
	if (old > 0)
		memcpy(p, c->rest->data, old);
	return p;
}

/* In the turn after conn_open or conn_resume. */
static void
feed(void *arg)
{
	struct conn *c = arg;

	c->flags &= ~(uint32_t)IS_FEEDING;
	if (is(c, IS_CLOSED | IS_PAUSED) || c->rest == NULL)
		return;
	deliver(c, input(c, 0), c->rest->len, 0);
}

void
conn_feed_soon(struct conn *c)
{
	if (c->rest == NULL || is(c, IS_FEEDING))
		return;
	c->flags |= IS_FEEDING;
	loop_defer(c->pool->loop, feed, c);
}

void
conn_feed_forget(struct conn *c)
{
	if (is(c, IS_FEEDING))
		loop_forget(c->pool->loop, feed, c);
}

bool
conn_read_once(struct conn *c)
{
	size_t old = c->rest == NULL ? 0 : c->rest->len;
	uint8_t *p = input(c, CONN_READ_MAX);
	ssize_t n = recv(c->fd, p + old, CONN_READ_MAX, MSG_DONTWAIT);

	if (n == -1 && errno == EINTR)
		return true;
	if (n == -1) {
		if (errno != EAGAIN)
			conn_end_of_input(c, CONN_ERROR);
		return false;
	}
	if (n > 0) {
		deliver(c, p, old, (size_t)n);
		return true;
	}
	if (is(c, IS_FEEDING) && old > 0)
		deliver(c, p, old, 0); /* nobody has seen it yet */
	if (!is(c, IS_PAUSED))
		conn_end_of_input(c, CONN_EOF);
	return false;
}

void
conn_discard(struct conn *c)
{
	ssize_t n =
	    recv(c->fd, input(c, CONN_READ_MAX), CONN_READ_MAX, MSG_DONTWAIT);

	if (n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR)))
		return;
	if (n == -1 || is(c, IS_SHUT)) {
		conn_abort(c);
		return;
	}
	c->flags |= IS_ENDED;
	pool_mark(c->pool, c);
}
