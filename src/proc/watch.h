/* proc/watch.h - workers that hold others up. Private to src/proc. */
#ifndef PROC_WATCH_H
#define PROC_WATCH_H

#include "proc/places.h"

/* Kills a worker that holds the database's write lock for 5 s and is stopped or
 * whose loop does not turn (a slow disk alone is no reason), and tells of loops
 * that do not turn. */
void watch_tick(struct places *p, uint64_t now);

#endif
