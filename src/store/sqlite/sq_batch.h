/* store/sqlite/sq_batch.h - the rows that one write transaction works with:
 * read once, changed in memory, written back once. Private to store/sqlite. */
#ifndef STORE_SQLITE_SQ_BATCH_H
#define STORE_SQLITE_SQ_BATCH_H

#include "base/buf.h"
#include "base/map.h"
#include "store/sqlite/sq.h"

struct batch_room {
	struct room room;
	bool there; /* false: there is no such room */
	bool dirty;
};

struct batch_member {
	struct member m; /* role NONE: not a member */
	bool dirty;      /* the cursor is; the rest is written at once */
};

struct sq_batch *sq_batch_new(void);
void sq_batch_free(struct sq_batch **b);

/* Around one transaction: start forgets everything; flush writes the changed
 * rows. flush: 0, or -1 *err. */
void sq_batch_start(struct sq *s);
int sq_batch_flush(struct sq *s, struct err *err);

/* The row, read on first use; NULL with *err only when the database fails. */
struct batch_room *sq_batch_room(
    struct sq *s, const struct id *id, struct err *err);
struct batch_member *sq_batch_member(struct sq *s, const struct id *room,
    const struct id *user, struct err *err);

/* Numbers ev as the room's next event, inserts it, and folds it into the room's
 * head. ev->room is the room's. 0, or -1 *err. */
int sq_batch_put(
    struct sq *s, struct batch_room *r, struct event *ev, struct err *err);
/* The same, unless its sender has used its cid in the room before. 1; 0: so it
 * is, and nothing is done; -1 *err. */
int sq_batch_try(
    struct sq *s, struct batch_room *r, struct event *ev, struct err *err);

/* The room and the member's row get it. join: to's role from now on. ev is the
 * stored event. */
int sq_batch_join(struct sq *s, struct batch_room *r, struct batch_member *to,
    const struct event *ev, enum role role, struct err *err);
int sq_batch_leave(struct sq *s, struct batch_room *r, struct batch_member *who,
    struct err *err);
/* kind, label and topic are written as r has them now. */
int sq_batch_describe(struct sq *s, struct batch_room *r, struct err *err);
int sq_batch_role(
    struct sq *s, struct batch_member *who, enum role role, struct err *err);

/* muted and archived are written as who has them now. */
int sq_batch_wish(struct sq *s, struct batch_member *who, struct err *err);

/* Writes what follows from ev (added, removed) into user's self room; pushes
 * it to more. cid: NULL: derived. NOT_FOUND: there is no such user. */
int sq_batch_follow(struct sq *s, const struct event *ev, const struct id *user,
    const struct cid *cid, struct event_list *more, struct err *err);

/* What one change is about: rows of the batch. */
struct change {
	struct append *a;
	struct event *ev;
	struct event_subject s;
	struct batch_room *room;
	struct batch_member *actor;
	struct batch_member *target;
};

/* sq_self.c. An entry of one's own self room about another room: a cursor, a
 * mute, an archiving. 0, or -1 *err. */
int sq_self_change(struct sq *s, struct change *c, struct err *err);

/* sq_repeat.c. Was ev stored before, under its cid? 1: it has its numbers; 0:
 * no; -1 *err (CONFLICT: as something else). */
int sq_find_repeat(struct sq *s, struct event *ev, struct err *err);
/* Finds what of a is stored already: it gets its numbers and its
 * mark. Those that are new keep seq 0. How many are new, or -1 *err (CONFLICT:
 * the cid was used for something else). */
int sq_find_repeats(struct sq *s, struct append *a, struct err *err);

/* sq_since.c. May c be, after what came into r, the room it is about, since its
 * author knew that? 0, or -1 *err (CONFLICT). */
int sq_check_since(struct sq *s, const struct change *c,
    const struct batch_room *r, struct err *err);

/* The time that this batch's events get: ms UTC. */
uint64_t sq_batch_now(struct sq *s);

/* For bodies under construction. */
struct buf *sq_batch_tmp(struct sq *s);

#endif
