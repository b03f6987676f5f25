/* base/sip.c - SipHash-c-d. */
#include "base/sip.h"

static uint64_t
rotl(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void
rounds(uint64_t v[4], int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] = rotl(v[0], 32) + v[3];
		v[2] += v[1];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[2] = rotl(v[2], 32);
	}
}

/* Up to 8 bytes, little endian. */
static uint64_t
word(const uint8_t *p, size_t n)
{
	uint64_t w = 0;

	for (size_t i = 0; i < n; i++)
		w |= (uint64_t)p[i] << (8 * i);
	return w;
}

uint64_t
sip_hash(const struct sip_key *key, const void *p, size_t n, int c, int d)
{
	const uint8_t *s = p;
	uint64_t v[4] = {
		key->k0 ^ 0x736f6d6570736575,
		key->k1 ^ 0x646f72616e646f6d,
		key->k0 ^ 0x6c7967656e657261,
		key->k1 ^ 0x7465646279746573,
	};
	uint64_t last = (uint64_t)n << 56;

	for (; n >= 8; s += 8, n -= 8) {
		uint64_t m = word(s, 8);

		v[3] ^= m;
		rounds(v, c);
		v[0] ^= m;
	}
	last |= word(s, n);
	v[3] ^= last;
	rounds(v, c);
	v[0] ^= last;
	v[2] ^= 0xff;
	rounds(v, d);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
