/* http/reply.c - answers, each with the headers that protect the client. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/log.h"
#include "http/internal.h"

/* doc/PROTOCOL.md. connect-src falls back to 'self', which covers ws: and wss:
 * of the same host (CSP 3). */
static const char security[] =
    "Content-Security-Policy: default-src 'self'; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'; require-trusted-types-for 'script'; "
    "trusted-types vue dompurify\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), display-capture=(), geolocation=(), "
    "microphone=(), payment=(), usb=()\r\n";

static const char hsts[] = "Strict-Transport-Security: max-age=31536000\r\n";

static const struct {
	int status;
	const char *text;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 411, "Length Required" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 426, "Upgrade Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
};

static const char *
reason(int status)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Unknown";
}

/* RFC 9110 §5.6.7, made once a second. */
static const char *
date(struct http_server *s)
{
	time_t now = time(NULL);
	struct tm tm;

	if (now != s->date_at) {
		gmtime_r(&now, &tm);
		strftime(
		    s->date, sizeof(s->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		s->date_at = now;
	}
	return s->date;
}

static void
status_line(struct http_server *s, struct evbuffer *out, int status)
{
	evbuffer_add_printf(out,
	    "HTTP/1.1 %d %s\r\nDate: %s\r\nServer: burungd\r\n", status,
	    reason(status), date(s));
	evbuffer_add(out, security, sizeof(security) - 1);
}

void
http_reply_refusal(
    struct http_server *s, struct evbuffer *out, const struct http_refusal *r)
{
	char text[160];
	int n = snprintf(text, sizeof(text), "%d %s: %s.\n", r->status,
	    reason(r->status), r->why);

	status_line(s, out, r->status);
	evbuffer_add_printf(out,
	    "Cache-Control: no-store\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: %d\r\nConnection: close\r\n\r\n%s",
	    n, text);
}

void
http_reply_header(struct http_request *req, const char *name, const char *value)
{
	if (strpbrk(name, "\r\n: ") != NULL || *name == '\0' ||
	    strpbrk(value, "\r\n") != NULL)
		log_fatal("a reply's header has a line break or a wrong name");
	if (req->gate == NULL)
		return;
	if (req->extra == NULL && (req->extra = evbuffer_new()) == NULL)
		log_fatal("no memory");
	if (strcasecmp(name, "Cache-Control") == 0)
		req->cache = true;
	evbuffer_add_printf(req->extra, "%s: %s\r\n", name, value);
}

void
http_reply_interim(
    struct http_request *req, const char *name, const char *value)
{
	if (strpbrk(name, "\r\n: ") != NULL || strpbrk(value, "\r\n") != NULL)
		log_fatal("an interim reply's header has a line break");
	if (req->gate == NULL || req->head->minor == 0)
		return;
	evbuffer_add_printf(bufferevent_get_output(req->gate->bev),
	    "HTTP/1.1 102 Processing\r\n%s: %s\r\n\r\n", name, value);
}

/* Status line and headers. */
static void
reply_head(struct http_request *req, int status, const char *type, size_t len)
{
	struct http_gate *g = req->gate;
	struct evbuffer *out = bufferevent_get_output(g->bev);

	if (type != NULL && strpbrk(type, "\r\n") != NULL)
		log_fatal("a reply's type has a line break");
	status_line(g->server, out, status);
	if (req->tls)
		evbuffer_add(out, hsts, sizeof(hsts) - 1);
	if (type != NULL)
		evbuffer_add_printf(out, "Content-Type: %s\r\n", type);
	if (!req->cache)
		evbuffer_add_printf(out, "Cache-Control: no-store\r\n");
	if (req->extra != NULL)
		evbuffer_add_buffer(out, req->extra);
	if (status != 204 && status != 304)
		evbuffer_add_printf(out, "Content-Length: %zu\r\n", len);
	if (!http_gate_keeps(g))
		evbuffer_add_printf(out, "Connection: close\r\n");
	else if (req->head->minor == 0)
		evbuffer_add_printf(out, "Connection: keep-alive\r\n");
	evbuffer_add(out, "\r\n", 2);
}

static bool
has_body(const struct http_request *req, int status)
{
	return http_method(req) != HTTP_HEAD && status != 204 && status != 304;
}

/* The answer is in the output; the gate goes on when it is out. */
static void
reply_end(struct http_request *req)
{
	struct http_gate *g = req->gate;

	g->close = !http_gate_keeps(g);
	evhtp_send_reply_end(g->conn->request);
	g->req = NULL;
	http_request_free(req);
}

void
http_reply(struct http_request *req, int status, const char *type,
    const void *body, size_t len)
{
	if (req->gate == NULL) {
		http_request_free(req);
		return;
	}
	reply_head(req, status, type, len);
	if (len > 0 && has_body(req, status))
		evbuffer_add(bufferevent_get_output(req->gate->bev), body, len);
	reply_end(req);
}

void
http_reply_file(
    struct http_request *req, int status, const char *type, int fd, size_t len)
{
	struct evbuffer *file;

	if (req->gate == NULL || len == 0 || !has_body(req, status)) {
		close(fd);
		if (req->gate != NULL) {
			reply_head(req, status, type, len);
			reply_end(req);
		} else
			http_request_free(req);
		return;
	}
	if ((file = evbuffer_new()) == NULL)
		log_fatal("no memory");
	if (evbuffer_add_file(file, fd, 0, (ev_off_t)len) == -1) {
		close(fd);
		evbuffer_free(file);
		http_reply(req, 500, NULL, NULL, 0);
		return;
	}
	reply_head(req, status, type, len);
	evbuffer_add_buffer(bufferevent_get_output(req->gate->bev), file);
	evbuffer_free(file);
	reply_end(req);
}
