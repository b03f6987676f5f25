/* proc/places_private.h - the parts of the master's state machine. Private to
 * places.c, replace.c, watch.c. */
#ifndef PROC_PLACES_PRIVATE_H
#define PROC_PLACES_PRIVATE_H

#include "proc/places.h"

/* As people count: from 1. */
unsigned place_number(const struct places *p, const struct place *pl);

/* Forks a worker there, which leaves the place STARTING (or WAITING, when no
 * process is to be had). */
void place_fork(struct places *p, struct place *pl, uint64_t now);
/* Tells the worker to end. */
void place_drain(struct places *p, struct place *pl, uint64_t now);

/* Goes on with places_replace. */
void replace_tick(struct places *p, uint64_t now);

/* Kills a worker that holds the database's write lock for 5 s and is stopped or
 * whose loop does not turn (a slow disk alone is no reason), and tells of loops
 * that do not turn. */
void watch_tick(struct places *p, uint64_t now);

#endif
