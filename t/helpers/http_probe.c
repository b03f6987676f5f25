/* t/helpers/http_probe.c - a server on src/http/ for the system tests to try:
 * says its port on stdout, serves until SIGTERM, then drains; SIGUSR1 ends it
 *at once. -w: so many processes share the listening socket.
 *
 *	http_probe [-b body_max] [-H header_ms] [-I idle_ms] [-B body_ms]
 *	    [-T trusted]... [-U unix socket] [-s folder] [-n descriptors] [-w
 *processes] */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/server.h"
#include "http/static.h"
#include "net/loop.h"
#include "ws/handshake.h"

enum { HELD_MAX = 16 };

struct probe {
	struct loop *loop;
	struct http_server *server;
	struct static_files *files;
	unsigned gone, late, upgraded, waiting;
	struct late *held[HELD_MAX]; /* until /release is asked for */
	unsigned nheld;
};

static struct probe probe;

/* The value of a query's key as a number, or 0. */
static unsigned
query_number(const struct http_request *req, const char *key)
{
	const char *s = strstr(http_query(req), key);

	return s != NULL ? (unsigned)strtoul(s + strlen(key), NULL, 10) : 0;
}

static void
reply_text(struct http_request *req, int status, const char *text)
{
	http_reply(req, status, "text/plain", text, strlen(text));
}

/* Says back what came; ?header=NAME and ?cookie=NAME ask for one value. */
static void
on_echo(struct http_request *req, void *arg)
{
	const char *q = http_query(req), *v;
	struct buf b = { 0 };
	char cookie[32];
	size_t n;
	const uint8_t *body = http_body(req, &n);

	buf_addf(&b, "%s %s?%s\npeer %s tls %d method %d\n",
	    http_method_name(req), http_path(req), q, http_peer(req),
	    http_is_tls(req), http_method(req));
	if (strncmp(q, "header=", 7) == 0) {
		v = http_header(req, q + 7);
		buf_addf(&b, "value %s\n", v != NULL ? v : "(none)");
	}
	if (strncmp(q, "cookie=", 7) == 0)
		buf_addf(&b, "value %s\n",
		    http_cookie(req, q + 7, cookie, sizeof(cookie)) ? cookie
								    : "(none)");
	buf_addf(&b, "body %zu\n", n);
	if (n > 0)
		buf_add(&b, body, n);
	http_reply(req, 200, "text/plain", b.data, b.len);
	buf_free(&b);
}

struct late {
	struct http_request *req;
	struct loop_timer *timer;
};

static void
on_late(void *arg)
{
	struct late *l = arg;
	char text[4096];

	snprintf(text, sizeof(text), "late %s\n", http_path(l->req));
	http_reply_header(l->req, "X-Late", "yes");
	reply_text(l->req, 200, text);
	loop_timer_free(&l->timer);
	free(l);
	probe.late++;
	if (--probe.waiting == 0 && probe.server == NULL)
		loop_stop(probe.loop);
}

/* Answers after ?ms=N; without, when /release is asked for. */
static void
on_later(struct http_request *req, void *arg)
{
	struct late *l;

	MEM_NEW(l);
	l->req = req;
	probe.waiting++;
	if (strstr(http_query(req), "ms=") != NULL)
		l->timer = loop_timer_new(
		    probe.loop, query_number(req, "ms="), false, on_late, l);
	else if (probe.nheld < HELD_MAX)
		probe.held[probe.nheld++] = l;
	else
		log_fatal("too many wait for /release");
}

static void
on_release(struct http_request *req, void *arg)
{
	while (probe.nheld > 0)
		on_late(probe.held[--probe.nheld]);
	reply_text(req, 200, "released\n");
}

static void
on_counts(struct http_request *req, void *arg)
{
	char text[160];

	snprintf(text, sizeof(text),
	    "gone %u late %u upgraded %u waiting %u connections %zu "
	    "process %d\n",
	    probe.gone, probe.late, probe.upgraded, probe.waiting,
	    http_server_connections(probe.server), getpid());
	reply_text(req, 200, text);
}

static void
on_big(struct http_request *req, void *arg)
{
	size_t n = query_number(req, "n=");
	char *p = mem_alloc(n + 1);

	memset(p, 'x', n);
	http_reply(req, 200, "text/plain", p, n);
	free(p);
}

static void
on_status(struct http_request *req, void *arg)
{
	reply_text(req, (int)query_number(req, "s="), "text");
}

/* A defect: what came from outside ends up in a header. */
static void
on_split(struct http_request *req, void *arg)
{
	http_reply_header(req, "X-Split", "a\r\nX-Smuggled: b");
	reply_text(req, 200, "split\n");
}

/* An upgraded socket: says what came first, then everything back. */
struct peer {
	struct event *ev;
};

static void
on_bytes(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;
	char b[4096];
	ssize_t n = read(fd, b, sizeof(b));

	if (n > 0 && write(fd, b, (size_t)n) == n)
		return;
	event_free(p->ev);
	close(fd);
	free(p);
	probe.upgraded--;
}

static void
on_upgraded(int fd, const void *first, size_t n, void *arg)
{
	char text[64];
	struct peer *p;

	if (fd == -1) {
		probe.gone++;
		return;
	}
	probe.upgraded++;
	snprintf(text, sizeof(text), "first %zu:", n);
	if (write(fd, text, strlen(text)) < 0 ||
	    (n > 0 && write(fd, first, n) < 0))
		log_info("upgraded client left");
	MEM_NEW(p);
	p->ev = event_new(
	    loop_base(probe.loop), fd, EV_READ | EV_PERSIST, on_bytes, p);
	event_add(p->ev, NULL);
}

