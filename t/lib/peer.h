/* t/lib/peer.h - connections of a pool whose other ends the test holds, and
 * single turns of the loop. */
#ifndef T_LIB_PEER_H
#define T_LIB_PEER_H

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/conn_private.h"
#include "t/lib/tap.h"
#include "t/lib/turn.h"

struct peer {
	struct conn conn;
	int fd; /* the other end; -1: closed */
	struct buf got;
	unsigned calls;   /* of on_data */
	unsigned ends[4]; /* by enum conn_end */
	unsigned drains;
	unsigned ticks;
	unsigned frees;
	size_t use_max;   /* on_data takes no more than this at once */
	bool close_in[4]; /* IN_DATA …: close it inside that callback */
	bool pause_in_data;
	struct peer *close_too; /* closed together with it */
};

enum { IN_DATA, IN_END, IN_DRAIN, IN_TICK };

static void
peer_act(struct peer *p, int in)
{
	if (!p->close_in[in])
		return;
	conn_close(&p->conn, false);
	if (p->close_too != NULL)
		conn_close(&p->close_too->conn, false);
}

static size_t
peer_data(struct conn *c, uint8_t *data, size_t n)
{
	struct peer *p = (struct peer *)c;

	p->calls++;
	n = n < p->use_max ? n : p->use_max;
	buf_add(&p->got, data, n);
	if (p->pause_in_data)
		conn_pause(c);
	peer_act(p, IN_DATA);
	return n;
}

static void
peer_end(struct conn *c, enum conn_end why)
{
	struct peer *p = (struct peer *)c;

	p->ends[why]++;
	peer_act(p, IN_END);
}

static void
peer_drain(struct conn *c)
{
	struct peer *p = (struct peer *)c;

	p->drains++;
	peer_act(p, IN_DRAIN);
}

static void
peer_tick(struct conn *c)
{
	struct peer *p = (struct peer *)c;

	p->ticks++;
	peer_act(p, IN_TICK);
}

static void
peer_free(struct conn *c)
{
	((struct peer *)c)->frees++;
}

static const struct conn_ops peer_ops = {
	.on_data = peer_data,
	.on_end = peer_end,
	.on_drain = peer_drain,
	.on_tick = peer_tick,
	.on_free = peer_free,
};

static void __attribute__((unused))
peer_open(struct peer *p, struct conn_pool *pool, int type)
{
	int fds[2];

	if (socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) ==
	    -1)
		bail_out("no socketpair");
	*p = (struct peer){ .fd = fds[1], .use_max = SIZE_MAX };
	conn_open(&p->conn, pool, fds[0], NULL, 0);
}

/* The same over TCP. */
static void __attribute__((unused))
peer_open_tcp(struct peer *p, struct conn_pool *pool)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*p = (struct peer){ .use_max = SIZE_MAX };
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&at, len) == -1 ||
	    listen(listener, 1) == -1 ||
	    getsockname(listener, (struct sockaddr *)&at, &len) == -1 ||
	    connect(p->fd, (struct sockaddr *)&at, len) == -1)
		bail_out("no TCP over loopback");
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	close(listener);
	fcntl(p->fd, F_SETFL, O_NONBLOCK);
	conn_open(&p->conn, pool, fd, NULL, 0);
}

/* Sent by the other end. */
static void __attribute__((unused))
peer_say(struct peer *p, const void *data, size_t n)
{
	if (send(p->fd, data, n, MSG_NOSIGNAL) != (ssize_t)n)
		bail_out("the test's end of a pair takes nothing");
}

/* Reads at most n bytes at the other end. Returns how many, 0 at the end, -1
 * when there is nothing. */
static ssize_t __attribute__((unused))
peer_hear(struct peer *p, struct buf *b, size_t n)
{
	ssize_t got = recv(p->fd, buf_reserve(b, n), n, MSG_DONTWAIT);

	if (got > 0)
		b->len += (size_t)got;
	return got;
}

static void __attribute__((unused)) peer_hang_up(struct peer *p)
{
	if (p->fd != -1)
		close(p->fd);
	p->fd = -1;
}

/* Ends both sides and frees what the test had. */
static void __attribute__((unused)) peer_over(struct peer *p)
{
	conn_close(&p->conn, false);
	UNTIL(p->frees > 0);
	peer_hang_up(p);
	buf_free(&p->got);
}

#endif
