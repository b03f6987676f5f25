/* bench/load_peer.c - a WebSocket client's socket: connecting, the upgrade,
 * frames in and out. */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/load.h"

/* Ports of one local address are given to so many. */
enum { PER_ADDRESS = 20000 };

static void
watch(struct worker *w, struct peer *c, int op, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data = { .ptr = c } };

	epoll_ctl(w->epfd, op, c->fd, &ev);
}

void
peer_kill(struct worker *w, struct peer *c, enum load_end why)
{
	bool ready = c->state == PEER_READY;

	if (c->state == PEER_DEAD)
		return;
	if (ready) {
		w->stats->closed++;
	} else {
		w->stats->failed++;
		w->stats->ends[why]++;
		w->inflight--;
	}
	if (c->fd != -1)
		close(c->fd);
	c->state = PEER_DEAD;
	buf_free(&c->in);
	buf_free(&c->out);
	if (w->storm != NULL)
		storm_gone(w, c, ready);
}

static void
complain(const char *what, const char *p, size_t n)
{
	static int said;

	if (said++ < 3)
		fprintf(stderr, "chatload: %s: %.*s\n", what,
		    n > 300 ? 300 : (int)n, p);
}

/* An address of 127.1.0.0/16 that depends on the process, so that no pair of
 * addresses runs out of ports. */
static struct in_addr
local_address(const struct peer *c)
{
	uint32_t by_process = (uint32_t)(getpid() & 0x3fff) * 4 + 2;

	return (struct in_addr){ htonl(
	    0x7f010000u + by_process + (uint32_t)(c->index / PER_ADDRESS)) };
}

void
peer_open(struct worker *w, struct peer *c)
{
	struct sockaddr_in me = { .sin_family = AF_INET,
		.sin_addr = local_address(c) };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)w->o->port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	c->state = PEER_CONNECTING;
	c->watches_out = false;
	w->inflight++;
	if (w->storm != NULL)
		storm_opened(w, c);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (c->fd == -1 ||
	    bind(c->fd, (struct sockaddr *)&me, sizeof(me)) == -1 ||
	    (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == -1 &&
		errno != EINPROGRESS)) {
		complain("connect", strerror(errno), strlen(strerror(errno)));
		peer_kill(w, c, END_CONNECT);
		return;
	}
	watch(w, c, EPOLL_CTL_ADD, EPOLLOUT);
}

static void
peer_write(struct worker *w, struct peer *c, const void *p, size_t n)
{
	ssize_t sent = 0;

	if (c->state == PEER_DEAD)
		return;
	if (c->out.len == 0) {
		sent = send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent == (ssize_t)n)
			return;
		if (sent == -1 && errno != EAGAIN) {
			peer_kill(w, c, END_CLOSED);
			return;
		}
		if (sent == -1)
			sent = 0;
	}
	buf_add(&c->out, (const uint8_t *)p + sent, n - (size_t)sent);
	if (!c->watches_out)
		watch(w, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
	c->watches_out = true;
}

static void
flush(struct worker *w, struct peer *c)
{
	ssize_t sent;

	while (c->out.len > 0) {
		sent = send(c->fd, c->out.data, c->out.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent == -1 && errno == EAGAIN)
			return;
		if (sent == -1) {
			peer_kill(w, c, END_CLOSED);
			return;
		}
		buf_drain(&c->out, (size_t)sent);
	}
	buf_free(&c->out);
	c->watches_out = false;
	watch(w, c, EPOLL_CTL_MOD, EPOLLIN);
}

static void
send_frame(struct worker *w, struct peer *c, int op, const void *p, size_t n)
{
	static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	struct buf *b = &w->frame;
	uint8_t *to;

	buf_clear(b);
	buf_addc(b, (char)(0x80 | op));
	if (n < 126) {
		buf_addc(b, (char)(0x80 | n));
	} else {
		buf_addc(b, (char)(0x80 | 126));
		buf_add_be16(b, (uint16_t)n);
	}
	buf_add(b, mask, sizeof(mask));
	buf_add(b, p, n);
	to = b->data + b->len - n;
	for (size_t i = 0; i < n; i++)
		to[i] ^= mask[i & 3];
	peer_write(w, c, b->data, b->len);
}

void
peer_text(struct worker *w, struct peer *c, const void *p, size_t n)
{
	send_frame(w, c, 1, p, n);
}

