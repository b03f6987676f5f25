/* base/histo.c - how long something takes. */
#include "base/histo.h"

static const uint64_t bounds[HISTO_BOUNDS] = { 100, 250, 500, 1000, 2500, 5000,
	10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000 };

uint64_t
histo_bound_us(unsigned i)
{
	return bounds[i];
}

void
histo_add(struct histo *h, uint64_t us)
{
	unsigned i = 0;

	while (i < HISTO_BOUNDS && us > bounds[i])
		i++;
	atomic_fetch_add_explicit(&h->bucket[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum_us, us, memory_order_relaxed);
}
