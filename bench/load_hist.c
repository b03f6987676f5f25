/* bench/load_hist.c - histograms of times, in steps of under one percent. */
#include "bench/load.h"

static size_t
slot_of(uint64_t v)
{
	unsigned shift;

	if (v >> HIST_SUB == 0)
		return (size_t)v;
	shift = 63 - (unsigned)__builtin_clzll(v) - HIST_SUB;
	return ((size_t)(shift + 1) << HIST_SUB) +
	       ((v >> shift) & ((1u << HIST_SUB) - 1));
}

static uint64_t
lowest_of(size_t slot)
{
	size_t low = slot & ((1u << HIST_SUB) - 1);

	if (slot >> HIST_SUB == 0)
		return slot;
	return (uint64_t)((1u << HIST_SUB) | low) << ((slot >> HIST_SUB) - 1);
}

void
hist_add(struct load_hist *h, uint64_t v)
{
	h->n[slot_of(v)]++;
}

static uint64_t
count(const struct load_hist *h, int k, size_t stride, size_t slot)
{
	const char *at = (const char *)h;
	uint64_t n = 0;

	for (int i = 0; i < k; i++, at += stride)
		n += ((const struct load_hist *)(const void *)at)->n[slot];
	return n;
}

uint64_t
hist_percentile(const struct load_hist *h, int k, size_t stride, double p)
{
	uint64_t all = 0, below = 0;

	for (size_t i = 0; i < HIST_SIZE; i++)
		all += count(h, k, stride, i);
	for (size_t i = 0; i < HIST_SIZE; i++) {
		below += count(h, k, stride, i);
		if (below > 0 && (double)below >= p / 100 * (double)all)
			return lowest_of(i);
	}
	return 0;
}
