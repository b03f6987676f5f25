/* t/unit/base_map.c - the map against a plain array that does the same. */
#include "../lib/tap.h"
#include "base/map.h"
#include "base/sip.h"

#define KEYS  700
#define STEPS 200000

struct thing {
	int before;
	uint32_t key;
	bool in;
};

static struct thing things[KEYS];
static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t
below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % n;
}

/* How often map and array disagree on any key, the count or a walk. */
static int
differences(const struct map *m)
{
	size_t in = 0, walked = 0, at = 0;
	struct thing *t;
	int wrong = 0;

	for (uint32_t i = 0; i < KEYS; i++) {
		wrong += map_get(m, &things[i].key) !=
			 (things[i].in ? &things[i] : NULL);
		in += things[i].in;
	}
	while ((t = map_next(m, &at)) != NULL) {
		wrong += !t->in;
		walked++;
	}
	return wrong + (m->count != in) + (walked != in);
}

static void
step(struct map *m, uint32_t range, int *wrong)
{
	struct thing *t = &things[below(range)];

	if (t->in) {
		*wrong += map_remove(m, &t->key) != t;
		t->in = false;
	} else if (below(3) != 0) {
		map_put(m, t);
		t->in = true;
	} else {
		*wrong += map_remove(m, &t->key) != NULL;
	}
}

static void
test_model(void)
{
	struct map m;
	int wrong = 0;

	map_init(&m, struct thing, key);
	for (uint32_t i = 0; i < KEYS; i++)
		things[i].key = i * 7919;
	is_int(differences(&m), 0, "an empty map has nothing");
	ok(map_remove(&m, &things[0].key) == NULL, "and nothing to remove");
	for (int i = 0; i < STEPS; i++) {
		/* Few keys at first, so that it empties and fills again. */
		step(&m, i < STEPS / 2 ? 12 : KEYS, &wrong);
		if (i % 997 == 0 || i < 300)
			wrong += differences(&m);
	}
	is_int(wrong, 0, "%d random puts and removes agree with a plain array",
	    STEPS);
	ok((m.cap & (m.cap - 1)) == 0 && m.count < m.cap,
	    "the table is a power of two with room");
	map_free(&m);
	ok(map_get(&m, &things[0].key) == NULL, "a freed map is empty");
}

/* A walk that takes out every other thing it sees, and those never again. */
static int
walk_and_remove(void)
{
	unsigned seen[KEYS] = { 0 };
	struct thing *t;
	struct map m;
	int wrong = 0;

	map_init(&m, struct thing, key);
	for (uint32_t i = 0; i < KEYS; i++) {
		things[i].key = below(UINT32_MAX) / KEYS * KEYS + i;
		things[i].in = true;
		map_put(&m, &things[i]);
	}
	for (size_t i = 0; (t = map_next(&m, &i)) != NULL;) {
		wrong += !t->in;
		seen[t - things]++;
		if ((t - things) % 2 == 0)
			continue;
		map_remove(&m, &t->key);
		t->in = false;
		i--;
	}
	for (uint32_t i = 0; i < KEYS; i++)
		wrong += seen[i] == 0 || (i % 2 == 1 && things[i].in);
	wrong += differences(&m);
	map_free(&m);
	return wrong;
}

static void
test_walk(void)
{
	int wrong = 0;

	for (int i = 0; i < 300; i++)
		wrong += walk_and_remove();
	is_int(wrong, 0, "a walk may take out what it sees");
}

/* The vectors of the SipHash paper's program: key 00…0f, input 00 01 02 …; and
 * its example of 15 bytes. */
static void
test_sip(void)
{
	static const struct sip_key key = { 0x0706050403020100,
		0x0f0e0d0c0b0a0908 };
	uint8_t in[15];

	for (uint8_t i = 0; i < sizeof(in); i++)
		in[i] = i;
	ok(sip_hash(&key, in, 15, 2, 4) == 0xa129ca6149be45e5,
	    "SipHash-2-4 gives the paper's example");
	ok(sip_hash(&key, in, 0, 2, 4) == 0x726fdb47dd0e0e31,
	    "SipHash-2-4 of nothing");
	ok(sip_hash(&key, in, 8, 2, 4) == 0x93f5f5799a932462,
	    "SipHash-2-4 of 8 bytes");
}

int
main(void)
{
	test_model();
	test_walk();
	test_sip();
	return done_testing();
}
