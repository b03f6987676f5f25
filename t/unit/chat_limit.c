/* t/unit/chat_limit.c - how often something may be tried. */

#include "../lib/tap.h"
#include "chat/limit.h"

#define T 1000000 /* some time */

int
main(void)
{
	struct limit *l = limit_new(3, 100);
	uint32_t wait;

	is_int(limit_take(l, "a", 1, T), 0, "the first is free");
	is_int(limit_take(l, "a", 1, T), 0, "the second too");
	is_int(limit_take(l, "a", 1, T), 0, "and the third");
	wait = limit_take(l, "a", 1, T);
	ok(wait > 0 && wait <= 100, "the fourth waits at most one turn");
	is_int(limit_take(l, "a", 1, T), wait, "asking in vain costs nothing");
	is_int(limit_take(l, "b", 1, T), 0, "another key is not concerned");
	is_int(
	    limit_take(l, "a", 1, T + wait), 0, "after the wait there is one");
	ok(limit_take(l, "a", 1, T + wait) > 0, "but one only");
	limit_give(l, "a", 1);
	is_int(limit_take(l, "a", 1, T + wait), 0, "what is put back is there");
	for (int i = 0; i < 3; i++)
		is_int(limit_take(l, "a", 1, T + 5000), 0,
		    "after a long time all are there again (%d)", i);
	ok(limit_take(l, "a", 1, T + 5000) > 0, "and not one more");
	limit_give(l, "c", 1);
	is_int(limit_take(l, "c", 1, T), 0, "giving too much is harmless");
	limit_free(&l);
	ok(l == NULL, "freeing clears the pointer");
	return done_testing();
}
