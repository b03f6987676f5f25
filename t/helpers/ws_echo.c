/* t/helpers/ws_echo.c - a WebSocket server that says back what it is told, for
 * conformance tests: our HTTP server, our frames, nothing else.
 *
 *	ws_echo PORT
 *
 * Serves GET / on loopback, text and binary up to 16 MiB, until SIGTERM or
 * SIGINT. PORT 0: any. Says "listening <port>" when it is ready. */
#include <sys/socket.h>

#include <event2/event.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/server.h"
#include "http/wsconn.h"
#include "net/loop.h"
#include "ws/handshake.h"

enum { MESSAGE_MAX = 16 << 20, QUEUE_MAX = 64 << 20 };

static struct loop *loop;
static struct wspool *pool;

static void
on_message(struct wsconn *w, enum ws_opcode op, const uint8_t *p, size_t len)
{
	if (op == WS_TEXT)
		wsconn_text(w, p, len);
	else
		wsconn_binary(w, p, len);
	/* One who does not read his echo is not read either. */
	if (wsconn_queued(w) > MESSAGE_MAX)
		wsconn_pause(w);
}

static void
on_drain(struct wsconn *w)
{
	wsconn_resume(w);
}

static void
on_closed(struct wsconn *w, unsigned code)
{
	free(w);
}

static void
on_upgraded(int fd, const void *first, size_t len, void *arg)
{
	struct wsconn *w;

	if (fd == -1)
		return;
	MEM_NEW(w);
	wsconn_open(w, pool, fd, first, len);
}

static void
on_root(struct http_request *req, void *arg)
{
	static const char text[] = "a WebSocket is wanted here\n";
	struct ws_ask ask = {
		.method = http_method_name(req),
		.upgrade = http_header(req, "Upgrade"),
		.connection = http_header(req, "Connection"),
		.version = http_header(req, "Sec-WebSocket-Version"),
		.key = http_header(req, "Sec-WebSocket-Key"),
	};
	int status = ws_check_ask(&ask);

	if (status == 101) {
		http_upgrade(req, on_upgraded, NULL);
		return;
	}
	http_reply_header(req, "Sec-WebSocket-Version", "13");
	http_reply(req, status == 0 ? 426 : status, "text/plain", text,
	    sizeof(text) - 1);
}

static int
listen_on(const char *port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(sin);
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, len) == -1 ||
	    listen(fd, 128) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		log_fatal("cannot listen on port %s", port);
	printf("listening %d\n", ntohs(sin.sin_port));
	fflush(stdout);
	return fd;
}

static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	loop_stop(loop);
}

static void
say_away(struct wsconn *w, void *arg)
{
	wsconn_close(w, WS_GOING_AWAY, NULL);
}

static void
on_patience(void *arg)
{
	loop_stop(loop);
}

/* Everybody gets a close frame, and a little time to answer it. */
static void
finish(struct http_server *server)
{
	struct loop_timer *patience;

	http_server_accept(server, false);
	wspool_each(pool, say_away, NULL);
	patience = loop_timer_new(loop, 100, true, on_patience, NULL);
	for (int i = 0; i < 80 && wspool_count(pool) > 0; i++)
		loop_run(loop);
	loop_timer_free(&patience);
	http_server_free(&server);
	wspool_free(&pool);
}

int
main(int argc, char **argv)
{
	static const struct wsconn_ops ops = { on_message, on_drain,
		on_closed };
	static const struct wspool_conf ws_conf = { MESSAGE_MAX, QUEUE_MAX,
		true };
	static const struct http_conf http_conf = { .body_max = 1024 };
	struct http_server *server;
	struct event *term, *intr;
	struct err err;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: ws_echo PORT\n");
		return 2;
	}
	log_init("ws_echo", LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	loop = loop_new();
	pool = wspool_new(loop, &ws_conf, &ops);
	server = http_server_new(loop, &http_conf);
	http_route(server, "/", on_root, NULL);
	fd = listen_on(argv[1]);
	if (http_server_listen(server, fd, &err) == -1)
		log_fatal("%s", err.text);
	term = evsignal_new(loop_base(loop), SIGTERM, on_signal, NULL);
	intr = evsignal_new(loop_base(loop), SIGINT, on_signal, NULL);
	event_add(term, NULL);
	event_add(intr, NULL);
	loop_run(loop);
	finish(server);
	event_free(term);
	event_free(intr);
	close(fd);
	loop_free(&loop);
	return 0;
}
