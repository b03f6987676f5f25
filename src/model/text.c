/* model/text.c - what people may write into names, labels and messages. */

#include "model/text.h"

#include <stdint.h>

#include "base/utf8.h"

/* The character at p; *p moves behind it, in what is not UTF-8 never past a
 * NUL. */
static uint32_t
next_char(const uint8_t **p)
{
	static const uint8_t mask[] = { 0x7f, 0x1f, 0x0f, 0x07 };
	uint8_t first = *(*p)++;
	unsigned more = (first >= 0xc0) + (first >= 0xe0) + (first >= 0xf0);
	uint32_t c = first & mask[more];

	for (; more > 0 && (**p & 0xc0) == 0x80; more--)
		c = c << 6 | (*(*p)++ & 0x3f);
	return c;
}

/* White space of Unicode, and the characters without width. */
static bool
is_blank(uint32_t c)
{
	return c <= ' ' || (c >= 0x7f && c <= 0xa0) || c == 0x1680 ||
	       c == 0x180e || (c >= 0x2000 && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f) ||
	       c == 0x3000 || c == 0xfeff;
}

/* Controls, line separators, and what turns the direction of the text that
 * follows, with which one name can be made to look like another. */
static bool
is_control(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* Letters that stand in pairs, the capital first: at even numbers. */
static bool
is_even_pair(uint32_t c)
{
	return (c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) ||
	       (c >= 0x14a && c <= 0x177) || (c >= 0x460 && c <= 0x481) ||
	       (c >= 0x48a && c <= 0x4bf) || (c >= 0x1e00 && c <= 0x1e95) ||
	       (c >= 0x1ea0 && c <= 0x1eff);
}

/* At odd numbers. */
static bool
is_odd_pair(uint32_t c)
{
	return (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e);
}

/* Alphabets whose small letters follow the capitals at a distance. */
static const struct {
	uint32_t first, last, distance;
} alphabets[] = {
	{ 'A', 'Z', 32 },
	{ 0xc0, 0xd6, 32 },
	{ 0xd8, 0xde, 32 },
	{ 0x388, 0x38a, 37 },
	{ 0x391, 0x3a1, 32 },
	{ 0x3a3, 0x3ab, 32 },
	{ 0x400, 0x40f, 80 },
	{ 0x410, 0x42f, 32 },
	{ 0x531, 0x556, 48 },
	{ 0xff21, 0xff3a, 32 },
};

static uint32_t
fold_char(uint32_t c)
{
	for (size_t i = 0; i < sizeof(alphabets) / sizeof(*alphabets); i++)
		if (c >= alphabets[i].first && c <= alphabets[i].last)
			return c + alphabets[i].distance;
	if (is_even_pair(c))
		return c | 1;
	if (is_odd_pair(c))
		return c + (c & 1);
	return c == 0x130 ? 'i' : c == 0x178 ? 0xff : c == 0x3c2 ? 0x3c3 : c;
}

static void
add_char(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_addc(b, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		buf_addc(b, (char)(0xe0 | c >> 12));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		buf_addc(b, (char)(0xf0 | c >> 18));
		buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_addc(b, (char)(0x80 | (c & 0x3f)));
}

void
text_fold(struct buf *b, const char *s)
{
	const uint8_t *p = (const uint8_t *)s;

	while (*p != '\0')
		add_char(b, fold_char(next_char(&p)));
}

static bool
is_word_char(uint32_t c)
{
	if (c < 0x80)
		return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		       (c >= 'a' && c <= 'z');
	return !is_blank(c) && (c < 0xa1 || c > 0xbf) &&
	       (c < 0x2010 || c > 0x206f) && (c < 0x3000 || c > 0x303f);
}

bool
text_word(const char **s, const char **word_r, size_t *len_r)
{
	const uint8_t *p = (const uint8_t *)*s, *at = p, *from = NULL;

	while (*p != '\0') {
		at = p;
		if (is_word_char(next_char(&p))) {
			from = from == NULL ? at : from;
			at = p;
		} else if (from != NULL) {
			break;
		}
	}
	*s = (const char *)p;
	*word_r = (const char *)from;
	*len_r = from == NULL ? 0 : (size_t)(at - from);
	return from != NULL;
}

bool
text_is_blank(const char *s, size_t len)
{
	const uint8_t *p = (const uint8_t *)s, *end = p + len;

	while (p < end)
		if (!is_blank(next_char(&p)))
			return false;
	return true;
}

int
text_check_line(
    const char *what, const char *s, size_t len, size_t max, struct err *err)
{
	const uint8_t *p = (const uint8_t *)s, *end = p + len;

	if (!utf8_valid(s, len))
		return err_set(
		    err, ERR_BAD_REQUEST, "%s: is not valid UTF-8", what);
	if (utf8_count(s, len) > max || text_is_blank(s, len))
		return err_set(err, ERR_BAD_REQUEST,
		    "%s: must be 1 to %zu characters, not only blanks", what,
		    max);
	while (p < end)
		if (is_control(next_char(&p)))
			return err_set(err, ERR_BAD_REQUEST,
			    "%s: must not have control characters", what);
	return 0;
}
