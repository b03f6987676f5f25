/* store/append.h - the one way by which an event enters a room's log.
 *
 * The append is the authorisation: the check and the numbering happen in the
 * same step as the insert, with everything stored before in view. Appends that
 * wait while one batch is being committed form the next (group commit). */
#ifndef STORE_APPEND_H
#define STORE_APPEND_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/event.h"
#include "store/store.h"

struct append;
typedef void append_done_cb(struct append *a);

/* n events of one sender for one room, stored all or none, in order; if none
 * was stored before, with neighbouring seqs. More than one only of messages. A
 * repeated event gets the stored body as well. Owned by the caller, who must
 * not touch it between store_append and done. */
struct append {
	/* asked: of each event room, kind, from, cid, target, body. The store
	 * fills in seq, no, at (and for a leave the heir in the body). */
	struct event *ev;
	size_t n;
	uint64_t joined;      /* messages: stored only as long as the sender's
			       * membership is the one that began with this seq;
			       * else NOT_MEMBER. 0: whichever it is */
	uint64_t known;       /* a change, or a mute or archive: the last seq
			       * of the room it is about that its author knew;
			       * CONFLICT when something behind that bears on
			       * it. So a refusal holds for all its tries. 0:
			       * whatever came since */
	append_done_cb *done; /* on the loop, once */
	void *arg;

	/* answered */
	struct err err; /* NONE: all are committed */
	bool *repeated; /* n flags, caller's array or NULL: this one was
			 * stored before under the same cid; its seq, no, at are
			 * the first one's */
	bool nothing;   /* nothing to do (joined already …): nothing stored */
	struct event_list more; /* what was written with it: self room entries
				 * of those it concerns. Owned by the append;
				 * append_clear frees it */

	STAILQ_ENTRY(append) link; /* the store's */
	unsigned failures;         /* the store's, as is this: */
	uint64_t told;
};

/* Queues a. Appends are stored in the order of these calls. When one cannot be
 * stored (BUSY), all that were queued before its done was called are refused
 * with BUSY too, so that a sender's later messages never overtake it. BUSY says
 * that it is not known to be stored: asked again under the same cid, it is
 * stored once. */
void store_append(struct store *st, struct append *a);

/* Called on the loop for an append that was answered BUSY since the store did
 * not answer in time, and is stored now. a is gone afterwards. */
void store_on_late(
    struct store *st, void (*cb)(const struct append *a, void *arg), void *arg);

/* Frees what the store put into a (more), not ev. */
void append_clear(struct append *a);

#endif
