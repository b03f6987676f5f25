/* bench/rawcast.c - the limit: what a broadcaster costs that does nothing else.
 *
 *   rawcast PORT
 *
 * Accepts WebSockets at ?room=NAME and writes every text frame, encoded once,
 * to each member of the room. No accounts, no store, no checks, one process.
 * With -DBATCH what came in one turn of the loop leaves in one send a member.
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ws/handshake.h"

enum { TABLE = 4096, EVENTS = 256, INPUT = 1 << 17, NAME = 32 };

struct client {
	int fd, slot;
	bool upgraded;
	struct room *room;
	struct buf in, out;
};

struct room {
	char name[NAME];
	struct room *next;
	struct client **members;
	int n, cap;
	struct buf turn; /* BATCH: the frames of this turn */
	struct room *dirty;
	bool is_dirty;
};

static struct room *table[TABLE], *dirty;
static int epfd;

static struct room *
room_get(const char *name, size_t len)
{
	struct room **at, *r;
	unsigned h = 5381;

	len = len < NAME ? len : NAME - 1;
	for (size_t i = 0; i < len; i++)
		h = h * 33 + (uint8_t)name[i];
	at = &table[h % TABLE];
	for (r = *at; r != NULL; r = r->next)
		if (strlen(r->name) == len && memcmp(r->name, name, len) == 0)
			return r;
	MEM_NEW(r);
	memcpy(r->name, name, len);
	r->next = *at;
	return *at = r;
}

static void
join(struct client *c, struct room *r)
{
	if (r->n == r->cap) {
		r->cap = r->cap == 0 ? 8 : r->cap * 2;
		r->members = mem_reallocarray(
		    r->members, (size_t)r->cap, sizeof(r->members[0]));
	}
	c->room = r;
	c->slot = r->n;
	r->members[r->n++] = c;
}

static void
drop(struct client *c)
{
	struct client *last;

	if (c->room != NULL) {
		last = c->room->members[--c->room->n];
		c->room->members[c->slot] = last;
		last->slot = c->slot;
	}
	close(c->fd);
	buf_free(&c->in);
	buf_free(&c->out);
	free(c);
}

static void
watch(struct client *c, int op, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data = { .ptr = c } };

	epoll_ctl(epfd, op, c->fd, &ev);
}

static void
out(struct client *c, const void *p, size_t n)
{
	ssize_t sent = 0;

	if (c->out.len == 0) {
		sent = send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent == (ssize_t)n)
			return;
		if (sent == -1)
			sent = 0;
		watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
	}
	buf_add(&c->out, (const uint8_t *)p + sent, n - (size_t)sent);
}

static void
out_again(struct client *c)
{
	ssize_t sent;

	sent =
	    send(c->fd, c->out.data, c->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent > 0)
		buf_drain(&c->out, (size_t)sent);
	if (c->out.len == 0) {
		buf_free(&c->out);
		watch(c, EPOLL_CTL_MOD, EPOLLIN);
	}
}

static void
out_all(struct room *r, const void *p, size_t n)
{
	for (int i = 0; i < r->n; i++)
		out(r->members[i], p, n);
}

static void
cast(struct room *r, const void *p, size_t n)
{
#ifdef BATCH
	buf_add(&r->turn, p, n);
	if (!r->is_dirty) {
		r->is_dirty = true;
		r->dirty = dirty;
		dirty = r;
	}
#else
	out_all(r, p, n);
#endif
}

/* Nothing to do without BATCH. */
static void
end_turn(void)
{
	struct room *r;

	while ((r = dirty) != NULL) {
		dirty = r->dirty;
		r->is_dirty = false;
		out_all(r, r->turn.data, r->turn.len);
		buf_clear(&r->turn);
	}
}

/* How long the request is, 0 while it is not whole, -1 when it is none. */
static ssize_t
upgrade(struct client *c, const char *p)
{
	const char *end = strstr(p, "\r\n\r\n"), *key, *name;
	char accept[WS_ACCEPT], digits[25] = "", answer[256];
	int n;

	if (end == NULL)
		return 0;
	key = strcasestr(p, "sec-websocket-key: ");
	name = strstr(p, "room=");
	if (key == NULL || name == NULL)
		return -1;
	memcpy(digits, key + strlen("sec-websocket-key: "), 24);
	ws_accept(digits, accept);
	n = snprintf(answer, sizeof(answer),
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
	    accept);
	name += strlen("room=");
	join(c, room_get(name, strcspn(name, " &\r\n")));
	c->upgraded = true;
	out(c, answer, (size_t)n);
	return end + 4 - p;
}

/* Casts the frame that p begins with. Its length, 0 while it is not whole, -1
 * at its end. */
static ssize_t
frame(struct client *c, uint8_t *p, size_t n)
{
	size_t head, len;
	uint8_t *body;

	if (n < 6)
		return 0;
	len = p[1] & 127;
	if (len == 127 || (p[0] & 15) == 8)
		return -1;
	head = len == 126 ? 4 : 2;
	if (len == 126)
		len = get_be16(p + 2);
	if (n < head + 4 + len)
		return 0;
	body = p + head + 4;
	for (size_t i = 0; i < len; i++)
		body[i] ^= p[head + (i & 3)];
	if ((p[0] & 15) == 1) {
		/* the same head without the mask, right before the body */
		memmove(p + 4, p, head);
		p[4 + 1] &= 127;
		cast(c->room, p + 4, head + len);
	}
	return (ssize_t)(head + 4 + len);
}

/* false: it is over. */
static bool
input(struct client *c)
{
	static uint8_t b[INPUT + 1];
	size_t n = c->in.len, at = 0;
	ssize_t got, used = 1;

	if (n > 0)
		memcpy(b, c->in.data, n);
	got = recv(c->fd, b + n, INPUT - n, MSG_DONTWAIT);
	if (got <= 0)
		return got == -1 && errno == EAGAIN;
	n += (size_t)got;
	b[n] = '\0';
	while (used > 0) {
		used = c->upgraded ? frame(c, b + at, n - at)
				   : upgrade(c, (const char *)b);
		if (used > 0)
			at += (size_t)used;
	}
	buf_clear(&c->in);
	buf_add(&c->in, b + at, n - at);
	if (c->in.len == 0)
		buf_free(&c->in);
	return used == 0;
}

static void
accept_all(int listener)
{
	struct client *c;
	int fd, on = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) != -1) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		MEM_NEW(c);
		c->fd = fd;
		watch(c, EPOLL_CTL_ADD, EPOLLIN);
	}
}

static int
listen_at(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == -1 ||
	    listen(fd, 4096) == -1) {
		perror("rawcast: listen");
		exit(1);
	}
	return fd;
}

static void
turn(int listener)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(epfd, ev, EVENTS, -1);
	struct client *c;

	for (int i = 0; i < n; i++) {
		c = ev[i].data.ptr;
		if (c == NULL) {
			accept_all(listener);
			continue;
		}
		if ((ev[i].events & EPOLLOUT) != 0 && c->out.len > 0)
			out_again(c);
		if ((ev[i].events & ~(uint32_t)EPOLLOUT) != 0 && !input(c))
			drop(c);
	}
	end_turn();
}

int
main(int argc, char **argv)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct rlimit l;
	int listener;

	if (argc != 2) {
		fprintf(stderr, "usage: rawcast PORT\n");
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &l);
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
	listener = listen_at((uint16_t)atoi(argv[1]));
	epfd = epoll_create1(0);
	epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &ev);
	for (;;)
		turn(listener);
}
