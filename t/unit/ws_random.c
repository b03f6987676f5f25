/* ws_read against a slow decoder of its own kind, on streams that are right,
 * nearly right and wrong, cut at random. */
#include "t/lib/tap.h"
#include "t/lib/ws_client.h"
#include "t/lib/ws_slow.h"

enum { STREAMS = 30000, MAX = 300 };

static uint32_t state = 1;

/* The same numbers each time, so that a failure can be repeated. */
static unsigned
below(unsigned n)
{
	state = state * 1664525u + 1013904223u;
	return (unsigned)((uint64_t)state * n >> 32);
}

static size_t
random_text(uint8_t *p, size_t max)
{
	static const char *const parts[] = { "a", "halo", "\xc3\xa4",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xee\x80\x80",
		"\xf4\x8f\xbf\xbf", "\xed\x9f\xbf" };
	size_t n = 0, len;
	const char *part;

	for (unsigned k = below(12); k > 0; k--) {
		part = parts[below(8)];
		len = strlen(part);
		if (n + len > max)
			break;
		memcpy(p + n, part, len);
		n += len;
	}
	return n;
}

static void
random_control(struct buf *b)
{
	uint8_t p[125];
	size_t n = below(8) == 0 ? below(126) : below(4);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)below(256);
	client_frame(b, CLIENT_FIN | (WS_PING + below(2)), p, n);
}

/* A message in some fragments, with control frames between. */
static void
random_message(struct buf *b)
{
	unsigned op = 1 + below(2), fin = 0;
	uint8_t p[200];
	size_t n, at = 0, len;

	n = op == WS_TEXT ? random_text(p, sizeof(p)) : below(sizeof(p));
	if (op == WS_BINARY)
		memset(p, 'b', n);
	while (fin == 0) {
		if (below(4) == 0)
			random_control(b);
		len = below(3) == 0 ? below((unsigned)(n - at) + 1) : n - at;
		fin = at + len == n ? CLIENT_FIN : 0;
		client_frame(b, fin | op, p + at, len);
		op = WS_CONT;
		at += len;
	}
}

/* Most end early in a close or a fault, so the faults are rare. */
static void
random_stream(struct buf *b)
{
	static const unsigned codes[] = { 1000, 1005, 1001, 4001 };

	for (unsigned k = below(6); k > 0; k--)
		random_message(b);
	if (below(4) == 0)
		client_close(b, codes[below(4)]);
	if (b->len > 0 && below(3) == 0)
		b->data[below((unsigned)b->len)] ^= (uint8_t)(1u << below(8));
	if (b->len > 0 && below(6) == 0)
		b->len = below((unsigned)b->len);
	if (below(20) == 0) {
		for (unsigned k = below(40); k > 0; k--)
			buf_addc(b, (char)below(256));
	}
}

static bool
same_as_slow(const struct buf *b, struct feed *f, struct buf *want)
{
	size_t n;

	slow_read(want, b->data, b->len, f->max);
	for (size_t at = 0; at < b->len; at += n) {
		n = 1 + below(below(3) == 0 ? 3 : (unsigned)b->len);
		n = n > b->len - at ? b->len - at : n;
		feed_some(f, b->data + at, n);
	}
	return strcmp(buf_cstr(&f->record), buf_cstr(want)) == 0;
}

int
main(void)
{
	unsigned wrong = 0, failed = 0;
	size_t messages = 0;
	struct buf b = { 0 }, want = { 0 };
	struct feed f;

	for (unsigned i = 0; i < STREAMS && wrong < 3; i++) {
		f = (struct feed){ .max = MAX };
		random_stream(&b);
		if (!same_as_slow(&b, &f, &want)) {
			wrong++;
			diag("stream %u: got  %s", i, buf_cstr(&f.record));
			diag("stream %u: want %s", i, buf_cstr(&want));
		}
		failed += f.code != 0;
		for (size_t k = 0; k < f.record.len; k++)
			messages += f.record.data[k] == ' ';
		buf_clear(&b);
		buf_clear(&want);
		feed_free(&f);
	}
	is_int(wrong, 0, "%d streams are read as the slow decoder reads them",
	    STREAMS);
	ok(failed > STREAMS / 20 && failed < STREAMS / 2,
	    "some of them were broken (%u)", failed);
	ok(messages > STREAMS, "and most were not (%zu things found)",
	    messages);
	buf_free(&b);
	buf_free(&want);
	return done_testing();
}
