/* http/server.c - listeners, routes, drain. */
#include <errno.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/internal.h"

#define FULL_PAUSE_MS 100   /* without a descriptor for the next client */
#define FULL_LOG_MS   60000 /* between two lines about it */
#define ACCEPTS_MAX   16    /* in one turn of the loop */

struct listener {
	LIST_ENTRY(listener) link;
	struct http_server *server;
	evhtp_t *htp;
	struct event *again; /* ends a pause for want of descriptors */
};

struct route {
	char *path;
	size_t len;
	http_handler_cb *handler;
	void *arg;
};

static void
on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *s = arg;
	struct http_gate *g, *next;

	for (g = LIST_FIRST(&s->dead); g != NULL; g = next) {
		next = LIST_NEXT(g, link);
		free(g);
	}
	LIST_INIT(&s->dead);
}

struct http_server *
http_server_new(struct loop *loop, const struct http_conf *conf)
{
	struct http_server *s;

	http_memory();
	MEM_NEW(s);
	s->loop = loop;
	s->base = loop_base(loop);
	s->conf = *conf;
	s->conf.trusted_proxies = NULL;
	if (s->conf.header_timeout_ms == 0)
		s->conf.header_timeout_ms = 10000;
	if (s->conf.idle_timeout_ms == 0)
		s->conf.idle_timeout_ms = 60000;
	if (s->conf.body_timeout_ms == 0)
		s->conf.body_timeout_ms = 30000;
	s->proxies = http_proxies_new(conf->trusted_proxies);
	s->accepting = true;
	LIST_INIT(&s->listeners);
	LIST_INIT(&s->gates);
	LIST_INIT(&s->dead);
	if ((s->reap = evtimer_new(s->base, on_reap, s)) == NULL)
		log_fatal("no memory");
	return s;
}

static void
listener_free(struct listener *l)
{
	event_free(l->again);
	evhtp_unbind_socket(l->htp);
	evhtp_free(l->htp);
	free(l);
}

static void
listener_set(struct listener *l)
{
	struct http_server *s = l->server;

	if (s->accepting && !s->resting && !s->draining)
		evconnlistener_enable(l->htp->server);
	else
		evconnlistener_disable(l->htp->server);
}

static void
listeners_set(struct http_server *s)
{
	struct listener *l;

	LIST_FOREACH(l, &s->listeners, link)
		listener_set(l);
}

static void
on_rested(void *arg)
{
	struct http_server *s = arg;

	s->resting = false;
	listeners_set(s);
}

/* libevent accepts until nothing waits: one worker would take a whole burst, in
 * one long turn. */
static void
rest_when_enough(struct http_server *s)
{
	if (s->accepted_turn != loop_turn(s->loop))
		s->accepted = 0;
	s->accepted_turn = loop_turn(s->loop);
	if (++s->accepted < ACCEPTS_MAX || s->resting)
		return;
	s->resting = true;
	listeners_set(s);
	loop_defer(s->loop, on_rested, s);
}

void
http_server_free(struct http_server **sp)
{
	struct http_server *s = *sp;
	struct listener *l, *next;
	size_t i;

	if (s == NULL)
		return;
	s->drained = NULL;
	loop_forget(s->loop, on_rested, s);
	while (!LIST_EMPTY(&s->gates))
		http_gate_free(LIST_FIRST(&s->gates));
	on_reap(-1, 0, s);
	event_free(s->reap);
	for (l = LIST_FIRST(&s->listeners); l != NULL; l = next) {
		next = LIST_NEXT(l, link);
		listener_free(l);
	}
	for (i = 0; i < s->route_count; i++)
		free(s->routes[i].path);
	free(s->routes);
	http_proxies_free(&s->proxies);
	free(s);
	*sp = NULL;
}

static evhtp_res
on_accept(evhtp_connection_t *conn, void *arg)
{
	http_gate_new(arg, conn);
	rest_when_enough(arg);
	return EVHTP_RES_OK;
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	listener_set(arg);
}

