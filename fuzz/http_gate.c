/* fuzz/http_gate.c - any bytes on a connection, through the strict gate and
 * libevhtp, upgrade and WebSocket included: the answers are the same however
 * the bytes are cut. The first eight bytes say where to cut. */
#include <sys/socket.h>
#include <sys/un.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "fuzz/must.h"
#include "http/server.h"
#include "http/wsconn.h"
#include "t/lib/turn.h"
#include "ws/handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { CUTS = 8, TURNS = 6, HOUR = 3600000 };

static struct http_server *server;
static struct wspool *pool;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t address_len;

/* --- what is served --- */

static void
on_echo(struct http_request *req, void *arg)
{
	struct buf b = { 0 };
	char cookie[64] = "-";
	size_t len;
	const uint8_t *body = http_body(req, &len);

	http_cookie(req, "session", cookie, sizeof(cookie));
	buf_addf(&b, "%s %s?%s from %s tls %d cookie %s\n",
	    http_method_name(req), http_path(req), http_query(req),
	    http_peer(req), http_is_tls(req), cookie);
	if (len > 0)
		buf_add(&b, body, len);
	http_reply(req, 200, "text/plain", b.data, b.len);
	buf_free(&b);
}

static void
on_deferred(void *arg)
{
	http_reply(arg, 200, "text/plain", "later", 5);
}

static void
on_later(struct http_request *req, void *arg)
{
	loop_defer(loop, on_deferred, req);
}

static void
on_other(struct http_request *req, void *arg)
{
	http_reply(req, 404, NULL, NULL, 0);
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
on_ws(struct http_request *req, void *arg)
{
	static char page[] = "https://chat.example.org";
	static char *const allowed[] = { page, NULL };
	struct ws_ask ask = {
		.method = http_method_name(req),
		.upgrade = http_header(req, "Upgrade"),
		.connection = http_header(req, "Connection"),
		.version = http_header(req, "Sec-WebSocket-Version"),
		.key = http_header(req, "Sec-WebSocket-Key"),
	};
	int status = ws_check_ask(&ask);

	if (status == 101 && !ws_origin_ok(http_header(req, "Origin"),
				 http_header(req, "Host"), allowed))
		status = 403;
	if (status == 101)
		http_upgrade(req, on_upgraded, NULL);
	else
		http_reply(req, status == 0 ? 426 : status, NULL, NULL, 0);
}

static void
on_message(struct wsconn *w, enum ws_opcode op, const uint8_t *p, size_t len)
{
	wsconn_text(w, p, len);
}

static void
on_closed(struct wsconn *w, unsigned code)
{
	free(w);
}

static void
begin(void)
{
	static const struct wsconn_ops ops = { .on_message = on_message,
		.on_closed = on_closed };
	static const struct wspool_conf wc = { 1000, 1 << 20, false };
	static char local[] = "unix", net[] = "10.0.0.0/8";
	static char *const trusted[] = { local, net, NULL };
	static const struct http_conf hc = { .body_max = 1000,
		.trusted_proxies = trusted,
		.header_timeout_ms = HOUR,
		.idle_timeout_ms = HOUR,
		.body_timeout_ms = HOUR };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct err err;

	signal(SIGPIPE, SIG_IGN);
	turn_begin();
	pool = wspool_new(loop, &wc, &ops);
	server = http_server_new(loop, &hc);
	http_route(server, "/echo", on_echo, NULL);
	http_route(server, "/later", on_later, NULL);
	http_route(server, "/ws", on_ws, NULL);
	http_route(server, "*", on_other, NULL);
	address_len = sizeof(address.sun_family); /* the kernel finds a name */
	if (bind(fd, (struct sockaddr *)&address, address_len) == -1 ||
	    listen(fd, 8) == -1)
		bail_out("no listening socket");
	address_len = sizeof(address);
	getsockname(fd, (struct sockaddr *)&address, &address_len);
	if (http_server_listen(server, fd, &err) == -1)
		bail_out(err.text);
	close(fd);
}

/* --- one conversation --- */

static void
turns(void)
{
	for (int i = 0; i < TURNS; i++) {
		loop_again(loop);
		turn();
	}
}

static void
hear(int fd, struct buf *out)
{
	ssize_t n;

	do {
		turns();
		n = recv(fd, buf_reserve(out, 65536), 65536, MSG_DONTWAIT);
		if (n > 0)
			out->len += (size_t)n;
	} while (n > 0);
}

static void
say(int fd, const uint8_t *p, size_t n)
{
	if (n > 0)
		must(send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n ||
		     http_server_connections(server) == 0);
}

/* What differs with the second, or with how fast the body follows. */
static void
forget(struct buf *b, const char *from, const char *to)
{
	uint8_t *at, *end;
	size_t n;

	while (b->len > 0 &&
	       (at = memmem(b->data, b->len, from, strlen(from))) != NULL) {
		n = b->len - (size_t)(at - b->data);
		end =
		    memmem(at + strlen(from), n - strlen(from), to, strlen(to));
		if (end == NULL)
			return;
		end += strlen(to);
		memmove(at, end, (size_t)(b->data + b->len - end));
		b->len -= (size_t)(end - at);
	}
}

/* All that is answered to p, which comes in pieces. */
static void
talk(struct buf *out, const uint8_t *cuts, const uint8_t *p, size_t n)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t at = 0, len;

	if (connect(fd, (struct sockaddr *)&address, address_len) == -1)
		bail_out("connect");
	for (int i = 0; cuts != NULL && i < CUTS; i++) {
		len = cuts[i] < n - at ? cuts[i] : n - at;
		say(fd, p + at, len);
		at += len;
		hear(fd, out);
	}
	say(fd, p + at, n - at);
	hear(fd, out);
	close(fd);
	UNTIL(http_server_connections(server) == 0 && wspool_count(pool) == 0);
	forget(out, "HTTP/1.1 100 Continue\r\n", "\r\n");
	forget(out, "Date: ", "\r\n");
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf whole = { 0 }, cut = { 0 };

	if (n < CUTS)
		return 0;
	if (server == NULL)
		begin();
	talk(&whole, NULL, p + CUTS, n - CUTS);
	talk(&cut, p, p + CUTS, n - CUTS);
	must(whole.len == cut.len);
	must(whole.len == 0 || memcmp(whole.data, cut.data, cut.len) == 0);
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
