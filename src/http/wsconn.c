/* http/wsconn.c - a live WebSocket: pings, the close handshake, limits. */
#include "http/wsconn.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { MISSES_MAX = 2 }; /* pings without any sign of life in return */

enum {
	STATE_OPEN,
	STATE_CLOSING, /* we said close and wait for the answer */
	STATE_OVER,    /* nothing more is said or heard */
};

struct wspool {
	struct conn_pool *conns;
	const struct wsconn_ops *ops;
	struct wspool_conf conf;
};

static struct wsconn *
of_conn(struct conn *c)
{
	return (struct wsconn *)c; /* its first member */
}

static struct wspool *
pool_of(const struct wsconn *w)
{
	return conn_pool_arg(w->conn.pool);
}

static void
say(struct wsconn *w, enum ws_opcode op, const void *p, size_t len)
{
	uint8_t header[WS_HEADER_MAX];

	conn_write2(&w->conn, header, ws_header(header, op, len), p, len);
}

static void
say_close(struct wsconn *w, unsigned code, const char *reason)
{
	struct buf b = { 0 };

	ws_close_frame(&b, code, reason);
	conn_write(&w->conn, b.data, b.len);
	buf_free(&b);
}

/* What is said in w->code is the first word on it, of either side. */
static void
set_code(struct wsconn *w, unsigned code)
{
	if (w->code == 0)
		w->code = (uint16_t)code;
}

/* Nothing is heard any more; what was said still goes out. */
static void
over(struct wsconn *w, bool flush)
{
	w->state = STATE_OVER;
	conn_close(&w->conn, flush);
}

/* RFC 6455 §7.1.7: says why, and closes without waiting for an answer. */
static void
fail(struct wsconn *w, unsigned code)
{
	set_code(w, code);
	if (w->state == STATE_OPEN)
		say_close(w, code, NULL);
	over(w, true);
}

static bool
on_message(void *arg, enum ws_opcode op, const uint8_t *p, size_t len)
{
	struct wsconn *w = arg;
	struct wspool *pool = pool_of(w);

	if (w->state != STATE_OPEN)
		return true; /* on to the close frame */
	if (op == WS_BINARY && !pool->conf.binary) {
		fail(w, WS_UNSUPPORTED);
		return false;
	}
	pool->ops->on_message(w, op, p, len);
	return w->state != STATE_OVER && !conn_paused(&w->conn);
}

static bool
on_control(
    void *arg, enum ws_opcode op, unsigned code, const uint8_t *p, size_t len)
{
	struct wsconn *w = arg;

	if (op == WS_PING && w->state == STATE_OPEN)
		say(w, WS_PONG, p, len);
	if (op != WS_CLOSE)
		return true;
	set_code(w, code);
	if (w->state == STATE_OPEN)
		say_close(w, code, NULL);
	over(w, true);
	return false;
}

static size_t
on_data(struct conn *c, uint8_t *p, size_t n)
{
	static const struct ws_sink sink = { on_message, on_control };
	struct wsconn *w = of_conn(c);
	unsigned code;
	size_t used;

	w->misses = 0;
	used = ws_read(
	    &w->in, p, n, pool_of(w)->conf.message_max, &sink, w, &code);
	if (code != 0)
		fail(w, code);
	return used;
}

static void
on_end(struct conn *c, enum conn_end why)
{
	struct wsconn *w = of_conn(c);

	if (why != CONN_SLOW) {
		over(w, false);
	} else if (w->state == STATE_OPEN) {
		wsconn_close(w, WS_RESUME, "resume");
	} else { /* our close frame found no room */
		conn_drop_queue(c);
		say_close(w, WS_RESUME, "resume");
	}
}

static void
on_drain(struct conn *c)
{
	struct wsconn *w = of_conn(c);
	const struct wsconn_ops *ops = pool_of(w)->ops;

	if (w->state == STATE_OPEN && ops->on_drain != NULL)
		ops->on_drain(w);
}

/* While it is paused nothing is heard, so silence means nothing. */
static void
on_tick(struct conn *c)
{
	struct wsconn *w = of_conn(c);

	if (w->state != STATE_OPEN || conn_paused(c))
		return;
	if (w->misses >= MISSES_MAX) {
		over(w, false);
		return;
	}
	w->misses++;
	say(w, WS_PING, NULL, 0);
}

static void
on_free(struct conn *c)
{
	struct wsconn *w = of_conn(c);

	ws_in_free(&w->in);
	w->state = STATE_OVER;
	pool_of(w)->ops->on_closed(w, w->code == 0 ? WS_ABNORMAL : w->code);
}

static const struct conn_ops conn_ops = {
	.on_data = on_data,
	.on_end = on_end,
	.on_drain = on_drain,
	.on_tick = on_tick,
	.on_free = on_free,
};

struct wspool *
wspool_new(struct loop *loop, const struct wspool_conf *conf,
    const struct wsconn_ops *ops)
{
	struct wspool *pool;

	MEM_NEW(pool);
	pool->conf = *conf;
	pool->ops = ops;
	pool->conns = conn_pool_new(loop, &conn_ops, conf->queue_max);
	conn_pool_set_arg(pool->conns, pool);
	return pool;
}

void
wspool_free(struct wspool **p)
{
	if (*p == NULL)
		return;
	conn_pool_free(&(*p)->conns);
	free(*p);
	*p = NULL;
}

size_t
wspool_count(const struct wspool *p)
{
	return conn_pool_count(p->conns);
}

struct each {
	void (*cb)(struct wsconn *w, void *arg);
	void *arg;
};

static void
each_conn(struct conn *c, void *arg)
{
	struct each *each = arg;

	each->cb(of_conn(c), each->arg);
}

void
wspool_each(
    struct wspool *p, void (*cb)(struct wsconn *w, void *arg), void *arg)
{
	struct each each = { .cb = cb, .arg = arg };

	conn_pool_each(p->conns, each_conn, &each);
}

void
wsconn_open(struct wsconn *w, struct wspool *p, int fd, const void *first,
    size_t first_len)
{
	memset(w, 0, sizeof(*w));
	w->state = STATE_OPEN;
	conn_open(&w->conn, p->conns, fd, first, first_len);
}

void
wsconn_text(struct wsconn *w, const void *p, size_t len)
{
	if (w->state == STATE_OPEN)
		say(w, WS_TEXT, p, len);
}

void
wsconn_binary(struct wsconn *w, const void *p, size_t len)
{
	if (w->state == STATE_OPEN)
		say(w, WS_BINARY, p, len);
}

void
wsconn_share(struct wsconn *w, struct chunk *frames)
{
	if (w->state == STATE_OPEN)
		conn_share(&w->conn, frames);
}

size_t
wsconn_queued(const struct wsconn *w)
{
	return conn_queued(&w->conn);
}

void
wsconn_pause(struct wsconn *w)
{
	if (w->state == STATE_OPEN)
		conn_pause(&w->conn);
}

void
wsconn_resume(struct wsconn *w)
{
	if (w->state == STATE_OPEN)
		conn_resume(&w->conn);
}

void
wsconn_close(struct wsconn *w, unsigned code, const char *reason)
{
	if (w->state != STATE_OPEN)
		return;
	set_code(w, code);
	if (code == WS_RESUME)
		conn_drop_queue(&w->conn);
	say_close(w, code, reason);
	w->state = STATE_CLOSING;
	conn_resume(&w->conn); /* the answer must be heard */
	conn_deadline(&w->conn);
}

bool
wsconn_is_open(const struct wsconn *w)
{
	return w->state == STATE_OPEN;
}
