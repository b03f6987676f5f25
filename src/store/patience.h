/* store/patience.h - a store beyond the network may take seconds to answer, or
 * to fail; who appends is told sooner. Private to store. */
#ifndef STORE_PATIENCE_H
#define STORE_PATIENCE_H

#include "store/append.h"
#include "store/threads.h"

/* A copy of a, to be queued in its place. a is answered when the copy is, or
 * BUSY after PATIENCE_MS; then the copy goes on by itself, and when it is
 * stored after all, store_on_late's callback hears of it. */
#define PATIENCE_MS 1500
struct append *patience_begin(struct store *st, struct append *a);

/* At the end, when nothing is pending any more. */
void patience_end(struct store *st);

#endif
