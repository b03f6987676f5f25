/* ws_read: the rules of RFC 6455 for what a client sends, however it is cut. */
#include "t/lib/tap.h"
#include "t/lib/ws_client.h"
#include "t/lib/ws_feed.h"

enum { MAX = 70000, FIN = CLIENT_FIN };

/* What the stream gives, the first `cut` bytes at once, then `step` at a time.
 */
static char *
read_in_pieces(const struct buf *b, size_t cut, size_t step, size_t *rest_r)
{
	struct feed f = { .max = MAX };
	char *record;
	size_t n;

	feed_some(&f, b->data, cut);
	for (size_t at = cut; at < b->len; at += n) {
		n = b->len - at < step ? b->len - at : step;
		feed_some(&f, b->data + at, n);
	}
	record = mem_strdup(buf_cstr(&f.record));
	*rest_r = f.rest_max;
	feed_free(&f);
	return record;
}

/* The stream, which is freed, gives want: whole, byte by byte, and cut in two
 * at every place. */
static void
gives(struct buf *b, const char *want, const char *name)
{
	size_t wrong = 0, rest, rest_max = 0, step = b->len > 5000 ? 97 : 1;
	char *got = read_in_pieces(b, b->len, 1, &rest);

	is_str(got, want, "%s", name);
	free(got);
	for (size_t cut = 0; cut <= b->len; cut += step) {
		got = read_in_pieces(b, cut, b->len, &rest);
		wrong += strcmp(got, want) != 0;
		rest_max = rest > rest_max ? rest : rest_max;
		free(got);
	}
	got = read_in_pieces(b, 0, 1, &rest);
	wrong += strcmp(got, want) != 0;
	free(got);
	ok(wrong == 0 && rest_max <= 130,
	    "… however it is cut, with at most 130 bytes left over");
	buf_free(b);
}

static void
test_messages(void)
{
	struct buf b = { 0 };

	client_text(&b, "hello");
	gives(&b, "T5:hello ", "a text is read");
	client_text(&b, "");
	client_frame(&b, FIN | WS_BINARY, "\xff!", 2);
	client_frame(&b, FIN | WS_BINARY, "", 0);
	client_text(&b, "\xc3\xa4");
	gives(&b, "T0: B2:\xff! B0: T2:\xc3\xa4 ",
	    "messages follow each other, empty ones too");
	client_frame(&b, WS_TEXT, "he", 2);
	client_frame(&b, WS_CONT, "l", 1);
	client_frame(&b, FIN | WS_CONT, "lo", 2);
	client_text(&b, "next");
	gives(&b, "T5:hello T4:next ", "fragments make a message");
	client_frame(&b, WS_TEXT, "", 0);
	client_frame(&b, WS_CONT, "", 0);
	client_frame(&b, FIN | WS_CONT, "", 0);
	client_frame(&b, WS_BINARY, "", 0);
	client_frame(&b, FIN | WS_CONT, "x", 1);
	gives(&b, "T0: B1:x ", "fragments may be empty");
	client_frame(&b, WS_TEXT, "he", 2);
	client_frame(&b, FIN | WS_PING, "1", 1);
	client_frame(&b, WS_CONT, "l", 1);
	client_frame(&b, FIN | WS_PONG, "", 0);
	client_frame(&b, FIN | WS_CONT, "lo", 2);
	gives(&b, "p1:1 o0: T5:hello ", "pings come between fragments");
}

static void
test_lengths(void)
{
	static const size_t lens[] = { 125, 126, 127, 128, 1000, 65535, 65536,
		MAX };
	uint8_t *payload = mem_alloc(MAX + 1);
	struct buf b = { 0 }, want = { 0 };

	memset(payload, 'x', MAX + 1);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		client_frame(&b, FIN | WS_BINARY, payload, lens[i]);
		client_text(&b, "behind");
		note(&want, 'B', 0, payload, lens[i]);
		buf_adds(&want, "T6:behind ");
		gives(&b, buf_cstr(&want), "a message of every kind of length");
		buf_clear(&want);
	}
	client_frame(&b, FIN | WS_BINARY, payload, MAX + 1);
	gives(&b, "!1009", "one byte too much is too much");
	client_frame(&b, WS_BINARY, payload, MAX);
	client_frame(&b, WS_CONT, payload, 0);
	client_frame(&b, FIN | WS_CONT, payload, 1);
	gives(&b, "!1009", "also in fragments");
	free(payload);
	buf_free(&want);
}

