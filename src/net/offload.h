/* net/offload.h - blocking work on threads, its result back on the loop. */
#ifndef NET_OFFLOAD_H
#define NET_OFFLOAD_H

#include <stddef.h>

#include "net/loop.h"

struct offload;

/* threads: at least 1, started at once, all signals blocked. name: of the
 * threads, for debuggers; cut at 11 bytes. */
struct offload *offload_new(
    struct loop *loop, unsigned threads, const char *name);

/* Runs what is queued, joins the threads, runs the done callbacks left; what
 * those ask for is still done, on the caller's thread. Not from a done
 * callback. */
void offload_free(struct offload **o);

/* work on a thread, then done (may be NULL) on the loop; both get arg. Jobs
 * start in order. From the loop's thread only. */
void offload_run(struct offload *o, loop_cb *work, loop_cb *done, void *arg);
size_t offload_pending(const struct offload *o); /* not done yet */

/* From any thread: cb on the loop, soon. Calls of one thread keep their order.
 * Many posts between two turns cost one wake-up. */
struct mailbox;
struct mailbox *mailbox_new(struct loop *loop);
void mailbox_free(struct mailbox **m); /* runs what is left; not from a post */
void mailbox_post(struct mailbox *m, loop_cb *cb, void *arg);

#endif
