/* chat/limit.h - how often something may be tried, told apart by keys that
 * strangers choose, in a fixed amount of memory. */
#ifndef CHAT_LIMIT_H
#define CHAT_LIMIT_H

#include <stddef.h>
#include <stdint.h>

struct limit;

/* Each key may be taken burst times at once and then again every every_ms. */
struct limit *limit_new(uint32_t burst, uint32_t every_ms);
void limit_free(struct limit **l);

/* Takes one of key at the time now (ms, monotonic) and returns 0; or takes
 * nothing and returns in how many ms one can be had. Few different keys may
 * share their count: by a secret hash, so that nobody can choose with whom. */
uint32_t limit_take(struct limit *l, const void *key, size_t len, uint64_t now);

/* Puts back what was taken. */
void limit_give(struct limit *l, const void *key, size_t len);

#endif
