/* chat/whereabouts.h - at which other workers somebody is connected: a set of
 * (person, worker) in 16 bytes each, since every worker keeps everybody. */
#ifndef CHAT_WHEREABOUTS_H
#define CHAT_WHEREABOUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

struct whereabout {
	struct id user;
	uint32_t worker; /* the caller's number of it; 0: the slot is empty */
};

/* All zero: empty. */
struct whereabouts {
	struct whereabout *slots;
	size_t cap; /* 0 or a power of two */
	size_t count;
};

void whereabouts_free(struct whereabouts *w);

bool whereabouts_anywhere(const struct whereabouts *w, const struct id *user);

/* worker: not 0. False: it was there already; was not there. */
bool whereabouts_add(
    struct whereabouts *w, const struct id *user, uint32_t worker);
bool whereabouts_remove(
    struct whereabouts *w, const struct id *user, uint32_t worker);

/* Everybody at that worker: *n_r ids, which the caller frees. */
struct id *whereabouts_at(
    const struct whereabouts *w, uint32_t worker, size_t *n_r);

#endif
