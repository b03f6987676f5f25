/* base/histo.h - how long something takes: counts by upper bounds, in shared
 * memory if need be, cheap enough for hot paths. */
#ifndef BASE_HISTO_H
#define BASE_HISTO_H

#include <stdatomic.h>
#include <stdint.h>

#define HISTO_BOUNDS 14

/* All zero: empty. bucket[i] counts what took at most histo_bound_us(i) and
 * more than the bound before; the last one what took longer than all. */
struct histo {
	_Atomic uint64_t bucket[HISTO_BOUNDS + 1];
	_Atomic uint64_t sum_us;
};

/* In microseconds: 100 … 2,500,000; i < HISTO_BOUNDS. */
uint64_t histo_bound_us(unsigned i);

/* One more that took us microseconds. From any thread. */
void histo_add(struct histo *h, uint64_t us);

#endif
