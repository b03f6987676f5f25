/* base/conf_value.c - reading, comparing and freeing one value. */
#include "base/conf_value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/mem.h"
#include "base/utf8.h"

#define SHOWN_MAX  60 /* bytes of a wrong value in a message */
#define SEPARATORS " \t,"

static int
bad(const char *value, const char *want, struct err *err)
{
	size_t len = strlen(value), shown = utf8_cut(value, len, SHOWN_MAX);

	return err_set(err, ERR_CONF, "‘%.*s%s’ is not %s", (int)shown, value,
	    shown < len ? "…" : "", want);
}

/* The index of s in words, or -1. */
static int
word_index(const char *words, const char *s)
{
	size_t len = strlen(s);

	for (int i = 0; *words != '\0'; i++) {
		size_t n = strcspn(words, " ");

		if (n == len && memcmp(words, s, n) == 0)
			return i;
		words += n;
		words += strspn(words, " ");
	}
	return -1;
}

static int
bad_word(const struct conf_key *key, const char *text, struct err *err)
{
	struct buf want = { 0 };

	buf_addf(&want, strchr(key->words, ' ') != NULL ? "one of: %s" : "%s",
	    key->words);
	bad(text, buf_cstr(&want), err);
	buf_free(&want);
	return -1;
}

static void
list_free(char **list)
{
	for (char **p = list; p != NULL && *p != NULL; p++)
		free(*p);
	free(list);
}

static char **
list_split(const char *text)
{
	char **list = mem_calloc(strlen(text) / 2 + 2, sizeof(*list));
	size_t n = 0;

	for (text += strspn(text, SEPARATORS); *text != '\0';
	     text += strspn(text, SEPARATORS)) {
		size_t len = strcspn(text, SEPARATORS);

		list[n++] = mem_strndup(text, len);
		text += len;
	}
	return list;
}

static int
set_text(
    const struct conf_key *key, char **dst, const char *text, struct err *err)
{
	if (key->check != NULL && !key->check(text))
		return bad(text, key->want, err);
	free(*dst);
	*dst = mem_strdup(text);
	return 0;
}

static int
set_list(
    const struct conf_key *key, char ***dst, const char *text, struct err *err)
{
	char **list = list_split(text);

	for (char **p = list; *p != NULL; p++) {
		if (key->check == NULL || key->check(*p))
			continue;
		bad(*p, key->want, err);
		list_free(list);
		return -1;
	}
	list_free(*dst);
	*dst = list;
	return 0;
}

static int
set_number(const struct conf_key *key, uint32_t *dst, const char *text,
    struct err *err)
{
	unsigned long long v;
	char want[64], *end = NULL;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 ||
	    v < key->min || v > key->max) {
		snprintf(want, sizeof(want), "a number from %u to %u", key->min,
		    key->max);
		return bad(text, want, err);
	}
	*dst = (uint32_t)v;
	return 0;
}

static const struct {
	const char *name;
	uint32_t seconds;
} units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 } };

#define UNITS     (sizeof(units) / sizeof(units[0]))
#define RATE_MAX  1000000
#define RATE_WANT "a rate such as 20/s or 30/h 60 (burst), or 0 for no limit"

/* A number from 1 to RATE_MAX at *s, which moves behind it; 0 when none. */
static uint32_t
take_count(const char **s)
{
	uint32_t v = 0;

	for (; isdigit((unsigned char)**s) && v <= RATE_MAX; (*s)++)
		v = v * 10 + (uint32_t)(**s - '0');
	return v <= RATE_MAX ? v : 0;
}

static uint32_t
take_unit(const char **s)
{
	size_t len = strspn(*s, "abcdefghijklmnopqrstuvwxyz");

	for (size_t i = 0; i < UNITS; i++)
		if (strlen(units[i].name) == len &&
		    memcmp(units[i].name, *s, len) == 0) {
			*s += len;
			return units[i].seconds;
		}
	return 0;
}

/* "COUNT/UNIT", and how many at once behind it: else COUNT. */
static int
set_rate(struct conf_rate *dst, const char *text, struct err *err)
{
	struct conf_rate r = { 0 };
	const char *s = text;

	if (strcmp(text, "0") == 0) {
		*dst = r;
		return 0;
	}
	r.count = r.burst = take_count(&s);
	if (r.count == 0 || *s++ != '/' || (r.per_s = take_unit(&s)) == 0)
		return bad(text, RATE_WANT, err);
	if (*s != '\0') {
		s += strspn(s, " \t");
		r.burst = take_count(&s);
		if (r.burst == 0 || *s != '\0')
			return bad(text, RATE_WANT, err);
	}
	*dst = r;
	return 0;
}

static void
add_rate(struct buf *b, const struct conf_rate *r)
{
	size_t i = 0;

	while (i < UNITS - 1 && units[i].seconds != r->per_s)
		i++;
	if (r->count == 0)
		buf_adds(b, "0");
	else
		buf_addf(b, "%u/%s %u", r->count, units[i].name, r->burst);
}

