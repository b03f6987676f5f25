/* http/upgrade.c - a connection leaves HTTP, and evhtp with it. */
#include <sys/socket.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "http/internal.h"
#include "ws/handshake.h"

enum { LOW_FDS = 1024 };

/* The output is empty here, so a socket that does not take this at once belongs
 * to somebody who does not read. */
static bool
send_switch(int fd, const char *accept)
{
	char text[160];
	int n = snprintf(text, sizeof(text),
	    "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: %s\r\n\r\n",
	    accept);

	return send(fd, text, (size_t)n, MSG_NOSIGNAL) == n;
}

/* libevent keeps 40 bytes for each number of a descriptor that it ever had,
 * malloc'ed between what a request takes for a moment: those that stay get high
 * numbers, so that requests share the low ones. */
static int
move_up(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, LOW_FDS);

	if (high == -1)
		return fd; /* as well as it can be */
	close(fd);
	return high;
}

/* Hands the descriptor over, with what came behind the request. */
void
http_gate_hand_over(struct http_gate *g)
{
	struct bufferevent *bev = g->bev;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t n = evbuffer_get_length(in);
	http_upgrade_cb *cb = g->upgrade;
	void *arg = g->upgrade_arg;
	int fd = bufferevent_getfd(bev);

	bufferevent_disable(bev, EV_READ | EV_WRITE);
	bufferevent_setfd(bev, -1);
	if (!send_switch(fd, g->accept)) {
		close(fd);
		fd = -1;
		n = 0;
	} else {
		fd = move_up(fd);
	}
	http_gate_down(g);
	cb(fd, n > 0 ? evbuffer_pullup(in, -1) : NULL, n, arg);
	bufferevent_free(bev);
}

/* Taken from evhtp at once, handed over by the gate's timer in the next turn:
 * evhtp is still on the stack here and must finish with the connection. */
void
http_upgrade(struct http_request *req, http_upgrade_cb *cb, void *arg)
{
	struct http_gate *g = req->gate;
	const char *key = http_head_value(req->head, "Sec-WebSocket-Key");
	const struct timeval now = { 0, 0 };

	if (g == NULL || !g->handling || key == NULL)
		log_fatal("http_upgrade outside of a handler");
	ws_accept(key, g->accept);
	g->upgrade = cb;
	g->upgrade_arg = arg;
	g->state = GATE_UPGRADE;
	g->req = NULL;
	evhtp_connection_take_ownership(g->conn);
	g->conn = NULL;
	http_request_free(req);
	evtimer_add(g->timer, &now);
}
