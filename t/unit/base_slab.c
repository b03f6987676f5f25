/* t/unit/base_slab.c - objects of one size: each apart, cleared, and the memory
 * given back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/tap.h"
#include "base/slab.h"

enum { SIZE = 152, MANY = 5000, STEPS = 200000 };

static void
test_one(void)
{
	struct slabs s;
	uint8_t *p, clear[SIZE] = { 0 };

	slabs_init(&s, SIZE);
	p = slab_get(&s);
	ok(memcmp(p, clear, SIZE) == 0, "an object is cleared");
	ok(((uintptr_t)p & 7) == 0, "and aligned");
	memset(p, 0xff, SIZE);
	slab_put(&s, p);
	ok(slab_get(&s) == p, "the last that came back goes first");
	ok(memcmp(p, clear, SIZE) == 0, "cleared again");
	slab_put(&s, p);
	is_int(s.used, 0, "none is out");
	slabs_free(&s);
}

/* True: all bytes are those that were written into object i. */
static bool
is_whole(const uint8_t *p, size_t i)
{
	for (size_t k = 0; k < SIZE; k++)
		if (p[k] != (uint8_t)(i * 7 + 1))
			return false;
	return true;
}

static void
test_random(void)
{
	static uint8_t *v[MANY];
	struct slabs s;
	size_t out = 0, i;
	bool good = true;

	srand(1);
	slabs_init(&s, SIZE);
	for (int step = 0; step < STEPS; step++) {
		i = (size_t)rand() % MANY;
		if (v[i] == NULL) {
			v[i] = slab_get(&s);
			memset(v[i], (int)(uint8_t)(i * 7 + 1), SIZE);
			out++;
		} else {
			good = good && is_whole(v[i], i);
			slab_put(&s, v[i]);
			v[i] = NULL;
			out--;
		}
		good = good && s.used == out;
	}
	ok(good, "no object touches another, whatever comes and goes");
	for (i = 0; i < MANY; i++)
		if (v[i] != NULL)
			slab_put(&s, v[i]);
	ok(LIST_FIRST(&s.open) == s.spare && s.spare != NULL,
	    "when all are back one block is kept");
	slabs_free(&s);
	ok(LIST_EMPTY(&s.open), "and then none");
}

static void
test_full_blocks(void)
{
	static void *v[2000];
	struct slabs s;
	size_t blocks = 0;
	struct slab *last = NULL;

	slabs_init(&s, 24);
	for (size_t i = 0; i < 2000; i++) {
		v[i] = slab_get(&s);
		memset(v[i], 1, 24);
		if (LIST_FIRST(&s.open) != last)
			blocks++;
		last = LIST_FIRST(&s.open);
	}
	is_int(blocks, 1, "two thousand small ones share a block");
	for (size_t i = 0; i < 2000; i++)
		slab_put(&s, v[i]);
	is_int(s.used, 0, "all came back");
	slabs_free(&s);
}

int
main(void)
{
	test_one();
	test_random();
	test_full_blocks();
	return done_testing();
}
