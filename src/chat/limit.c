/* chat/limit.c - how often, and how many. */

#include "chat/limit.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

#define MS_US     1000
#define SECOND_US 1000000ull

/* A ticket: two cells, and a mark that it is one. */
#define TICKET (1u << 31)

_Static_assert(LIMIT_SECRET == crypto_shorthash_KEYBYTES, "SipHash");
_Static_assert(LIMIT_CELLS == 1 << 14, "two cells fit a ticket");

void
limits_init(struct limits *l)
{
	randombytes_buf(l->secret, sizeof(l->secret));
}

static uint64_t
hash_of(const struct limits *l, const struct limit_key *key)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t h;

	crypto_shorthash(out, key->key, key->len, l->secret);
	memcpy(&h, out, sizeof(h));
	return h != 0 ? h : 1;
}

/* The key's bucket, or one that is empty and becomes the key's, or, when all
 * of its set are in use, one that it shares. Another worker may take an empty
 * one in the same moment: then its time is not what was read, and the caller
 * looks again. */
static struct limit_slot *
find(struct limits *l, const struct limit_key *key, uint64_t now)
{
	uint64_t h = hash_of(l, key);
	struct limit_slot *set = l->slot[key->kind][h % LIMIT_SETS];

	for (unsigned i = 0; i < LIMIT_WAYS; i++)
		if (set[i].key == h)
			return &set[i];
	for (unsigned i = 0; i < LIMIT_WAYS; i++) {
		uint64_t was = set[i].key;

		if (set[i].empty_at <= now &&
		    (atomic_compare_exchange_strong(&set[i].key, &was, h) ||
			was == h))
			return &set[i];
	}
	return &set[(h >> 32) % LIMIT_WAYS];
}

static uint64_t
every_us(const struct conf_rate *rate)
{
	return rate->per_s * SECOND_US / rate->count;
}

uint32_t
limit_take(struct limits *l, const struct conf_rate *rate,
    const struct limit_key *key, uint32_t n, uint64_t now)
{
	struct limit_slot *slot;
	uint64_t every, at, then;

	if (l == NULL || rate->count == 0)
		return 0;
	every = every_us(rate);
	if (n > rate->burst)
		n = rate->burst;
	do {
		slot = find(l, key, now);
		at = slot->empty_at;
		then = (at > now ? at : now) + n * every;
		if (then > now + rate->burst * every)
			return (uint32_t)((then - now - rate->burst * every +
					      MS_US - 1) /
					  MS_US);
	} while (!atomic_compare_exchange_strong(&slot->empty_at, &at, then));
	return 0;
}

void
limit_give(struct limits *l, const struct conf_rate *rate,
    const struct limit_key *key, uint32_t n)
{
	struct limit_slot *slot;
	uint64_t back, at;

	if (l == NULL || rate->count == 0)
		return;
	back = (n > rate->burst ? rate->burst : n) * every_us(rate);
	slot = find(l, key, 0);
	do
		at = slot->empty_at;
	while (!atomic_compare_exchange_strong(
	    &slot->empty_at, &at, at > back ? at - back : 0));
}

void
limit_net(const char *address, uint8_t net[16])
{
	memset(net, 0, 16);
	if (address == NULL || inet_pton(AF_INET, address, net) == 1)
		return;
	if (inet_pton(AF_INET6, address, net) == 1)
		memset(net + 8, 0, 8);
}

void
limit_conns_reset(struct limits *l, unsigned place)
{
	unsigned n;

	if (l == NULL)
		return;
	n = l->places;
	while (n <= place &&
	       !atomic_compare_exchange_weak(&l->places, &n, place + 1))
		;
	for (unsigned whose = 0; whose < LIMIT_WHOSE; whose++)
		for (unsigned i = 0; i < 2 * LIMIT_CELLS; i++) {
			_Atomic uint16_t *cell =
			    &l->count[place][whose][i / LIMIT_CELLS]
				     [i % LIMIT_CELLS];

			if (*cell != 0)
				*cell = 0;
		}
}

static uint32_t
sum(struct limits *l, enum limit_whose whose, unsigned row, unsigned cell)
{
	uint32_t n = 0;

	for (unsigned place = 0; place < l->places; place++)
		n += l->count[place][whose][row][cell];
	return n;
}

/* Each connection is counted in a cell of two rows. Who shares a cell in one
 * hardly does in the other, and the lower count is the better one. */
uint32_t
limit_enter(struct limits *l, unsigned place, enum limit_whose whose,
    const struct limit_key *key, uint32_t max)
{
	uint32_t cell[2], n[2];
	uint64_t h;

	if (l == NULL || max == 0)
		return LIMIT_FREE;
	h = hash_of(l, key);
	for (unsigned row = 0; row < 2; row++) {
		cell[row] = (uint32_t)(h >> (32 * row)) % LIMIT_CELLS;
		l->count[place][whose][row][cell[row]]++;
		n[row] = sum(l, whose, row, cell[row]);
	}
	h = TICKET | cell[1] << 14 | cell[0];
	if (n[0] <= max || n[1] <= max)
		return (uint32_t)h;
	limit_leave(l, place, whose, (uint32_t)h);
	return 0;
}

void
limit_leave(
    struct limits *l, unsigned place, enum limit_whose whose, uint32_t ticket)
{
	if (l == NULL || !(ticket & TICKET))
		return;
	l->count[place][whose][0][ticket % LIMIT_CELLS]--;
	l->count[place][whose][1][(ticket >> 14) % LIMIT_CELLS]--;
}