static void
send_upgrade(struct worker *w, struct peer *c)
{
	const struct load_profile *p = w->o->profile;
	struct buf *b = &w->text;

	buf_clear(b);
	buf_adds(b, "GET ");
	load_expand(b, p->path, w, c, "");
	buf_addf(b,
	    " HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Sec-WebSocket-Version: 13\r\n",
	    w->o->port);
	if (p->header != NULL)
		load_expand(b, p->header, w, c, "");
	buf_adds(b, "\r\n");
	c->state = PEER_UPGRADING;
	watch(w, c, EPOLL_CTL_MOD, EPOLLIN);
	peer_write(w, c, b->data, b->len);
}

/* The bytes of the answer to the upgrade; 0: not all are here. */
static size_t
read_upgrade(struct worker *w, struct peer *c, const char *p, size_t n)
{
	const char *end = memmem(p, n, "\r\n\r\n", 4);

	if (end == NULL)
		return 0;
	if (n < 12 || memcmp(p + 8, " 101", 4) != 0) {
		complain("not upgraded", p, n);
		peer_kill(w, c, END_STATUS);
		return 0;
	}
	client_upgraded(w, c);
	return (size_t)(end + 4 - p);
}

/* The length of a frame's head, and of what follows; 0: not all is here. */
static size_t
read_head(const uint8_t *p, size_t n, uint64_t *len_r)
{
	if (n < 2)
		return 0;
	*len_r = p[1] & 127;
	if (*len_r == 126) {
		*len_r = n < 4 ? 0 : get_be16(p + 2);
		return n < 4 ? 0 : 4;
	}
	if (*len_r == 127) {
		*len_r = n < 10 ? 0 : get_be64(p + 2);
		return n < 10 ? 0 : 10;
	}
	return 2;
}

static void
on_frame(struct worker *w, struct peer *c, const uint8_t *p, size_t head,
    size_t n, uint64_t now)
{
	int op = p[0] & 15;
	const char *body = (const char *)p + head;

	if (op == 9) {
		send_frame(w, c, 10, body, n);
	} else if (op == 8) {
		complain("closed", n < 2 ? "" : body + 2, n < 2 ? 0 : n - 2);
		peer_kill(w, c, END_CLOSED);
	} else if (op <= 2) {
		client_heard(w, c, body, n, now);
	}
}

/* All whole frames; returns how many bytes they were. */
static size_t
read_frames(
    struct worker *w, struct peer *c, const uint8_t *p, size_t n, uint64_t now)
{
	size_t at = 0, head;
	uint64_t len;

	while (c->state != PEER_DEAD) {
		head = read_head(p + at, n - at, &len);
		if (head == 0)
			break;
		if (len > INPUT_MAX / 2) {
			complain("frame too long", "", 0);
			peer_kill(w, c, END_REFUSED);
			break;
		}
		if (n - at < head + len)
			break;
		on_frame(w, c, p + at, head, (size_t)len, now);
		at += head + (size_t)len;
	}
	return at;
}

static void
read_some(struct worker *w, struct peer *c)
{
	size_t n = c->in.len, at = 0;
	uint64_t now;
	ssize_t got;

	if (n > 0)
		memcpy(w->input, c->in.data, n);
	got = recv(c->fd, w->input + n, INPUT_MAX - n, MSG_DONTWAIT);
	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		peer_kill(w, c, END_CLOSED);
		return;
	}
	n += (size_t)got;
	now = load_now();
	if (c->state == PEER_UPGRADING)
		at = read_upgrade(w, c, (const char *)w->input, n);
	if (c->state == PEER_GREETING || c->state == PEER_READY)
		at += read_frames(w, c, w->input + at, n - at, now);
	if (c->state == PEER_DEAD)
		return;
	buf_clear(&c->in);
	buf_add(&c->in, w->input + at, n - at);
	if (c->in.len == 0)
		buf_free(&c->in);
}

void
peer_event(struct worker *w, struct peer *c, uint32_t events)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (c->state == PEER_CONNECTING) {
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		if (err != 0) {
			complain(
			    "connect", strerror(err), strlen(strerror(err)));
			peer_kill(w, c, END_CONNECT);
		} else {
			send_upgrade(w, c);
		}
		return;
	}
	if (c->state != PEER_DEAD && (events & EPOLLOUT) != 0)
		flush(w, c);
	if (c->state != PEER_DEAD &&
	    (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		read_some(w, c);
}
