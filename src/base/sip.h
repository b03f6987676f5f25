/* base/sip.h - SipHash (Aumasson and Bernstein 2012): a keyed hash whose
 * collisions cannot be made without the key. */
#ifndef BASE_SIP_H
#define BASE_SIP_H

#include <stddef.h>
#include <stdint.h>

struct sip_key {
	uint64_t k0, k1;
};

/* SipHash-c-d of n bytes: 1-3 for tables, 2-4 where it must last. */
uint64_t sip_hash(
    const struct sip_key *key, const void *p, size_t n, int c, int d);

#endif
