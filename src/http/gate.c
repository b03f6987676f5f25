/* http/gate.c - the strict gate in front of libevhtp.
 *
 * evhtp's parser corrupts requests that come in pieces, mixes up pipelined ones
 * and believes whatever it reads. So it reads nothing that a client wrote but
 * bodies: the gate waits for a whole header block, judges it (check.c), and
 * hands evhtp a plain request line with the length, then exactly that many
 * bytes, then nothing until the answer is out. evhtp is never paused, for
 * resuming goes around the gate. */
#include <sys/socket.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/internal.h"

#define INPUT_MAX    32768       /* read ahead at most */
#define WRITE_STALL  30          /* s without progress in sending: gone */
#define LINGER_MS    5000        /* for the client to read a last answer */
#define DRAIN_MS     300         /* for a request that is on its way */
#define LINGER_BYTES (16u << 20) /* that it may still send meanwhile */

static void gate_run(struct http_gate *g);

static struct evbuffer *
input(struct http_gate *g)
{
	return bufferevent_get_input(g->bev);
}

static struct evbuffer *
output(struct http_gate *g)
{
	return bufferevent_get_output(g->bev);
}

static void
deadline(struct http_gate *g, uint64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	evtimer_add(g->timer, &tv);
}

/* Callers further up still look at g->dead, so its memory goes a little later.
 */
void
http_gate_down(struct http_gate *g)
{
	struct http_server *s = g->server;
	struct http_request *req = g->req;

	g->dead = true;
	g->req = NULL;
	LIST_REMOVE(g, link);
	LIST_INSERT_HEAD(&s->dead, g, link);
	event_active(s->reap, EV_TIMEOUT, 0);
	s->count--;
	event_free(g->timer);
	free(g->head);
	if (req != NULL)
		req->gate = NULL;
	http_server_check_drained(s);
}

static evhtp_res
on_fini(evhtp_connection_t *conn, void *arg)
{
	http_gate_down(arg);
	return EVHTP_RES_OK;
}

void
http_gate_free(struct http_gate *g)
{
	http_upgrade_cb *cb = g->upgrade;
	void *arg = g->upgrade_arg;

	if (g->state != GATE_UPGRADE) {
		evhtp_connection_free(g->conn); /* calls on_fini */
		return;
	}
	bufferevent_free(g->bev);
	http_gate_down(g);
	cb(-1, NULL, 0, arg);
}

/* The last answer is out: says so, and reads on for a while, since closing with
 * unread input would destroy what the client has not read yet. */
static void
gate_linger(struct http_gate *g)
{
	if (g->eof) {
		http_gate_free(g);
		return;
	}
	g->state = GATE_CLOSING;
	g->shut = true;
	shutdown(bufferevent_getfd(g->bev), SHUT_WR);
	deadline(g, LINGER_MS);
	gate_run(g);
}

static void
count_refusal(const struct http_server *s, int status)
{
	if (s->conf.refused == NULL || status < 400 ||
	    status >= 400 + HTTP_STATUSES)
		return;
	atomic_fetch_add_explicit(
	    &s->conf.refused[status - 400], 1, memory_order_relaxed);
}

static void
gate_refuse(struct http_gate *g, const struct http_refusal *r)
{
	log_debug(
	    "request refused", "status=%d reason=\"%s\"", r->status, r->why);
	count_refusal(g->server, r->status);
	g->state = GATE_CLOSING;
	deadline(g, LINGER_MS);
	http_reply_refusal(g->server, output(g), r);
}

/* Calls evhtp's read callback with n bytes of the input, after text (if not
 * NULL), and without what follows. */
static void
gate_feed(struct http_gate *g, const char *text, size_t text_len, size_t n)
{
	struct evbuffer *in = input(g), *now = evbuffer_new();
	struct evbuffer *rest = evbuffer_new();

	if (now == NULL || rest == NULL)
		log_fatal("no memory");
	evbuffer_remove_buffer(in, now, n);
	evbuffer_add_buffer(rest, in);
	evbuffer_prepend_buffer(in, now);
	if (text != NULL)
		evbuffer_prepend(in, text, text_len);
	g->feed(g->bev, g->arg);
	if (!g->dead)
		evbuffer_prepend_buffer(in, rest);
	evbuffer_free(now);
	evbuffer_free(rest);
}

/* A right header block is there, len bytes long. */
static void
gate_accept(struct http_gate *g, struct http_head *head, size_t len)
{
	const struct http_conf *conf = &g->server->conf;
	char text[96];
	int n;

	evbuffer_drain(input(g), len);
	g->scan = (struct http_scan){ 0 };
	g->begun = g->skipped = false;
	g->state = GATE_BODY;
	g->head = head;
	g->left = head->length;
	g->close = !head->keep_alive;
	evtimer_del(g->timer);
	if (g->left > 0)
		deadline(g, conf->body_timeout_ms + g->left * 1000 / 8192);
	if (head->expect && evbuffer_get_length(input(g)) == 0)
		evbuffer_add_printf(output(g), "HTTP/1.1 100 Continue\r\n\r\n");
	n = snprintf(text, sizeof(text),
	    "POST / HTTP/1.1\r\nContent-Length: %llu\r\n\r\n",
	    (unsigned long long)g->left);
	gate_feed(g, text, (size_t)n, 0);
}

/* Drops one empty line before a request line (RFC 9112 §2.2). Returns whether
 * it must be waited for or looked at again. */
static bool
gate_skip(struct http_gate *g, const uint8_t *p, size_t n)
{
	if (g->skipped || g->scan.pos > 0 || p[0] != '\r')
		return false;
	if (n > 1 && p[1] != '\n')
		return false;
	if (n > 1) {
		evbuffer_drain(input(g), 2);
		g->skipped = true;
	}
	return true;
}

