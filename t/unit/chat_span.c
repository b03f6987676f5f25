/* t/unit/chat_span.c - which part of a log a page of history is. */

#include "../lib/tap.h"
#include "chat/span.h"

static void
test_of(void)
{
	static const struct {
		const char *name;
		enum span_mode mode;
		uint64_t n, head;
		size_t limit;
		uint64_t from, to;
	} cases[] = {
		{ "newest of many", SPAN_NEWEST, 0, 1000, 50, 951, 1000 },
		{ "newest of few", SPAN_NEWEST, 0, 7, 50, 1, 7 },
		{ "newest of just a page", SPAN_NEWEST, 0, 50, 50, 1, 50 },
		{ "before the middle", SPAN_BEFORE, 500, 1000, 50, 450, 499 },
		{ "before the start's page", SPAN_BEFORE, 20, 1000, 50, 1, 19 },
		{ "before the first", SPAN_BEFORE, 1, 1000, 50, 1, 0 },
		{ "before nothing", SPAN_BEFORE, 0, 1000, 50, 1, 0 },
		{ "before the next", SPAN_BEFORE, 1001, 1000, 50, 951, 1000 },
		{ "before the far future", SPAN_BEFORE, 9999, 1000, 50, 951,
		    1000 },
		{ "after the middle", SPAN_AFTER, 500, 1000, 50, 501, 550 },
		{ "after 0", SPAN_AFTER, 0, 1000, 50, 1, 50 },
		{ "after the end's page", SPAN_AFTER, 980, 1000, 50, 981,
		    1000 },
		{ "after the last", SPAN_AFTER, 1000, 1000, 50, 1001, 1000 },
		{ "after the future", SPAN_AFTER, 5000, 1000, 50, 1001, 1000 },
		{ "around the middle", SPAN_AROUND, 500, 1000, 50, 475, 524 },
		{ "around the first", SPAN_AROUND, 1, 1000, 50, 1, 50 },
		{ "around the last", SPAN_AROUND, 1000, 1000, 50, 951, 1000 },
		{ "around the future", SPAN_AROUND, 7000, 1000, 50, 951, 1000 },
		{ "around one of few", SPAN_AROUND, 3, 7, 50, 1, 7 },
		{ "around, one only", SPAN_AROUND, 500, 1000, 1, 500, 500 },
		{ "around 0", SPAN_AROUND, 0, 1000, 50, 1, 50 },
		{ "the largest number", SPAN_AROUND, 9007199254740991, 9, 200,
		    1, 9 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span s = span_of(
		    cases[i].mode, cases[i].n, cases[i].limit, cases[i].head);

		ok(s.from == cases[i].from && s.to == cases[i].to,
		    "%s: %" PRIu64 " to %" PRIu64, cases[i].name, cases[i].from,
		    cases[i].to);
		if (s.from != cases[i].from || s.to != cases[i].to)
			diag("got %" PRIu64 " to %" PRIu64, s.from, s.to);
	}
}

/* n events from seq first on, each with a body of size times c. */
static void
fill(struct event_list *l, uint64_t first, size_t n, size_t size, char c)
{
	char body[1000];

	memset(body, c, sizeof(body));
	for (size_t i = 0; i < n; i++) {
		struct event ev = { .kind = EV_MESSAGE, .seq = first + i };

		event_set_body(&ev, body, size);
		event_list_push(l, &ev);
	}
}

static void
check_fit(const struct event_list *l, enum span_mode mode, uint64_t n,
    uint64_t from, uint64_t to, const char *name)
{
	/* An event of 744 plain bytes weighs 1000. */
	struct span_fit fit = span_fit(l, mode, n, 3000);

	is_int(fit.count, to - from + 1, "%s: as many as fit", name);
	is_int(l->v[fit.first].seq, from, "%s: from %" PRIu64, name, from);
}

static void
test_fit(void)
{
	struct event_list l = { 0 };
	struct span_fit fit;

	fill(&l, 11, 10, 744, 'a');
	check_fit(&l, SPAN_NEWEST, 0, 18, 20, "newest keeps the end");
	check_fit(&l, SPAN_BEFORE, 21, 18, 20, "before keeps what is nearest");
	check_fit(&l, SPAN_AFTER, 10, 11, 13, "after keeps what is nearest");
	check_fit(&l, SPAN_AROUND, 15, 14, 16, "around keeps both sides");
	check_fit(&l, SPAN_AROUND, 11, 11, 13, "around the first");
	check_fit(&l, SPAN_AROUND, 20, 18, 20, "around the last");
	fit = span_fit(&l, SPAN_AROUND, 99, 3000);
	is_int(l.v[fit.first].seq, 18, "around the future keeps the end");
	fit = span_fit(&l, SPAN_BEFORE, 21, 10);
	is_int(fit.count, 1, "one is kept whatever it weighs");
	is_int(l.v[fit.first].seq, 20, "the nearest");
	fit = span_fit(&l, SPAN_NEWEST, 0, 10000);
	is_int(fit.count, 10, "all are kept that fit");
	event_list_free(&l);
	fit = span_fit(&l, SPAN_NEWEST, 0, 10);
	is_int(fit.count, 0, "of none, none");
}

/* The limit is one of what goes over the wire. */
static void
test_escapes(void)
{
	struct event_list l = { 0 };

	fill(&l, 1, 10, 124, '\1');
	check_fit(&l, SPAN_NEWEST, 0, 8, 10, "control characters weigh six");
	event_list_free(&l);
	fill(&l, 1, 10, 372, '"');
	check_fit(&l, SPAN_NEWEST, 0, 8, 10, "quotes weigh two");
	event_list_free(&l);
}

int
main(void)
{
	test_of();
	test_fit();
	test_escapes();
	return done_testing();
}
