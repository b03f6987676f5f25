/* t/unit/base_utf8.c - every code point, every pair of bytes, every cut. */
#include "../lib/tap.h"
#include "base/utf8.h"

/* RFC 3629 section 3, written down once more as arithmetic. */
static size_t
encode(uint32_t c, uint8_t *p)
{
	if (c < 0x80)
		return p[0] = (uint8_t)c, 1;
	if (c < 0x800) {
		p[0] = (uint8_t)(0xc0 | c >> 6);
		p[1] = (uint8_t)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (uint8_t)(0xe0 | c >> 12);
		p[1] = (uint8_t)(0x80 | (c >> 6 & 63));
		p[2] = (uint8_t)(0x80 | (c & 63));
		return 3;
	}
	p[0] = (uint8_t)(0xf0 | c >> 18);
	p[1] = (uint8_t)(0x80 | (c >> 12 & 63));
	p[2] = (uint8_t)(0x80 | (c >> 6 & 63));
	p[3] = (uint8_t)(0x80 | (c & 63));
	return 4;
}

static bool
is_scalar(uint32_t c)
{
	return c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

static void
test_every_code_point(void)
{
	int wrong = 0, cut = 0, other = 0;
	uint8_t p[4], again[4];

	for (uint32_t c = 0; c < 0x200000; c++) {
		size_t n = encode(c, p);

		other += is_scalar(c) && (utf8_encode(c, (char *)again) != n ||
					     memcmp(p, again, n) != 0);
		wrong += utf8_valid(p, n) != is_scalar(c);
		for (size_t i = 1; is_scalar(c) && i < n; i++) {
			uint32_t state = utf8_feed(UTF8_ACCEPT, p, i);

			cut += state == UTF8_ACCEPT || state == UTF8_REJECT;
			cut += utf8_feed(state, p + i, n - i) != UTF8_ACCEPT;
		}
	}
	is_int(wrong, 0, "U+0000 to U+1FFFFF: scalar values, and only those");
	is_int(cut, 0, "each may come in any two parts");
	is_int(other, 0, "each is written as it should be");
}

/* The code point of n bytes by arithmetic, if they are its shortest form. */
static bool
shortest(const uint8_t *p, size_t n)
{
	static const uint8_t mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint8_t again[4];
	uint32_t c = p[0] & mask[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 63);
	return is_scalar(c) && encode(c, again) == n &&
	       memcmp(p, again, n) == 0;
}

static void
test_every_two_and_three_bytes(void)
{
	int wrong = 0;

	for (uint32_t v = 0; v < 0x1000000; v++) {
		uint8_t p[3] = { (uint8_t)(v >> 16), (uint8_t)(v >> 8),
			(uint8_t)v };
		bool two = shortest(p, 2) || (p[0] < 0x80 && p[1] < 0x80);
		bool three = shortest(p, 3) || (two && p[2] < 0x80) ||
			     (p[0] < 0x80 && shortest(p + 1, 2));

		if (p[2] == 0)
			wrong += utf8_valid(p, 2) != two;
		if (p[0] >= 0x7f)
			wrong += utf8_valid(p, 3) != three;
	}
	is_int(wrong, 0, "all of two bytes, all of three that begin high");
}

static void
test_four_bytes_at_the_edges(void)
{
	static const uint8_t edge[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
		0xa0, 0xbf, 0xc0, 0xff };
	int wrong = 0;

	for (int lead = 0xf0; lead < 0x100; lead++)
		for (int i = 0; i < 1000; i++) {
			uint8_t p[4] = { (uint8_t)lead, edge[i / 100],
				edge[i / 10 % 10], edge[i % 10] };

			wrong += utf8_valid(p, 4) != shortest(p, 4);
		}
	is_int(wrong, 0, "four bytes with each at its edges");
}

static void
test_reject_stays(void)
{
	ok(utf8_feed(UTF8_REJECT, (const uint8_t *)"abc", 3) == UTF8_REJECT,
	    "rejected is rejected for ever");
	ok(utf8_valid("", 0), "nothing is valid");
	ok(!utf8_valid("\xe2\x82", 2), "half a character is not");
}

static void
test_count_and_cut(void)
{
	static const char s[] = "aé€😀z"; /* 1 2 3 4 1 bytes */
	static const size_t want[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11,
		11 };
	int wrong = 0;

	is_int(utf8_count(s, strlen(s)), 5, "code points are counted");
	for (size_t max = 0; max < sizeof(want) / sizeof(want[0]); max++)
		wrong += utf8_cut(s, strlen(s), max) != want[max];
	is_int(wrong, 0, "a cut falls between characters, at every length");
	is_int(utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 5) <= 5, 1,
	    "a cut of what is no UTF-8 stays within the limit");
}

int
main(void)
{
	test_every_code_point();
	test_every_two_and_three_bytes();
	test_four_bytes_at_the_edges();
	test_reject_stays();
	test_count_and_cut();
	return done_testing();
}