/* A frame whose header alone is sent: it must be judged by that. */
static void
header_gives(unsigned first, uint64_t len, int digits, const char *want,
    const char *name)
{
	static const uint8_t mask[4] = { 1, 2, 3, 4 };
	struct buf b = { 0 };

	client_header(&b, first, len, digits, mask);
	gives(&b, want, name);
}

static void
test_broken_headers(void)
{
	char name[80];
	struct buf b = { 0 };

	for (unsigned op = 3; op < 16; op++) {
		if (op >= WS_CLOSE && op <= WS_PONG)
			continue;
		snprintf(name, sizeof(name), "opcode %u is not known", op);
		header_gives(FIN | op, 0, 0, "!1002", name);
	}
	header_gives(FIN | 0x40 | WS_TEXT, 0, 0, "!1002", "RSV1 must be 0");
	header_gives(FIN | 0x20 | WS_PING, 0, 0, "!1002", "RSV2 must be 0");
	header_gives(FIN | 0x10 | WS_TEXT, 5, 0, "!1002", "RSV3 must be 0");
	header_gives(WS_PING, 0, 0, "!1002", "a ping has no fragments");
	header_gives(WS_CLOSE, 0, 0, "!1002", "a close has no fragments");
	header_gives(FIN | WS_PING, 126, 2, "!1002", "a ping is short");
	header_gives(FIN | WS_CLOSE, 70000, 8, "!1002", "a close is short");
	header_gives(FIN | WS_CONT, 1, 0, "!1002", "nothing to continue");
	header_gives(WS_CONT, 1, 0, "!1002", "nothing to continue, not final");
	header_gives(FIN | WS_TEXT, 125, 2, "!1002", "125 in two bytes");
	header_gives(FIN | WS_TEXT, 125, 8, "!1002", "125 in eight bytes");
	header_gives(FIN | WS_TEXT, 65535, 8, "!1002", "65535 in eight bytes");
	header_gives(FIN | WS_TEXT, 1ull << 63, 8, "!1002", "a 64-bit length");
	header_gives(
	    FIN | WS_TEXT, INT64_MAX, 8, "!1009", "the largest length");
	header_gives(FIN | WS_TEXT, 9, 0, "", "a header alone is no message");
	client_frame(&b, WS_TEXT, "a", 1);
	client_frame(&b, FIN | WS_TEXT, "b", 1);
	gives(&b, "!1002", "a message in the middle of another");
	client_frame(&b, WS_TEXT, "a", 1);
	client_frame(&b, WS_BINARY, "b", 1);
	gives(&b, "!1002", "fragments in the middle of others");
	client_text(&b, "before");
	buf_add(&b, "\x81\x01x", 3);
	gives(&b, "T6:before !1002", "an unmasked frame");
}

static void
test_early(void)
{
	struct feed f = { .max = MAX };

	feed_some(&f, (const uint8_t *)"\xf1", 1);
	is_int(f.code, 1002, "a broken first byte is enough");
	feed_free(&f);
	f = (struct feed){ .max = MAX };
	feed_some(&f, (const uint8_t *)"\x81\x85\0\0\0\0h\xff", 8);
	is_int(f.code, 1007, "a wrong byte is told before its frame ends");
	feed_free(&f);
	f = (struct feed){ .max = MAX };
	feed_some(&f, (const uint8_t *)"\x01\x83\0\0\0\0\xed\xa0", 8);
	is_int(f.code, 1007, "and half a surrogate before its character ends");
	feed_free(&f);
}