/* Nearly always: no descriptors left. Waiting lets others end; trying at once
 * would burn a core. */
static void
on_accept_error(struct evconnlistener *lev, void *arg)
{
	static const struct timeval pause = { .tv_usec = FULL_PAUSE_MS * 1000 };
	int error = EVUTIL_SOCKET_ERROR();
	struct listener *l = ((evhtp_t *)arg)->arg;
	struct http_server *s = l->server;
	uint64_t now = clock_mono_ms();

	evconnlistener_disable(lev);
	evtimer_add(l->again, &pause);
	if (s->full_logged_ms != 0 && now - s->full_logged_ms < FULL_LOG_MS)
		return;
	s->full_logged_ms = now;
	log_warn("accept failed", "reason=\"%s\" connections=%zu",
	    strerror(error), s->count);
}

int
http_server_listen(struct http_server *s, int fd, struct err *err)
{
	struct listener *l;
	int copy;

	if ((copy = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1)
		return err_sys(err, "cannot listen");
	MEM_NEW(l);
	l->server = s;
	if ((l->htp = evhtp_new(s->base, l)) == NULL ||
	    (l->again = evtimer_new(s->base, on_again, l)) == NULL)
		log_fatal("no memory");
	evhtp_disable_flag(l->htp, EVHTP_FLAG_ENABLE_100_CONT);
	evhtp_set_post_accept_cb(l->htp, on_accept, s);
	evhtp_set_gencb(l->htp, http_gate_request, s);
	if (evhtp_accept_socket(l->htp, copy, 0) == -1) {
		err_sys(err, "cannot listen");
		close(copy);
		event_free(l->again);
		evhtp_free(l->htp);
		free(l);
		return -1;
	}
	evconnlistener_set_error_cb(l->htp->server, on_accept_error);
	LIST_INSERT_HEAD(&s->listeners, l, link);
	listener_set(l);
	return 0;
}

void
http_server_accept(struct http_server *s, bool on)
{
	s->accepting = on;
	listeners_set(s);
}

size_t
http_server_connections(const struct http_server *s)
{
	return s->count;
}

void
http_server_check_drained(struct http_server *s)
{
	loop_cb *cb = s->drained;

	if (cb == NULL || s->count > 0)
		return;
	s->drained = NULL;
	loop_defer(s->loop, cb, s->drained_arg);
}

void
http_server_drain(struct http_server *s, loop_cb *done, void *arg)
{
	struct http_gate *g, *next;

	s->draining = true;
	http_server_accept(s, s->accepting);
	for (g = LIST_FIRST(&s->gates); g != NULL; g = next) {
		next = LIST_NEXT(g, link);
		http_gate_drain(g);
	}
	s->drained = done;
	s->drained_arg = arg;
	http_server_check_drained(s);
}

void
http_route(struct http_server *s, const char *path, http_handler_cb *handler,
    void *arg)
{
	struct route *r;

	s->routes = mem_reallocarray(
	    s->routes, s->route_count + 1, sizeof(s->routes[0]));
	r = &s->routes[s->route_count++];
	r->path = mem_strdup(path);
	r->len = strcmp(path, "*") == 0 ? 0 : strlen(path);
	r->handler = handler;
	r->arg = arg;
}

static bool
route_matches(const struct route *r, const char *path)
{
	if (r->len == 0)
		return true;
	if (r->path[r->len - 1] == '/' && r->len > 1)
		return strncmp(path, r->path, r->len) == 0;
	return strcmp(path, r->path) == 0;
}

void
http_server_dispatch(struct http_server *s, struct http_request *req)
{
	static const char none[] = "404 Not Found\n";
	const struct route *best = NULL;
	size_t i;

	for (i = 0; i < s->route_count; i++)
		if (route_matches(&s->routes[i], http_path(req)) &&
		    (best == NULL || s->routes[i].len > best->len))
			best = &s->routes[i];
	if (best != NULL)
		best->handler(req, best->arg);
	else
		http_reply(req, 404, "text/plain; charset=utf-8", none,
		    sizeof(none) - 1);
}
