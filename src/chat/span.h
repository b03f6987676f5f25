/* chat/span.h - which part of a log a page of history is (pure). */
#ifndef CHAT_SPAN_H
#define CHAT_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"

enum span_mode { SPAN_NEWEST, SPAN_BEFORE, SPAN_AFTER, SPAN_AROUND };

/* Seqs from … to; empty when from > to. */
struct span {
	uint64_t from;
	uint64_t to;
};

/* The page of at most limit events of a log 1 … head: the newest; those that
 * end at n − 1; those that begin at n + 1; those with n about in the middle (as
 * near to it as the log reaches). */
struct span span_of(
    enum span_mode mode, uint64_t n, size_t limit, uint64_t head);

/* The events first … first + count − 1 of l that fit into about max bytes of
 * JSON, at least one: those nearest to where the reader looks, so none is
 * skipped when reading on from the page's other end. */
struct span_fit {
	size_t first;
	size_t count;
};
struct span_fit span_fit(
    const struct event_list *l, enum span_mode mode, uint64_t n, size_t max);

#endif