static void
test_text(void)
{
	struct buf b = { 0 };

	client_frame(&b, WS_TEXT, "\xe2\x82", 2);
	client_frame(&b, FIN | WS_PING, "\xff", 1);
	client_frame(&b, FIN | WS_CONT, "\xac", 1);
	gives(&b, "p1:\xff T3:\xe2\x82\xac ",
	    "a character goes over fragments and a ping");
	client_frame(&b, FIN | WS_TEXT, "\xe2\x82", 2);
	gives(&b, "!1007", "a character that does not end");
	client_frame(&b, WS_TEXT, "\xe2\x82", 2);
	client_frame(&b, FIN | WS_CONT, "", 0);
	gives(&b, "!1007", "nor in an empty last fragment");
	client_frame(&b, WS_TEXT, "\xe2\x82", 2);
	client_frame(&b, WS_CONT, "x", 1);
	gives(&b, "!1007", "told before the message ends");
	client_frame(&b, FIN | WS_TEXT, "\xc0\x80", 2);
	gives(&b, "!1007", "an overlong form");
	client_frame(&b, FIN | WS_TEXT, "\xf4\x90\x80\x80", 4);
	gives(&b, "!1007", "beyond U+10FFFF");
	client_frame(&b, WS_BINARY, "\xe2", 1);
	client_frame(&b, FIN | WS_CONT, "\xff", 1);
	client_text(&b, "\xf0\x9f\x98\x80");
	gives(&b, "B2:\xe2\xff T4:\xf0\x9f\x98\x80 ", "binary is not checked");
}

static void
test_close(void)
{
	static const unsigned good[] = { 1000, 1001, 1002, 1003, 1007, 1008,
		1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999 };
	static const unsigned bad[] = { 0, 999, 1004, 1005, 1006, 1015, 1016,
		1100, 2000, 2999, 5000, 65535 };
	struct buf b = { 0 };
	char want[32];

	client_frame(&b, FIN | WS_CLOSE, "", 0);
	gives(&b, "c1005,0: ", "a close without a code");
	client_frame(&b, FIN | WS_CLOSE, "\x03", 1);
	gives(&b, "!1002", "a close with half a code");
	client_frame(&b, FIN | WS_CLOSE,
	    "\x03\xe8"
	    "bye",
	    5);
	gives(&b, "c1000,3:bye ", "a close with a reason");
	client_frame(&b, FIN | WS_CLOSE, "\x03\xe8\xc3\xa4", 4);
	gives(&b, "c1000,2:\xc3\xa4 ", "whose reason is text");
	client_frame(&b, FIN | WS_CLOSE, "\x03\xe8\xc3", 3);
	gives(&b, "!1007", "and nothing else");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		client_close(&b, good[i]);
		snprintf(want, sizeof(want), "c%u,0: ", good[i]);
		gives(&b, want, "a code that may be sent");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		client_close(&b, bad[i]);
		gives(&b, "!1002", "a code that may not be sent");
	}
}

static bool
stop_after(void *arg, enum ws_opcode op, const uint8_t *p, size_t len)
{
	feed_message(arg, op, p, len);
	return false;
}

static void
test_stop(void)
{
	static const struct ws_sink sink = { stop_after, feed_control };
	struct buf b = { 0 }, record = { 0 };
	struct ws_in in = { 0 };
	size_t used, first;
	unsigned code;

	client_text(&b, "one");
	first = b.len;
	client_text(&b, "two");
	used = ws_read(&in, b.data, b.len, MAX, &sink, &record, &code);
	is_int(used, first, "the sink stops the reading behind a message");
	is_int(code, 0, "which is not an error");
	used += ws_read(
	    &in, b.data + used, b.len - used, MAX, &sink, &record, &code);
	is_int(used, b.len, "and it goes on from there");
	is_str(buf_cstr(&record), "T3:one T3:two ", "nothing is lost");
	ok(in.partial == NULL, "no memory is kept");
	is_int(sizeof(in), 16, "an idle reader takes 16 bytes");
	buf_free(&b);
	buf_free(&record);
}

static bool
in_place(void *arg, enum ws_opcode op, const uint8_t *p, size_t len)
{
	*(const uint8_t **)arg = p;
	return true;
}

static void
test_in_place(void)
{
	static const struct ws_sink sink = { in_place, feed_control };
	struct buf b = { 0 };
	struct ws_in in = { 0 };
	const uint8_t *at = NULL;
	unsigned code;

	client_text(&b, "here");
	ws_read(&in, b.data, b.len, MAX, &sink, &at, &code);
	ok(at == b.data + 6, "a whole message is not copied");
	ok(in.partial == NULL, "nor is memory taken for it");
	buf_free(&b);
}

int
main(void)
{
	test_messages();
	test_lengths();
	test_broken_headers();
	test_early();
	test_text();
	test_close();
	test_stop();
	test_in_place();
	return done_testing();
}