static void
on_ws(struct http_request *req, void *arg)
{
	struct ws_ask ask = { .method = http_method_name(req),
		.upgrade = http_header(req, "Upgrade"),
		.connection = http_header(req, "Connection"),
		.version = http_header(req, "Sec-WebSocket-Version"),
		.key = http_header(req, "Sec-WebSocket-Key") };

	if (ws_check_ask(&ask) == 101)
		http_upgrade(req, on_upgraded, NULL);
	else
		reply_text(req, 426, "a WebSocket is wanted here\n");
}

static void
on_pause(struct http_request *req, void *arg)
{
	http_server_accept(probe.server, false);
	reply_text(req, 200, "paused\n");
}

static void
on_drained(void *arg)
{
	loop_stop(probe.loop);
}

static void
on_term(evutil_socket_t sig, short what, void *arg)
{
	http_server_drain(probe.server, on_drained, NULL);
}

static void
on_usr1(evutil_socket_t sig, short what, void *arg)
{
	loop_stop(probe.loop);
}

/* In each of n children; the parent passes SIGTERM on and waits for them. */
static void
fork_workers(unsigned n)
{
	sigset_t term;
	int sig, status, rc = 0;
	pid_t pids[16];
	unsigned i;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	for (i = 0; i < n && i < 16; i++)
		if ((pids[i] = fork()) == 0)
			return;
	sigwait(&term, &sig);
	while (i-- > 0) {
		kill(pids[i], SIGTERM);
		if (waitpid(pids[i], &status, 0) == -1 || status != 0)
			rc = 1;
	}
	exit(rc);
}

static int
listen_tcp(int *port_r)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 128) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		log_fatal("listen");
	*port_r = ntohs(sin.sin_port);
	return fd;
}

static void
say_port(int port)
{
	printf("%d\n", port);
	fflush(stdout);
}

static int
listen_unix(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(fd, 128) == -1)
		log_fatal("listen");
	return fd;
}

static void
few_descriptors(const char *n)
{
	struct rlimit rl = { .rlim_cur = strtoul(n, NULL, 10) };

	rl.rlim_max = rl.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		log_fatal("setrlimit");
}

static void
add_routes(struct http_server *s)
{
	http_route(s, "/echo", on_echo, NULL);
	http_route(s, "/echo/", on_echo, NULL);
	http_route(s, "/later/", on_later, NULL);
	http_route(s, "/release", on_release, NULL);
	http_route(s, "/counts", on_counts, NULL);
	http_route(s, "/big", on_big, NULL);
	http_route(s, "/status", on_status, NULL);
	http_route(s, "/split", on_split, NULL);
	http_route(s, "/ws", on_ws, NULL);
	http_route(s, "/pause", on_pause, NULL);
	if (probe.files != NULL)
		http_route(s, "*", static_handle, probe.files);
}

struct options {
	char *trusted[8];
	struct http_conf conf;
	const char *local; /* path of a Unix socket */
	unsigned workers;
};

static void
read_option(struct options *o, int c, char *value)
{
	size_t n = 0;
	struct err err;

	while (o->trusted[n] != NULL)
		n++;
	if (c == 'b')
		o->conf.body_max = strtoul(value, NULL, 10);
	else if (c == 'H')
		o->conf.header_timeout_ms = (uint32_t)atoi(value);
	else if (c == 'I')
		o->conf.idle_timeout_ms = (uint32_t)atoi(value);
	else if (c == 'B')
		o->conf.body_timeout_ms = (uint32_t)atoi(value);
	else if (c == 'T' && n < 7)
		o->trusted[n] = value;
	else if (c == 'U')
		o->local = value;
	else if (c == 'w')
		o->workers = (unsigned)atoi(value);
	else if (c == 'n')
		few_descriptors(value);
	else if (c == 's') {
		if ((probe.files = static_new(value, &err)) == NULL)
			log_fatal("%s", err.text);
	} else
		exit(2);
}

static void
listen_on(int fd)
{
	struct err err;

	if (http_server_listen(probe.server, fd, &err) == -1)
		log_fatal("%s", err.text);
}

/* Until a signal ends it; says its port (if not 0) when it is ready for that.
 */
static void
serve(int port)
{
	sigset_t all;
	struct event_base *base = loop_base(probe.loop);
	struct event *term = evsignal_new(base, SIGTERM, on_term, NULL);
	struct event *usr1 = evsignal_new(base, SIGUSR1, on_usr1, NULL);

	event_add(term, NULL);
	event_add(usr1, NULL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	if (port != 0)
		say_port(port);
	loop_run(probe.loop);
	event_free(term);
	event_free(usr1);
	http_server_free(&probe.server);
	if (probe.waiting > 0)
		loop_run(probe.loop);
}

int
main(int argc, char **argv)
{
	struct options o = { .conf.body_max = 65536 };
	int c, fd, ufd, port;

	log_init("probe", LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	while ((c = getopt(argc, argv, "b:H:I:B:T:U:s:n:w:")) != -1)
		read_option(&o, c, optarg);
	o.conf.trusted_proxies = o.trusted;
	fd = listen_tcp(&port);
	if (o.workers > 0) {
		say_port(port);
		fork_workers(o.workers);
	}
	probe.loop = loop_new();
	probe.server = http_server_new(probe.loop, &o.conf);
	add_routes(probe.server);
	listen_on(fd);
	if (o.local != NULL) {
		ufd = listen_unix(o.local);
		listen_on(ufd);
		close(ufd);
	}
	serve(o.workers > 0 ? 0 : port);
	static_free(&probe.files);
	loop_free(&probe.loop);
	close(fd);
	return 0;
}
