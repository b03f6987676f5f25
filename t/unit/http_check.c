/* t/unit/http_check.c - which header blocks are accepted, and what the others
 * are answered. */
#include <stdlib.h>

#include "../lib/tap.h"
#include "http/check.h"

#define BODY_MAX 1000
#define HOST     "Host: a\r\n"

struct verdict {
	int status; /* 0: accepted; -1: more is awaited */
	struct http_head *head;
};

/* Judges len bytes that come as one piece. */
static struct verdict
judge_n(const char *p, size_t len)
{
	struct http_scan scan = { 0 };
	struct http_refusal r = { 0 };
	size_t n = http_scan(&scan, (const uint8_t *)p, len, &r);
	struct verdict v = { .status = r.status };

	if (n == 0 && r.status == 0)
		v.status = -1;
	if (n == 0)
		return v;
	v.head = http_head_read((const uint8_t *)p, n, BODY_MAX, &r);
	v.status = r.status;
	if ((v.head == NULL) != (r.status != 0) ||
	    (r.status != 0 && r.why == NULL))
		bail_out("a refusal without a status or a reason");
	return v;
}

static int
status(const char *text)
{
	struct verdict v = judge_n(text, strlen(text));

	free(v.head);
	return v.status;
}

static void
test_table(void)
{
	static const struct {
		const char *name, *text;
		int status;
	} cases[] = {
		{ "a plain GET", "GET / HTTP/1.1\r\n" HOST "\r\n", 0 },
		{ "HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0 },
		{ "HTTP/1.1 without Host", "GET / HTTP/1.1\r\n\r\n", 400 },
		{ "two Hosts", "GET / HTTP/1.1\r\n" HOST "hOsT: a\r\n\r\n",
		    400 },
		{ "two Hosts in HTTP/1.0",
		    "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400 },
		{ "an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400 },
		{ "a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
		    400 },
		{ "a Host with user info",
		    "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400 },
		{ "an IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
		    0 },

		{ "HTTP/3.9", "GET / HTTP/3.9\r\n" HOST "\r\n", 505 },
		{ "HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 505 },
		{ "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\n", 505 },
		{ "HTTP/1.10", "GET / HTTP/1.10\r\n" HOST "\r\n", 400 },
		{ "http/1.1", "GET / http/1.1\r\n" HOST "\r\n", 400 },
		{ "HTTP/0.9", "GET /\r\n\r\n", 400 },
		{ "two blanks before the version",
		    "GET /  HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "two blanks behind the method",
		    "GET  / HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "a tab in the request line",
		    "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "a blank before the method",
		    " GET / HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "a method in lower case", "get / HTTP/1.1\r\n" HOST "\r\n",
		    400 },
		{ "a method of other characters",
		    "G\"T / HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "a method of 21 letters",
		    "ABCDEFGHIJKLMNOPQRSTU / HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "M-SEARCH", "M-SEARCH / HTTP/1.1\r\n" HOST "\r\n", 0 },
		{ "an empty line first", "\r\nGET / HTTP/1.1\r\n\r\n", 400 },

		{ "the absolute form", "GET http://a/ HTTP/1.1\r\n" HOST "\r\n",
		    400 },
		{ "the asterisk form", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
		    400 },
		{ "the authority form", "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n",
		    400 },
		{ "a fragment", "GET /#a HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "a backslash", "GET /\\a HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "a byte above 127", "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n",
		    400 },
		{ "a % without digits", "GET /%zz HTTP/1.1\r\n" HOST "\r\n",
		    400 },
		{ "a % at the end", "GET /% HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "a % before one digit", "GET /%a HTTP/1.1\r\n" HOST "\r\n",
		    400 },
		{ "a % in the query without digits",
		    "GET /?%g0 HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "an escaped NUL", "GET /%00 HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "right escapes",
		    "GET /%41%2f?%c3%A4 HTTP/1.1\r\n" HOST "\r\n", 0 },
		{ "what browsers leave in a query",
		    "GET /?a[0]={x|y} HTTP/1.1\r\n" HOST "\r\n", 0 },

		{ "bare LFs", "GET / HTTP/1.1\n" HOST "\n", 400 },
		{ "a bare CR", "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400 },
		{ "an escape character", "GET / HTTP/1.1\r\nA: \x1b\r\n\r\n",
		    400 },
		{ "a DEL", "GET / HTTP/1.1\r\nA: \x7f\r\n\r\n", 400 },
		{ "obs-fold", "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n",
		    400 },
		{ "obs-fold by a tab",
		    "GET / HTTP/1.1\r\n" HOST "A: b\r\n\tc\r\n\r\n", 400 },
		{ "a blank before the first header",
		    "GET / HTTP/1.1\r\n " HOST "\r\n", 400 },
		{ "a blank before a colon",
		    "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400 },
		{ "a header without a colon",
		    "GET / HTTP/1.1\r\n" HOST "A\r\n\r\n", 400 },
		{ "a header without a name",
		    "GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", 400 },
		{ "a name that is no token",
		    "GET / HTTP/1.1\r\n" HOST "A(b): c\r\n\r\n", 400 },
		{ "an empty value", "GET / HTTP/1.1\r\n" HOST "A:\r\n\r\n", 0 },
		{ "bytes above 127 in a value",
		    "GET / HTTP/1.1\r\n" HOST "A: \xe4\r\n\r\n", 0 },
		{ "two Authorizations",
		    "GET / HTTP/1.1\r\n" HOST
		    "Authorization: a\r\nAuthorization: b\r\n\r\n",
		    400 },
		{ "two Origins",
		    "GET / HTTP/1.1\r\n" HOST "Origin: a\r\nOrigin: a\r\n\r\n",
		    400 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(status(cases[i].text), cases[i].status, "%s: %d",
		    cases[i].name, cases[i].status);
}

/* A POST with these header lines. */
static int
post(const char *lines)
{
	char text[1024];

	snprintf(
	    text, sizeof(text), "POST / HTTP/1.1\r\n" HOST "%s\r\n", lines);
	return status(text);
}

static void
test_bodies(void)
{
	static const struct {
		const char *lines;
		int status;
	} cases[] = {
		{ "", 0 },
		{ "Content-Length: 0\r\n", 0 },
		{ "Content-Length:\t5 \r\nContent-Type: application/json\r\n",
		    0 },
		{ "Content-Length: 5\r\nContent-Type: Application/JSON; "
		  "charset=utf-8\r\n",
		    0 },
		{ "Content-Length: 1000\r\nContent-Type: "
		  "application/json\r\n",
		    0 },
		{ "Content-Length: 1001\r\nContent-Type: "
		  "application/json\r\n",
		    413 },
		{ "Content-Length: 5\r\n", 415 },
		{ "Content-Length: 5\r\nContent-Type: text/plain\r\n", 415 },
		{ "Content-Length: 5\r\nContent-Type: application/jsonx\r\n",
		    415 },
		{ "Content-Length: 5\r\nContent-Type: "
		  "application/x-www-form-urlencoded\r\n",
		    415 },
		{ "Content-Length: 5\r\nContent-Type: multipart/form-data; "
		  "boundary=x\r\n",
		    415 },
		{ "Content-Length: 5000000\r\nContent-Type: "
		  "application/x-www-form-urlencoded\r\n",
		    415 },
		{ "Content-Type: application/json\r\nContent-Type: "
		  "text/plain\r\n",
		    400 },
		{ "Content-Length: 5\r\nContent-Length: 5\r\n", 400 },
		{ "Content-Length: 5\r\nContent-Length: 6\r\n", 400 },
		{ "Content-Length: 5, 5\r\n", 400 },
		{ "Content-Length: +5\r\n", 400 },
		{ "Content-Length: -5\r\n", 400 },
		{ "Content-Length: 5 5\r\n", 400 },
		{ "Content-Length: 0x5\r\n", 400 },
		{ "Content-Length: 5a\r\n", 400 },
		{ "Content-Length:\r\n", 400 },
		{ "Content-Length: 18446744073709551617\r\nContent-Type: "
		  "application/json\r\n",
		    413 },
		{ "Content-Length: "
		  "99999999999999999999999999999999999999999\r\n"
		  "Content-Type: application/json\r\n",
		    413 },
		{ "Transfer-Encoding: chunked\r\n", 411 },
		{ "Transfer-Encoding: identity\r\n", 411 },
		{ "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400 },
		{ "Content-Length: 5\r\ntransfer-encoding: xchunked\r\n", 400 },
		{ "Expect: 100-continue\r\n", 0 },
		{ "Expect: 100-Continue\r\nContent-Length: 5\r\nContent-Type: "
		  "application/json\r\n",
		    0 },
		{ "Expect: 200-ok\r\n", 417 },
		{ "Expect: 100-continue\r\nContent-Length: 1001\r\n"
		  "Content-Type: application/json\r\n",
		    413 },
	};
	size_t i, n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = strcspn(cases[i].lines, "\r");
		is_int(post(cases[i].lines), cases[i].status,
		    "body %zu, %.*s: %d", i, (int)n, cases[i].lines,
		    cases[i].status);
	}
}

static void
test_values(void)
{
	static const char text[] =
	    "POST /a/b%20c?d=e&f?g HTTP/1.1\r\n"
	    "hOsT:\t a.example:8080 \t\r\n"
	    "Cookie: a=1\r\nX-Forwarded-For: 1.1.1.1\r\nCookie: b=2\r\n"
	    "X-Forwarded-For: 2.2.2.2\r\nContent-Length: 7\r\n"
	    "Content-Type: application/json\r\nExpect: 100-continue\r\n"
	    "cookie: c=3\r\n\r\n";
	struct http_head *h = judge_n(text, sizeof(text) - 1).head;

	if (!ok(h != NULL, "a request of all kinds is accepted"))
		return;
	is_str(h->method, "POST", "its method");
	is_str(h->path, "/a/b%20c", "its path, as sent");
	is_str(h->query, "d=e&f?g", "its query, from the first mark on");
	is_int(h->length, 7, "its length");
	ok(h->expect, "it waits for 100");
	ok(h->keep_alive, "it stays open");
	is_str(http_head_value(h, "Host"), "a.example:8080",
	    "names are found in any case, values without blanks");
	is_str(http_head_value(h, "Cookie"), "a=1; b=2; c=3",
	    "several cookie lines become one");
	is_str(http_head_value(h, "X-Forwarded-For"), "1.1.1.1, 2.2.2.2",
	    "other repeated headers become a list");
	ok(http_head_value(h, "Accept") == NULL, "what is absent is absent");
	free(h);
}

static void
test_upgrade(void)
{
	static const char *const texts[] = {
		"GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n\r\n",
		"GET / HTTP/1.0\r\n" HOST "Upgrade: websocket\r\n\r\n",
	};
	struct http_head *new = judge_n(texts[0], strlen(texts[0])).head;
	struct http_head *old = judge_n(texts[1], strlen(texts[1])).head;

	is_str(http_head_value(new, "Upgrade"), "websocket",
	    "HTTP/1.1 may ask for an upgrade");
	is_str(http_head_value(old, "Upgrade"), NULL, "HTTP/1.0 may not");
	free(new);
	free(old);
}

static void
test_keep_alive(void)
{
	static const struct {
		const char *text;
		bool keep;
	} cases[] = {
		{ "GET / HTTP/1.1\r\n" HOST "\r\n", true },
		{ "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
		    false },
		{ "GET / HTTP/1.1\r\n" HOST "Connection: TE, Close\r\n\r\n",
		    false },
		{ "GET / HTTP/1.1\r\n" HOST "Connection: closed\r\n\r\n",
		    true },
		{ "GET / HTTP/1.0\r\n\r\n", false },
		{ "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true },
	};
	size_t i;
	struct verdict v;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		v = judge_n(cases[i].text, strlen(cases[i].text));
		ok(v.head != NULL && v.head->keep_alive == cases[i].keep,
		    "keep-alive %zu is %d", i, cases[i].keep);
		free(v.head);
	}
}

/* Wherever it is cut, the second piece completes it; a NUL is found at every
 * place. */
static void
test_pieces(void)
{
	static const char text[] =
	    "POST /x HTTP/1.1\r\n" HOST "Content-Length: 0\r\nA: b\r\n\r\n";
	size_t n = sizeof(text) - 1, i, late = 0, early = 0, nuls = 0;
	struct http_refusal r;
	char copy[sizeof(text)];
	struct http_scan s;

	for (i = 0; i < n; i++) {
		s = (struct http_scan){ 0 };
		early += http_scan(&s, (const uint8_t *)text, i, &r) != 0 ||
			 r.status != 0;
		late += http_scan(&s, (const uint8_t *)text, n, &r) != n;
		memcpy(copy, text, sizeof(text));
		copy[i] = '\0';
		nuls += judge_n(copy, n).status == 400;
	}
	is_int(early, 0, "no beginning of a block is taken for a whole one");
	is_int(late, 0, "a block in two pieces is found at every split point");
	is_int(nuls, n, "a NUL is refused at every place");
}

static void
test_limits(void)
{
	static char text[HTTP_BLOCK_MAX + 64];
	char *p;
	int i;

	p = stpcpy(text, "GET /");
	memset(p, 'a', HTTP_TARGET_MAX - 1);
	strcpy(p + HTTP_TARGET_MAX - 1, " HTTP/1.1\r\n" HOST "\r\n");
	is_int(status(text), 0, "an address of 2 KiB is accepted");
	strcpy(p + HTTP_TARGET_MAX - 1, "a HTTP/1.1\r\n" HOST "\r\n");
	is_int(status(text), 414, "one byte more is 414");
	memset(text, 'A', 3000);
	is_int(judge_n(text, 3000).status, 414,
	    "an endless request line is 414 before it ends");
	p = stpcpy(text, "GET / HTTP/1.1\r\n" HOST);
	for (i = 0; i < 99; i++)
		p = stpcpy(p, "A: b\r\n");
	strcpy(p, "\r\n");
	is_int(status(text), 0, "100 header lines are accepted");
	strcpy(p, "A: b\r\n\r\n");
	is_int(status(text), 431, "101 are 431");
	p = stpcpy(text, "GET / HTTP/1.1\r\n" HOST "A: ");
	memset(p, 'b', (size_t)(text + sizeof(text) - p));
	strcpy(text + HTTP_BLOCK_MAX - 4, "\r\n\r\n");
	is_int(status(text), 0, "a block of 16 KiB is accepted");
	strcpy(text + HTTP_BLOCK_MAX - 4, "b\r\n\r\n");
	is_int(status(text), 431, "one byte more is 431");
	memset(p, 'b', (size_t)(text + sizeof(text) - p));
	is_int(judge_n(text, HTTP_BLOCK_MAX).status, -1,
	    "16 KiB without an end wait for more");
}

int
main(void)
{
	test_table();
	test_bodies();
	test_values();
	test_upgrade();
	test_keep_alive();
	test_pieces();
	test_limits();
	return done_testing();
}
