/* t/lib/ws_feed.h - feeds ws_read in pieces, as a connection does, and keeps a
 * record of what it found. */
#ifndef T_LIB_WS_FEED_H
#define T_LIB_WS_FEED_H

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "ws/frame.h"

/* A record is text: one word for each thing found, "T5:hello ", then "!1002" if
 * the connection was failed. Long and binary payloads stand there as a sum. */
static void
note(struct buf *record, char kind, unsigned code, const uint8_t *p, size_t n)
{
	uint32_t sum = 2166136261u;
	bool plain = n <= 32;

	for (size_t i = 0; i < n; i++) {
		sum = (sum ^ p[i]) * 16777619u;
		plain = plain && p[i] >= ' ';
	}
	buf_addc(record, kind);
	if (code != 0)
		buf_addf(record, "%u,", code);
	buf_addf(record, "%zu:", n);
	if (plain)
		buf_add(record, p, n);
	else
		buf_addf(record, "#%08x", (unsigned)sum);
	buf_addc(record, ' ');
}

static bool
feed_message(void *arg, enum ws_opcode op, const uint8_t *p, size_t len)
{
	note(arg, op == WS_TEXT ? 'T' : 'B', 0, p, len);
	return true;
}

static bool
feed_control(
    void *arg, enum ws_opcode op, unsigned code, const uint8_t *p, size_t len)
{
	note(arg,
	    op == WS_PING   ? 'p'
	    : op == WS_PONG ? 'o'
			    : 'c',
	    code, p, len);
	return true;
}

/* One reader that is fed. */
struct feed {
	struct ws_in in;
	struct buf rest;
	struct buf record;
	size_t max;
	size_t rest_max; /* the most that was ever left over */
	unsigned code;
};

/* The bytes lie in a piece of memory of exactly their size, so that a sanitizer
 * sees any step beyond. */
static void
feed_some(struct feed *f, const uint8_t *p, size_t n)
{
	static const struct ws_sink sink = { feed_message, feed_control };
	size_t all = f->rest.len + n, used;
	uint8_t *at;

	if (f->code != 0)
		return;
	at = mem_alloc(all == 0 ? 1 : all);
	if (f->rest.len > 0)
		memcpy(at, f->rest.data, f->rest.len);
	if (n > 0)
		memcpy(at + f->rest.len, p, n);
	used = ws_read(&f->in, at, all, f->max, &sink, &f->record, &f->code);
	buf_clear(&f->rest);
	if (f->code != 0)
		buf_addf(&f->record, "!%u", f->code);
	else
		buf_add(&f->rest, at + used, all - used);
	if (f->rest.len > f->rest_max)
		f->rest_max = f->rest.len;
	free(at);
}

static void
feed_free(struct feed *f)
{
	ws_in_free(&f->in);
	buf_free(&f->rest);
	buf_free(&f->record);
}

#endif