static bool
gate_head(struct http_gate *g)
{
	struct evbuffer *in = input(g);
	size_t n = evbuffer_get_length(in), len;
	struct http_refusal r;
	struct http_head *head;
	const uint8_t *p;

	if (n == 0)
		return false;
	if (!g->begun) {
		g->begun = true;
		deadline(g, g->server->conf.header_timeout_ms);
	}
	n = n < HTTP_BLOCK_MAX + 2 ? n : HTTP_BLOCK_MAX + 2;
	p = evbuffer_pullup(in, (ssize_t)n);
	if (gate_skip(g, p, n))
		return n > 1;
	if ((len = http_scan(&g->scan, p, n, &r)) > 0 &&
	    (head = http_head_read(p, len, g->server->conf.body_max, &r)) !=
		NULL)
		gate_accept(g, head, len);
	else if (r.status != 0)
		gate_refuse(g, &r);
	else
		return false;
	return true;
}

static bool
gate_body(struct http_gate *g)
{
	size_t n = evbuffer_get_length(input(g));

	if (n > g->left)
		n = (size_t)g->left;
	if (n == 0)
		return false;
	g->left -= n;
	gate_feed(g, NULL, 0, n);
	return true;
}

static bool
gate_drop(struct http_gate *g)
{
	size_t n = evbuffer_get_length(input(g));

	evbuffer_drain(input(g), n);
	if ((g->dropped += n) > LINGER_BYTES)
		http_gate_free(g);
	return false;
}

/* Does what can be done; false: nothing more until something comes. */
static bool
gate_step(struct http_gate *g)
{
	switch ((enum gate_state)g->state) {
	case GATE_HEAD:
		return gate_head(g);
	case GATE_BODY:
		return gate_body(g);
	case GATE_CLOSING:
		return gate_drop(g);
	case GATE_ANSWER:
	case GATE_UPGRADE:
		break;
	}
	return false;
}

static void
gate_run(struct http_gate *g)
{
	while (!g->dead && gate_step(g))
		;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	gate_run(arg);
}

/* The answer is out: evhtp lets go of the request; on to the next one. */
static void
gate_answered(struct http_gate *g)
{
	if (!http_gate_keeps(g) || g->eof) {
		gate_linger(g);
		return;
	}
	g->sent(g->bev, g->arg);
	if (g->dead)
		return;
	g->state = GATE_HEAD;
	deadline(g, g->server->conf.idle_timeout_ms);
	gate_run(g);
}

static void
on_write(struct bufferevent *bev, void *arg)
{
	struct http_gate *g = arg;

	if (evbuffer_get_length(output(g)) > 0)
		return;
	if (g->state == GATE_ANSWER && g->req == NULL)
		gate_answered(g);
	else if (g->state == GATE_CLOSING && !g->shut)
		gate_linger(g);
}

/* End of input while an answer is on its way: that is finished first. */
static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct http_gate *g = arg;
	bool sending = (g->state == GATE_ANSWER && g->req == NULL) ||
		       (g->state == GATE_CLOSING && !g->shut);

	if (what == (BEV_EVENT_EOF | BEV_EVENT_READING) && sending)
		g->eof = true;
	else
		http_gate_free(g);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	static const struct http_refusal late = { 408,
		"the request did not come in time" };
	struct http_gate *g = arg;

	if (g->state == GATE_UPGRADE)
		http_gate_hand_over(g);
	else if (g->state == GATE_BODY || (g->state == GATE_HEAD && g->begun))
		gate_refuse(g, &late);
	else
		http_gate_free(g);
}

/* evhtp has the whole request. */
void
http_gate_request(evhtp_request_t *ev, void *arg)
{
	struct http_gate *g = ev->conn->hooks->on_connection_fini_arg;

	evtimer_del(g->timer);
	evhtp_request_enable_flag(ev, EVHTP_REQ_FLAG_KEEPALIVE);
	g->state = GATE_ANSWER;
	g->req = http_request_new(g, g->head, ev->buffer_in);
	g->head = NULL;
	g->handling = true;
	http_server_dispatch(g->server, g->req);
	g->handling = false;
}

bool
http_gate_keeps(const struct http_gate *g)
{
	return !g->close && !g->server->draining;
}

/* Who has just connected, or been answered, may have asked already. */
void
http_gate_drain(struct http_gate *g)
{
	if (g->state == GATE_HEAD && !g->begun)
		deadline(g, DRAIN_MS);
}

void
http_gate_new(struct http_server *s, evhtp_connection_t *conn)
{
	static const struct timeval stall = { .tv_sec = WRITE_STALL };
	bufferevent_event_cb event;
	struct http_gate *g;
	int on = 1, fd = bufferevent_getfd(conn->bev);

	MEM_NEW(g);
	g->server = s;
	g->conn = conn;
	g->bev = conn->bev;
	bufferevent_getcb(g->bev, &g->feed, &g->sent, &event, &g->arg);
	if ((g->timer = evtimer_new(s->base, on_timer, g)) == NULL)
		log_fatal("no memory");
	bufferevent_setcb(g->bev, on_read, on_write, on_event, g);
	bufferevent_setwatermark(g->bev, EV_READ, 0, INPUT_MAX);
	bufferevent_set_timeouts(g->bev, NULL, &stall);
	evhtp_connection_set_hook(
	    conn, evhtp_hook_on_connection_fini, (evhtp_hook)on_fini, g);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (conn->saddr->sa_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	LIST_INSERT_HEAD(&s->gates, g, link);
	s->count++;
	deadline(g, s->conf.header_timeout_ms);
}
