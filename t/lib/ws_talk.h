/* t/lib/ws_talk.h - WebSockets of a pool with the test as the client. */
#ifndef T_LIB_WS_TALK_H
#define T_LIB_WS_TALK_H

#include <sys/socket.h>

#include <unistd.h>

#include "http/wsconn.h"
#include "net/conn_private.h"
#include "t/lib/tap.h"
#include "t/lib/turn.h"
#include "t/lib/ws_client.h"

enum { MESSAGE_MAX = 65536, QUEUE_MAX = 200000 };

struct talk {
	struct wsconn w;
	int fd;           /* the client's end; -1: closed */
	struct buf in;    /* what the server said and was not heard yet */
	struct buf heard; /* the last frame */
	struct buf
	    said; /* messages as the owner got them, a blank behind each */
	unsigned closed;
	unsigned code;
	unsigned drained;
	bool close_in_message;
	bool pause_in_message;
};

static struct wspool *pool;
static struct conn_pool *conns; /* of the pool */

/* The owner: echoes. */
static void
talk_message(struct wsconn *w, enum ws_opcode op, const uint8_t *p, size_t len)
{
	struct talk *t = (struct talk *)w;

	buf_add(&t->said, p, len);
	buf_addc(&t->said, ' ');
	if (t->close_in_message) {
		wsconn_close(w, WS_SESSION_OVER, "over");
		return;
	}
	wsconn_text(w, p, len);
	if (t->pause_in_message)
		wsconn_pause(w);
}

static void
talk_drain(struct wsconn *w)
{
	((struct talk *)w)->drained++;
}

static void
talk_closed(struct wsconn *w, unsigned code)
{
	struct talk *t = (struct talk *)w;

	t->closed++;
	t->code = code;
}

static void
talk_begin(void)
{
	static const struct wsconn_ops ops = { talk_message, talk_drain,
		talk_closed };
	static const struct wspool_conf conf = { MESSAGE_MAX, QUEUE_MAX,
		false };

	turn_begin();
	pool = wspool_new(loop, &conf, &ops);
}

/* early: a text that came together with the handshake; or NULL. */
static void
talk_open(struct talk *t, struct wspool *p, const char *early)
{
	struct buf first = { 0 };
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		fds) == -1)
		bail_out("no socketpair");
	*t = (struct talk){ .fd = fds[1] };
	if (early != NULL)
		client_text(&first, early);
	wsconn_open(&t->w, p, fds[0], first.data, first.len);
	conns = t->w.conn.pool;
	buf_free(&first);
}

static void
talk_say_bytes(struct talk *t, const void *p, size_t n)
{
	ssize_t done;

	while (n > 0) {
		done = send(t->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (done > 0) {
			p = (const char *)p + done;
			n -= (size_t)done;
		} else {
			turn();
		}
	}
}

static void
talk_say(struct talk *t, unsigned first, const void *p, size_t n)
{
	struct buf b = { 0 };

	client_frame(&b, first, p, n);
	talk_say_bytes(t, b.data, b.len);
	buf_free(&b);
}

static void
talk_say_text(struct talk *t, const char *text)
{
	talk_say(t, CLIENT_FIN | WS_TEXT, text, strlen(text));
}

/* Takes a whole frame from in. Returns false while there is none. */
static bool
talk_take(struct talk *t)
{
	const uint8_t *p = t->in.data;
	size_t head = 2, len;
	unsigned op;

	if (t->in.len < 4 && (t->in.len < 2 || p[1] > 1))
		return false;
	len = p[1];
	if (len == 126) {
		len = get_be16(p + 2);
		head = 4;
	}
	if (t->in.len < head + len)
		return false;
	op = p[0] & 0xf;
	if ((p[0] & 0xf0) != 0x80 || p[1] > 126)
		bail_out("the server said a broken frame");
	buf_clear(&t->heard);
	buf_addc(&t->heard, "-TB-----cpo"[op]);
	if (op == WS_CLOSE) {
		buf_addf(&t->heard, "%u,",
		    len == 0 ? WS_NO_STATUS : get_be16(p + head));
		head += len == 0 ? 0 : 2;
		len -= len == 0 ? 0 : 2;
	}
	buf_addf(&t->heard, "%zu:", len);
	buf_add(&t->heard, p + head, len);
	buf_drain(&t->in, head + len);
	return true;
}

/* The next frame the server says, as "T4:halo", "c1000,3:bye", "p0:", "o0:"; or
 * "end" when it has closed. Valid until the next one. */
static const char *
talk_hear(struct talk *t)
{
	ssize_t n;

	while (!talk_take(t)) {
		n = recv(t->fd, buf_reserve(&t->in, 4096), 4096, MSG_DONTWAIT);
		if (n == 0)
			return "end";
		if (n > 0)
			t->in.len += (size_t)n;
		else
			turn();
	}
	return buf_cstr(&t->heard);
}

static void
talk_hang_up(struct talk *t)
{
	if (t->fd != -1)
		close(t->fd);
	t->fd = -1;
}

static void
talk_free(struct talk *t)
{
	buf_free(&t->in);
	buf_free(&t->heard);
	buf_free(&t->said);
}

static void
talk_over(struct talk *t)
{
	talk_hang_up(t);
	UNTIL(t->closed > 0);
	turn_twice();
	is_int(t->closed, 1, "closed once");
	talk_free(t);
}

#endif
