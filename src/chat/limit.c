/* chat/limit.c - how often something may be tried. */

#include "chat/limit.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/mem.h"

#define BUCKETS 4096

/* A bucket is the time at which it will be empty again: each take puts it
 * every_ms later. */
struct limit {
	uint64_t every;
	uint64_t ahead; /* how far in the future a take may begin */
	uint8_t secret[crypto_shorthash_KEYBYTES];
	uint64_t empty_at[BUCKETS];
};

struct limit *
limit_new(uint32_t burst, uint32_t every_ms)
{
	struct limit *l;

	MEM_NEW(l);
	l->every = every_ms;
	l->ahead = (uint64_t)(burst - 1) * every_ms;
	randombytes_buf(l->secret, sizeof(l->secret));
	return l;
}

void
limit_free(struct limit **l)
{
	free(*l);
	*l = NULL;
}

static uint64_t *
bucket(struct limit *l, const void *key, size_t len)
{
	uint8_t hash[crypto_shorthash_BYTES];

	crypto_shorthash(hash, key, len, l->secret);
	return &l->empty_at[(hash[0] | (unsigned)hash[1] << 8) % BUCKETS];
}

uint32_t
limit_take(struct limit *l, const void *key, size_t len, uint64_t now)
{
	uint64_t *at = bucket(l, key, len);

	if (*at > now + l->ahead)
		return (uint32_t)(*at - now - l->ahead);
	*at = (*at > now ? *at : now) + l->every;
	return 0;
}

void
limit_give(struct limit *l, const void *key, size_t len)
{
	uint64_t *at = bucket(l, key, len);

	*at -= *at > l->every ? l->every : *at;
}