int
conf_value_set(
    const struct conf_key *key, void *dst, const char *text, struct err *err)
{
	int i;

	switch (key->kind) {
	case CONF_LIST:
		return set_list(key, dst, text, err);
	case CONF_NUMBER:
		return set_number(key, dst, text, err);
	case CONF_TEXT:
		return set_text(key, dst, text, err);
	case CONF_RATE:
		return set_rate(dst, text, err);
	default:
		break;
	}
	i = word_index(key->words, text);
	if (i == -1)
		return bad_word(key, text, err);
	*(int *)dst = i;
	return 0;
}

void
conf_value_free(const struct conf_key *key, void *dst)
{
	if (key->kind == CONF_LIST)
		list_free(*(char ***)dst);
	else if (key->kind == CONF_TEXT)
		free(*(char **)dst);
}

static bool
text_eq(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
list_eq(char *const *a, char *const *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	while (*a != NULL && text_eq(*a, *b))
		a++, b++;
	return *a == NULL && *b == NULL;
}

bool
conf_value_eq(const struct conf_key *key, const void *a, const void *b)
{
	switch (key->kind) {
	case CONF_LIST:
		return list_eq(
		    *(char *const *const *)a, *(char *const *const *)b);
	case CONF_TEXT:
		return text_eq(
		    *(const char *const *)a, *(const char *const *)b);
	case CONF_RATE:
		return memcmp(a, b, sizeof(struct conf_rate)) == 0;
	default:
		return *(const uint32_t *)a == *(const uint32_t *)b;
	}
}

/* The i-th of words. */
static void
add_word(struct buf *b, const char *words, int i)
{
	for (; i > 0; i--)
		words += strcspn(words, " ") + 1;
	buf_add(b, words, strcspn(words, " "));
}

void
conf_value_text(const struct conf_key *key, const void *v, struct buf *b)
{
	char *const *list;
	const char *text;

	switch (key->kind) {
	case CONF_LIST:
		list = *(char *const *const *)v;
		for (; list != NULL && *list != NULL; list++)
			buf_addf(b, "%s%s", b->len > 0 ? " " : "", *list);
		break;
	case CONF_TEXT:
		text = *(const char *const *)v;
		buf_adds(b, text != NULL ? text : "");
		break;
	case CONF_NUMBER:
		buf_add_u64(b, *(const uint32_t *)v);
		break;
	case CONF_RATE:
		add_rate(b, v);
		break;
	case CONF_ENUM:
		add_word(b, key->words, *(const int *)v);
		break;
	}
}

static bool
is_port(const char *s)
{
	size_t len = strspn(s, "0123456789");

	return len > 0 && len <= 5 && s[len] == '\0' &&
	       strtol(s, NULL, 10) <= 65535;
}

bool
conf_is_network(const char *s)
{
	char text[INET6_ADDRSTRLEN];
	const char *slash = strchr(s, '/');
	size_t n = slash != NULL ? (size_t)(slash - s) : strlen(s);
	size_t digits = slash != NULL ? strspn(slash + 1, "0123456789") : 0;
	bool v4 = memchr(s, ':', n) == NULL;
	struct in6_addr a;

	if (n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	if (inet_pton(v4 ? AF_INET : AF_INET6, text, &a) != 1)
		return false;
	if (slash == NULL)
		return true;
	return digits > 0 && digits <= 3 && slash[1 + digits] == '\0' &&
	       strtoul(slash + 1, NULL, 10) <= (v4 ? 32 : 128);
}

bool
conf_is_listen(const char *s)
{
	const char *colon = strrchr(s, ':');
	size_t len = colon != NULL ? (size_t)(colon - s) : 0;
	char host[64];
	struct in6_addr a;

	if (len == 0 || len >= sizeof(host) || !is_port(colon + 1))
		return false;
	memcpy(host, s, len);
	host[len] = '\0';
	if (host[0] != '[')
		return inet_pton(AF_INET, host, &a) == 1;
	if (host[len - 1] != ']')
		return false;
	host[len - 1] = '\0';
	return inet_pton(AF_INET6, host + 1, &a) == 1;
}

bool
conf_is_store(const char *s)
{
	return strcmp(s, "sqlite") == 0 ||
	       (strncmp(s, "mongodb://", 10) == 0 && s[10] != '\0') ||
	       (strncmp(s, "mongodb+srv://", 14) == 0 && s[14] != '\0');
}

bool
conf_is_origin(const char *s)
{
	size_t scheme = strncmp(s, "https://", 8) == 0  ? 8
			: strncmp(s, "http://", 7) == 0 ? 7
							: 0;

	if (scheme == 0 || s[scheme] == '\0')
		return false;
	for (s += scheme; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr(".-_:[]", *s) == NULL)
			return false;
	return true;
}
