/* store/gather.h - reads of one kind that wait at the same time are done
 * together, by one visit of a reader thread: when a thousand devices come back
 * at once, each question to the database is asked for some dozens of them. */
#ifndef STORE_GATHER_H
#define STORE_GATHER_H

#include "store/store.h"

#define GATHER_MAX 32 /* items of one visit */

/* On a reader thread, as store_work_cb, for n items, 1 to GATHER_MAX. */
typedef void gather_work_cb(struct db *db, void *const *items, size_t n);

struct gather;
/* done: for each item, on the loop, after its work. */
struct gather *gather_new(
    struct store *st, gather_work_cb *work, store_done_cb *done);
/* After store_close. */
void gather_free(struct gather **g);

/* One item. What the work reads was not stored before this call. */
void gather_read(struct gather *g, void *item);

#endif
