/* base/utf8.c - a checker of UTF-8 that can stop between any two bytes. */
#include "base/utf8.h"

/* The states. Those in the middle of a character say how many continuation
 * bytes are missing, and a narrower range for the next one where RFC 3629,
 * section 4, has one. */
enum {
	NEED_1 = 1,
	NEED_2,
	NEED_3,
	AFTER_E0, /* A0–BF, then one more */
	AFTER_ED, /* 80–9F, then one more */
	AFTER_F0, /* 90–BF, then two more */
	AFTER_F4, /* 80–8F, then two more */
};

struct step {
	uint8_t low, high; /* the next byte's range */
	uint8_t next;      /* the state after it */
};

static const struct step steps[] = {
	[NEED_1] = { 0x80, 0xbf, UTF8_ACCEPT },
	[NEED_2] = { 0x80, 0xbf, NEED_1 },
	[NEED_3] = { 0x80, 0xbf, NEED_2 },
	[AFTER_E0] = { 0xa0, 0xbf, NEED_1 },
	[AFTER_ED] = { 0x80, 0x9f, NEED_1 },
	[AFTER_F0] = { 0x90, 0xbf, NEED_2 },
	[AFTER_F4] = { 0x80, 0x8f, NEED_2 },
};

static uint32_t
lead(uint8_t c)
{
	if (c < 0x80)
		return UTF8_ACCEPT;
	if (c < 0xc2 || c > 0xf4)
		return UTF8_REJECT;
	if (c < 0xe0)
		return NEED_1;
	if (c < 0xf0)
		return c == 0xe0 ? AFTER_E0 : c == 0xed ? AFTER_ED : NEED_2;
	return c == 0xf0 ? AFTER_F0 : c == 0xf4 ? AFTER_F4 : NEED_3;
}

uint32_t
utf8_feed(uint32_t state, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n && state != UTF8_REJECT; i++) {
		const struct step *s = &steps[state];

		if (state == UTF8_ACCEPT)
			state = lead(p[i]);
		else if (p[i] >= s->low && p[i] <= s->high)
			state = s->next;
		else
			state = UTF8_REJECT;
	}
	return state;
}

bool
utf8_valid(const void *p, size_t n)
{
	return utf8_feed(UTF8_ACCEPT, p, n) == UTF8_ACCEPT;
}

size_t
utf8_count(const void *p, size_t n)
{
	const uint8_t *s = p;
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += (s[i] & 0xc0) != 0x80;
	return count;
}

size_t
utf8_encode(uint32_t c, char out[4])
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(lead[n] | c);
	return n;
}

size_t
utf8_cut(const void *p, size_t n, size_t max)
{
	const uint8_t *s = p;
	size_t start, len;

	if (n > max)
		n = max;
	/* Back to the start of the last character; at most four bytes, since
	 * what comes from outside need not be UTF-8 at all. */
	for (start = n; start > 0 && n - start < 4;)
		if ((s[--start] & 0xc0) != 0x80)
			break;
	if (start == n)
		return n;
	len = s[start] < 0xc0   ? 1
	      : s[start] < 0xe0 ? 2
	      : s[start] < 0xf0 ? 3
				: 4;
	return start + len > n ? start : n;
}
