/* t/unit/base_histo.c - how long something takes, counted by bounds. */
#include "../lib/tap.h"
#include "base/histo.h"

int
main(void)
{
	struct histo h = { 0 };
	uint64_t before = 0;

	for (unsigned i = 0; i < HISTO_BOUNDS; i++) {
		ok(histo_bound_us(i) > before, "bound %u is above the last", i);
		before = histo_bound_us(i);
	}
	histo_add(&h, 0);
	histo_add(&h, 100);
	histo_add(&h, 101);
	is_int(h.bucket[0], 2, "a bound belongs to its own bucket");
	is_int(h.bucket[1], 1, "what is above it to the next");
	histo_add(&h, before);
	histo_add(&h, before + 1);
	is_int(h.bucket[HISTO_BOUNDS - 1], 1, "the last bound too");
	is_int(h.bucket[HISTO_BOUNDS], 1, "and all above is kept");
	is_int(h.sum_us, 202 + 2 * before, "times are summed up");
	return done_testing();
}
