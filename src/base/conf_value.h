/* base/conf_value.h - one value of the configuration: its kinds, and how each
 * is read, compared and freed. */
#ifndef BASE_CONF_VALUE_H
#define BASE_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum conf_kind {
	CONF_TEXT,   /* char * */
	CONF_LIST,   /* char **, NULL at the end */
	CONF_NUMBER, /* uint32_t */
	CONF_ENUM,   /* an enum: index into words */
	CONF_RATE,   /* struct conf_rate: "20/s 100", "0" */
};

struct conf_key {
	const char *name;
	enum conf_kind kind;
	size_t off;        /* in struct conf */
	const char *def;   /* default as text; NULL: zero */
	uint32_t min, max; /* CONF_NUMBER */
	const char *words; /* "open closed" */
	/* CONF_TEXT and each of a CONF_LIST; NULL: anything. want: what it must
	 * be, "a number from 1 to 64" of the messages. */
	bool (*check)(const char *s);
	const char *want;
	bool fixed; /* cannot change while running */
	bool login; /* a URL that may hold a password: not to be shown */
};

/* Reads text into the value at dst, in place of what is there. 0, or -1 with
 * "‘text’ is not …" in *err. */
int conf_value_set(
    const struct conf_key *key, void *dst, const char *text, struct err *err);
void conf_value_free(const struct conf_key *key, void *dst);
/* Appends it as it is written in the file. */
void conf_value_text(const struct conf_key *key, const void *v, struct buf *b);
bool conf_value_eq(const struct conf_key *key, const void *a, const void *b);

/* Checks for the table. */
bool conf_is_listen(const char *s);  /* 127.0.0.1:8080, [::1]:8080 */
bool conf_is_network(const char *s); /* 10.0.0.1, ::1, 10.0.0.0/8 */
bool conf_is_store(const char *s);   /* sqlite, mongodb://host/name */
bool conf_is_origin(const char *s);  /* https://chat.example.org[:port] */

#endif
