/* model/text.c - what people may write into names, labels and messages. */

#include "model/text.h"

#include <stdint.h>

#include "base/utf8.h"

/* The character at p of valid UTF-8; *p moves behind it. */
static uint32_t
next_char(const uint8_t **p)
{
	static const uint8_t mask[] = { 0x7f, 0x1f, 0x0f, 0x07 };
	uint8_t first = *(*p)++;
	unsigned more = (first >= 0xc0) + (first >= 0xe0) + (first >= 0xf0);
	uint32_t c = first & mask[more];

	while (more-- > 0)
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
