/* chat/span.c - which part of a log a page of history is (pure). */

#include "chat/span.h"

/* What an event's JSON has besides its body, rounded up. */
#define FRAME 256

static struct span
span_ending(uint64_t to, size_t limit)
{
	return (struct span){ to > limit ? to - limit + 1 : 1, to };
}

static struct span
span_around(uint64_t n, size_t limit, uint64_t head)
{
	uint64_t from = n > limit / 2 ? n - limit / 2 : 1;

	if (head < limit || from > head - limit + 1)
		return span_ending(head, limit);
	return (struct span){ from, from + limit - 1 };
}

struct span
span_of(enum span_mode mode, uint64_t n, size_t limit, uint64_t head)
{
	switch (mode) {
	case SPAN_BEFORE:
		return span_ending(n > head ? head : n > 0 ? n - 1 : 0, limit);
	case SPAN_AFTER:
		if (n >= head)
			return (struct span){ head + 1, head };
		return (
		    struct span){ n + 1, head - n > limit ? n + limit : head };
	case SPAN_AROUND:
		return span_around(n, limit, head);
	case SPAN_NEWEST:
		break;
	}
	return span_ending(head, limit);
}

/* Bytes of its JSON, escapes included. */
static size_t
weight(const struct event *ev)
{
	size_t n = FRAME + ev->body_len;

	for (uint32_t i = 0; i < ev->body_len; i++) {
		uint8_t c = (uint8_t)ev->body[i];

		n += c < 0x20 ? 5 : c == '"' || c == '\\' ? 1 : 0;
	}
	return n;
}

/* Is the first of the fit farther from n than the last? */
static bool
drop_first(const struct event_list *l, const struct span_fit *fit,
    enum span_mode mode, uint64_t n)
{
	uint64_t first = l->v[fit->first].seq;
	uint64_t last = l->v[fit->first + fit->count - 1].seq;

	if (mode != SPAN_AROUND)
		return mode != SPAN_AFTER;
	return first < n && (last <= n || n - first >= last - n);
}

struct span_fit
span_fit(
    const struct event_list *l, enum span_mode mode, uint64_t n, size_t max)
{
	struct span_fit fit = { 0, l->n };
	size_t sum = 0;

	for (size_t i = 0; i < l->n; i++)
		sum += weight(&l->v[i]);
	while (sum > max && fit.count > 1) {
		bool first = drop_first(l, &fit, mode, n);
		size_t out = first ? fit.first : fit.first + fit.count - 1;

		sum -= weight(&l->v[out]);
		fit.first += first;
		fit.count--;
	}
	return fit;
}
