/* base/json_scan.c - JSON strictly read by recursive descent. */
#include "base/json_scan.h"

#include <json-c/json.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"

struct scan {
	const char *start, *p, *end;
	int depth;
	struct buf text; /* the last string, its escapes resolved */
	struct err *err;
};

/* All return 0, or -1 with *err and without a value. */
static int scan_value(struct scan *s, json_object **v_r);

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
	char utf8[4];

	if (unit == -1)
		return wrong(s, "\\u needs four hex digits");
	if (unit == 0)
		return wrong(s, "U+0000 is not allowed");
	if (unit >= 0xd800 && unit <= 0xdfff) {
		if (unit > 0xdbff || !take(s, '\\') || !take(s, 'u'))
			return wrong(s, "half of a surrogate pair");
		low = hex4(s);
		if (low < 0xdc00 || low > 0xdfff)
			return wrong(s, "half of a surrogate pair");
		unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
	}
	buf_add(&s->text, utf8, utf8_encode((uint32_t)unit, utf8));
	return 0;
}

static int
scan_escape(struct scan *s)
{
	static const char escapes[] = "\"\\/bfnrt", are[] = "\"\\/\b\f\n\r\t";
	const char *at;
	int c = peek(s);

	if (take(s, 'u'))
		return scan_unicode(s);
	if (c <= 0 || (at = strchr(escapes, c)) == NULL)
		return wrong(s, "unknown escape");
	s->p++;
	buf_addc(&s->text, are[at - escapes]);
	return 0;
}

/* Into s->text. */
static int
scan_text(struct scan *s)
{
	const char *plain;
	int c;

	buf_clear(&s->text);
	if (!take(s, '"'))
		return wrong(s, "a string is missing");
	for (;;) {
		plain = s->p;
		while ((c = peek(s)) >= 0x20 && c != '"' && c != '\\')
			s->p++;
		buf_add(&s->text, plain, (size_t)(s->p - plain));
		if (take(s, '"'))
			return 0;
		if (c == -1)
			return wrong(s, "a string does not end");
		if (!take(s, '\\'))
			return wrong(s, "control character in a string");
		if (scan_escape(s) == -1)
			return -1;
	}
}

/* What json-c makes: there, or the worker ends. */
static json_object *
made(json_object *v)
{
	if (v == NULL)
		log_fatal("out of memory for JSON");
	return v;
}

static int
scan_string(struct scan *s, json_object **v_r)
{
	if (scan_text(s) == -1)
		return -1;
	*v_r = made(
	    json_object_new_string_len(buf_cstr(&s->text), (int)s->text.len));
	return 0;
}

/* One digit or more; into *v_r, kept at a value too large when it is that. */
static int
digits(struct scan *s, int64_t *v_r)
{
	if (!is_digit(peek(s)))
		return wrong(s, "a digit is missing");
	for (*v_r = 0; is_digit(peek(s)); s->p++)
		if (*v_r <= JSON_INTEGER_MAX)
			*v_r = *v_r * 10 + (*s->p - '0');
	return 0;
}

/* With a fraction or an exponent: text. It is written as it was read. */
static int
new_double(struct scan *s, const char *text, json_object **v_r)
{
	double v;

	buf_clear(&s->text);
	buf_add(&s->text, text, (size_t)(s->p - text));
	v = strtod(buf_cstr(&s->text), NULL);
	if (!isfinite(v))
		return err_set(
		    s->err, ERR_BAD_REQUEST, "a number is too large");
	*v_r = made(json_object_new_double_s(v, (char *)s->text.data));
	return 0;
}

static int
scan_number(struct scan *s, json_object **v_r)
{
	const char *text = s->p;
	bool integer = true;
	bool negative = take(s, '-');
	int64_t v = 0, rest;

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
	if (!integer)
		return new_double(s, text, v_r);
	if (v > JSON_INTEGER_MAX)
		return wrong(s, "an integer beyond 2^53 - 1");
	*v_r = made(json_object_new_int64(negative ? -v : v));
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
scan_bool(struct scan *s, bool is, json_object **v_r)
{
	if (scan_word(s, is ? "true" : "false") == -1)
		return -1;
	*v_r = made(json_object_new_boolean(is));
	return 0;
}

/* json-c's null is no object. */
static int
scan_null(struct scan *s, json_object **v_r)
{
	*v_r = NULL;
	return scan_word(s, "null");
}

static int
scan_element(struct scan *s, json_object *array)
{
	json_object *v = NULL;

	if (scan_value(s, &v) == -1)
		return -1;
	if (json_object_array_add(array, v) != 0)
		log_fatal("out of memory for JSON");
	return 0;
}

static int
scan_member(struct scan *s, json_object *object)
{
	json_object *v = NULL;
	int rc = -1;
	char *key;

	blanks(s);
	if (scan_text(s) == -1)
		return -1;
	key = mem_strdup(buf_cstr(&s->text));
	blanks(s);
	if (json_object_object_get_ex(object, key, NULL)) {
		err_set(
		    s->err, ERR_BAD_REQUEST, "a key stands twice in an object");
	} else if (!take(s, ':')) {
		wrong(s, "':' is missing");
	} else if (scan_value(s, &v) == 0) {
		if (json_object_object_add(object, key, v) != 0)
			log_fatal("out of memory for JSON");
		rc = 0;
	}
	free(key);
	return rc;
}

/* The values (members) up to the closing bracket. */
static int
scan_list(struct scan *s, char close, json_object *list,
    int (*item)(struct scan *, json_object *))
{
	s->p++;
	if (++s->depth > JSON_DEPTH_MAX)
		return wrong(s, "nested too deeply");
	blanks(s);
	if (!take(s, close)) {
		do {
			if (item(s, list) == -1)
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
scan_object(struct scan *s, json_object **v_r)
{
	json_object *v = made(json_object_new_object());

	if (scan_list(s, '}', v, scan_member) == -1) {
		json_object_put(v);
		return -1;
	}
	*v_r = v;
	return 0;
}

static int
scan_array(struct scan *s, json_object **v_r)
{
	json_object *v = made(json_object_new_array());

	if (scan_list(s, ']', v, scan_element) == -1) {
		json_object_put(v);
		return -1;
	}
	*v_r = v;
	return 0;
}

static int
scan_value(struct scan *s, json_object **v_r)
{
	blanks(s);
	switch (peek(s)) {
	case '{':
		return scan_object(s, v_r);
	case '[':
		return scan_array(s, v_r);
	case '"':
		return scan_string(s, v_r);
	case 't':
		return scan_bool(s, true, v_r);
	case 'f':
		return scan_bool(s, false, v_r);
	case 'n':
		return scan_null(s, v_r);
	default:
		return scan_number(s, v_r);
	}
}

static json_object *
scan_all(struct scan *s)
{
	json_object *v;

	blanks(s);
	if (peek(s) != '{') {
		err_set(s->err, ERR_BAD_REQUEST, "not a JSON object");
		return NULL;
	}
	if (scan_object(s, &v) == -1)
		return NULL;
	blanks(s);
	if (s->p == s->end)
		return v;
	wrong(s, "something follows the object");
	json_object_put(v);
	return NULL;
}

struct json_object *
json_scan(const void *p, size_t len, struct err *err)
{
	struct scan s = {
		.start = p, .p = p, .end = (const char *)p + len, .err = err
	};
	json_object *v;

	if (!utf8_valid(p, len)) {
		err_set(err, ERR_BAD_REQUEST, "not valid UTF-8");
		return NULL;
	}
	v = scan_all(&s);
	buf_free(&s.text);
	return v;
}
