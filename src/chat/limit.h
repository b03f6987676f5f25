/* chat/limit.h - how often something may be done and how many connections one
 * may have, told apart by keys that strangers choose, in a fixed amount of
 * memory which all workers of the host share. */
#ifndef CHAT_LIMIT_H
#define CHAT_LIMIT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"

#define LIMIT_SECRET 16
#define LIMIT_SETS   2048
#define LIMIT_WAYS   8
#define LIMIT_PLACES 65    /* workers that count connections */
#define LIMIT_CELLS  16384 /* of a row of such counts */

/* A bucket is the time (us) at which it will be empty again: each take puts it
 * further ahead. One whose time is over is free for another key. */
struct limit_slot {
	_Atomic uint64_t key;
	_Atomic uint64_t empty_at;
};

enum limit_whose { LIMIT_ADDRESS, LIMIT_USER, LIMIT_WHOSE };

/* On the board; all zero but the secret. What is never used is never touched,
 * and so costs no memory. */
struct limits {
	uint8_t secret[LIMIT_SECRET];
	_Atomic unsigned places; /* that ever counted connections */
	struct limit_slot slot[RATES][LIMIT_SETS][LIMIT_WAYS];
	_Atomic uint16_t count[LIMIT_PLACES][LIMIT_WHOSE][2][LIMIT_CELLS];
};

/* Once, before the fork. */
void limits_init(struct limits *l);

/* Whose bucket: the bytes of key. */
struct limit_key {
	enum conf_rates kind;
	const void *key;
	size_t len;
};

/* Takes n (more than the burst: that) and returns 0; or takes nothing and
 * returns in how many ms they can be had, at least 1. now: us, monotonic. l
 * NULL, or no rate: always 0. When very many keys are in use at a time, few of
 * them share a bucket, by a secret hash, so that nobody can choose with whom.
 */
uint32_t limit_take(struct limits *l, const struct conf_rate *rate,
    const struct limit_key *key, uint32_t n, uint64_t now);

/* Puts back what was taken. */
void limit_give(struct limits *l, const struct conf_rate *rate,
    const struct limit_key *key, uint32_t n);

/* The part of an address that belongs to one customer: all of IPv4, the first
 * 64 bits of IPv6. Zero for what is no address. */
void limit_net(const char *address, uint8_t net[16]);

/* Connections of whose key in this worker's place; reset when a process begins
 * there, so that one that was killed leaves none behind. */
void limit_conns_reset(struct limits *l, unsigned place);

/* Counts one more, and returns a ticket to leave with; or 0 when there are max
 * on the host already. max 0: no limit, and the ticket is LIMIT_FREE. Two keys
 * may rarely be taken for one, which only ever counts too much. */
#define LIMIT_FREE 1u
uint32_t limit_enter(struct limits *l, unsigned place, enum limit_whose whose,
    const struct limit_key *key, uint32_t max);
void limit_leave(
    struct limits *l, unsigned place, enum limit_whose whose, uint32_t ticket);

#endif
