/* base/json_scan.c - a strict check of JSON by recursive descent. */
#include "base/json_scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

struct scan {
	const char *start, *p, *end;
	int depth;
	size_t members;
	struct err *err;
};

static int scan_value(struct scan *s);

static int
wrong(struct scan *s, const char *why)
{
	return err_set(s->err, ERR_BAD_REQUEST,
	    "not valid JSON at byte %zu: %s", (size_t)(s->p - s->start), why);
}

/* The next byte; -1 at the end. */
static int
peek(const struct scan *s)
{
	return s->p < s->end ? (uint8_t)*s->p : -1;
}

static bool
take(struct scan *s, char c)
{
	if (peek(s) != c)
		return false;
	s->p++;
	return true;
}

static void
blanks(struct scan *s)
{
	while (s->p < s->end && strchr(" \t\r\n", *s->p) != NULL && *s->p != 0)
		s->p++;
}

static bool
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* Four hex digits, or -1. */
static int
hex4(struct scan *s)
{
	int v = 0;

	for (int i = 0; i < 4; i++, s->p++) {
		int c = peek(s);

		if (is_digit(c))
			v = v * 16 + c - '0';
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			v = v * 16 + c - 'A' + 10;
		else
			return -1;
	}
	return v;
}

/* What stands behind \u. */
static int
scan_unicode(struct scan *s)
{
	int low, unit = hex4(s);

	if (unit == -1)
		return wrong(s, "\\u needs four hex digits");
	if (unit == 0)
		return wrong(s, "U+0000 is not allowed");
	if (unit < 0xd800 || unit > 0xdfff)
		return 0;
	if (unit > 0xdbff || !take(s, '\\') || !take(s, 'u'))
		return wrong(s, "half of a surrogate pair");
	low = hex4(s);
	if (low < 0xdc00 || low > 0xdfff)
		return wrong(s, "half of a surrogate pair");
	return 0;
}

static int
scan_escape(struct scan *s)
{
	int c = peek(s);

	if (c <= 0 || strchr("\"\\/bfnrtu", c) == NULL)
		return wrong(s, "unknown escape");
	s->p++;
	return c == 'u' ? scan_unicode(s) : 0;
}

static int
scan_string(struct scan *s)
{
	if (!take(s, '"'))
		return wrong(s, "a string is missing");
	while (!take(s, '"')) {
		int c = peek(s);

		if (c == -1)
			return wrong(s, "a string does not end");
		if (c < 0x20)
			return wrong(s, "control character in a string");
		s->p++;
		if (c == '\\' && scan_escape(s) == -1)
			return -1;
	}
	return 0;
}

/* One digit or more; into *v_r, kept at a value too large when it is that. */
static int
digits(struct scan *s, uint64_t *v_r)
{
	if (!is_digit(peek(s)))
		return wrong(s, "a digit is missing");
	for (*v_r = 0; is_digit(peek(s)); s->p++)
		if (*v_r <= JSON_INTEGER_MAX)
			*v_r = *v_r * 10 + (uint64_t)(*s->p - '0');
	return 0;
}

static int
scan_number(struct scan *s)
{
	bool integer = true;
	uint64_t v = 0, rest;

	take(s, '-');
	if (!take(s, '0') && digits(s, &v) == -1)
		return -1;
	if (take(s, '.')) {
		integer = false;
		if (digits(s, &rest) == -1)
			return -1;
	}
	if (take(s, 'e') || take(s, 'E')) {
		integer = false;
		if (!take(s, '+'))
			take(s, '-');
		if (digits(s, &rest) == -1)
			return -1;
	}
	if (integer && v > JSON_INTEGER_MAX)
		return wrong(s, "an integer beyond 2^53 - 1");
	return 0;
}

static int
scan_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
		return wrong(s, "a value is missing");
	s->p += len;
	return 0;
}

static int
scan_member(struct scan *s)
{
	blanks(s);
	if (scan_string(s) == -1)
		return -1;
	blanks(s);
	if (!take(s, ':'))
		return wrong(s, "':' is missing");
	s->members++;
	return scan_value(s);
}

/* The values (members) up to the closing bracket. */
static int
scan_list(struct scan *s, char close, int (*item)(struct scan *))
{
	s->p++;
	if (++s->depth > JSON_DEPTH_MAX)
		return wrong(s, "nested too deeply");
	blanks(s);
	if (!take(s, close)) {
		do {
			if (item(s) == -1)
				return -1;
			blanks(s);
		} while (take(s, ','));
		if (!take(s, close))
			return wrong(s, "',' or a closing bracket is missing");
	}
	s->depth--;
	return 0;
}

static int
scan_value(struct scan *s)
{
	blanks(s);
	switch (peek(s)) {
	case '{':
		return scan_list(s, '}', scan_member);
	case '[':
		return scan_list(s, ']', scan_value);
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		return scan_number(s);
	}
}

int
json_scan(const void *p, size_t len, size_t *members_r, struct err *err)
{
	struct scan s = {
		.start = p, .p = p, .end = (const char *)p + len, .err = err
	};

	if (!utf8_valid(p, len))
		return err_set(err, ERR_BAD_REQUEST, "not valid UTF-8");
	blanks(&s);
	if (peek(&s) != '{')
		return err_set(err, ERR_BAD_REQUEST, "not a JSON object");
	if (scan_value(&s) == -1)
		return -1;
	blanks(&s);
	if (s.p != s.end)
		return wrong(&s, "something follows the object");
	*members_r = s.members;
	return 0;
}
