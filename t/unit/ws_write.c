/* The frames a server sends, and the handshake. */
#include "t/lib/tap.h"
#include "ws/frame.h"
#include "ws/handshake.h"

static void
test_header(void)
{
	uint8_t h[WS_HEADER_MAX];

	is_int(ws_header(h, WS_TEXT, 0), 2, "a short header");
	is_mem(h, "\x81\x00", 2, "of an empty text");
	is_int(ws_header(h, WS_PING, 125), 2, "is short up to 125");
	is_mem(h, "\x89\x7d", 2, "and says so");
	is_int(ws_header(h, WS_BINARY, 126), 4, "then takes two more");
	is_mem(h, "\x82\x7e\x00\x7e", 4, "big end first");
	is_int(ws_header(h, WS_TEXT, 65535), 4, "up to 65535");
	is_mem(h, "\x81\x7e\xff\xff", 4, "the largest of them");
	is_int(ws_header(h, WS_TEXT, 65536), 10, "then eight more");
	is_mem(h, "\x81\x7f\0\0\0\0\0\1\0\0", 10, "big end first");
}

static void
test_close_frame(void)
{
	char reason[200];
	struct buf b = { 0 };

	ws_close_frame(&b, 0, "unsaid");
	is_mem(b.data, "\x88\x00", 2, "no code, no reason");
	is_int(b.len, 2, "at all");
	buf_clear(&b);
	ws_close_frame(&b, WS_NO_STATUS, NULL);
	is_int(b.len, 2, "1005 is never on the wire");
	buf_clear(&b);
	ws_close_frame(&b, WS_RESUME, "resume");
	is_int(b.len, 10, "a code and a reason");
	is_mem(b.data, "\x88\x08\x0f\xa1resume", 10, "one behind the other");
	buf_clear(&b);
	memset(reason, 'a', sizeof(reason));
	memcpy(reason + 122, "\xc3\xa4", 3);
	ws_close_frame(&b, WS_NORMAL, reason);
	is_int(b.len, 2 + 2 + 122, "a long reason is cut between characters");
	buf_free(&b);
}

static void
test_accept(void)
{
	char out[WS_ACCEPT];

	ws_accept("dGhlIHNhbXBsZSBub25jZQ==", out);
	is_str(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
	    "the accept value of RFC 6455's example");
}

static void
test_ask(void)
{
	static const struct ws_ask good = { "GET", "websocket", "Upgrade", "13",
		"dGhlIHNhbXBsZSBub25jZQ==" };
	struct ws_ask a = good;

	is_int(ws_check_ask(&a), 101, "a right request");
	a.connection = "keep-alive, UPGRADE";
	a.upgrade = "h2c , WebSocket";
	is_int(ws_check_ask(&a), 101, "tokens stand in lists, in any case");
	a.upgrade = "websockets";
	is_int(ws_check_ask(&a), 0, "but must be whole");
	a = good;
	a.upgrade = NULL;
	is_int(ws_check_ask(&a), 0, "an ordinary request");
	a = good;
	a.method = "POST";
	is_int(ws_check_ask(&a), 400, "only GET");
	a = good;
	a.connection = "keep-alive";
	is_int(ws_check_ask(&a), 400, "Connection must say Upgrade");
	a.connection = NULL;
	is_int(ws_check_ask(&a), 400, "and be there");
	a = good;
	a.version = "8";
	is_int(ws_check_ask(&a), 426, "an old version");
	a.version = NULL;
	is_int(ws_check_ask(&a), 426, "and none");
	a = good;
	a.key = NULL;
	is_int(ws_check_ask(&a), 400, "no key");
	a.key = "dGhlIHNhbXBsZSBub25jZQ=";
	is_int(ws_check_ask(&a), 400, "a short key");
	a.key = "dGhlIHNhbXBsZSBub25jZTEy";
	is_int(ws_check_ask(&a), 400, "a key of 18 bytes");
	a.key = "dGhlIHNhbXBsZSB\nb25jZQ==";
	is_int(ws_check_ask(&a), 400, "a key that is no base64");
}

static void
origin(const char *from, const char *host, bool want, const char *name)
{
	static char app[] = "https://app.example.org",
		    dev[] = "http://localhost:5173";
	static char *const allowed[] = { app, dev, NULL };

	ok(ws_origin_ok(from, host, allowed) == want, "%s %s to %s", name,
	    from == NULL ? "(none)" : from, host);
}

static void
test_origin(void)
{
	origin(NULL, "a.example", true, "not a browser:");
	origin("https://a.example", "a.example", true, "its own:");
	origin("https://A.Example", "a.example", true, "in any case:");
	origin("https://a.example", "a.example:443", true, "default port:");
	origin("https://a.example:443", "a.example", true, "default port:");
	origin("http://a.example:80", "a.example", true, "default port:");
	origin("http://a.example:8080", "a.example:8080", true, "a port:");
	origin("http://[::1]:8080", "[::1]:8080", true, "an address:");
	origin("http://[::1]", "[::1]:80", true, "an address:");
	origin("https://app.example.org", "a.example", true, "allowed:");
	origin("http://localhost:5173", "localhost:8080", true, "allowed:");
	origin("http://app.example.org", "a.example", false, "not its own:");
	origin(
	    "http://localhost:5174", "localhost:8080", false, "not allowed:");
	origin("https://b.example", "a.example", false, "another's:");
	origin("http://a.example:8080", "a.example", false, "another port:");
	origin("http://a.example", "a.example:443", false, "another port:");
	origin("https://a.example.evil", "a.example", false, "longer:");
	origin("https://a.exampl", "a.example", false, "shorter:");
	origin("null", "null", false, "null:");
	origin("null", "a.example", false, "null:");
	origin("", "", false, "empty:");
	origin("https://", "", false, "empty:");
	origin("https://a.example/", "a.example", false, "with a path:");
	origin("https://u@a.example", "a.example", false, "with a user:");
	origin("ftp://a.example", "a.example", false, "another scheme:");
	origin("https://a.example:0", "a.example:0", false, "port 0:");
	origin("https://a.example:99999", "a.example:99999", false, "no port:");
	origin("https://a.example:4x", "a.example:4x", false, "no port:");
	ok(!ws_origin_ok("https://b.example", "a.example", NULL),
	    "nothing is allowed when nothing is listed");
	ok(!ws_origin_ok("https://b.example", NULL, NULL), "nor without Host");
}

int
main(void)
{
	test_header();
	test_close_frame();
	test_accept();
	test_ask();
	test_origin();
	return done_testing();
}
