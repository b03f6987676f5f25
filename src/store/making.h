/* store/making.h - what is the same in every database when a room, an
 * invitation or an entry is made. Private to store. */
#ifndef STORE_MAKING_H
#define STORE_MAKING_H

#include "store/driver.h"

bool making_is_direct(const struct room_new *n);

/* Is it a room that can be? 0, or -1 *err (BAD_REQUEST). */
int making_check(const struct room_new *n, struct err *err);

/* The body of its create event. */
void making_body(struct buf *b, const struct room_new *n);

/* A room that was found by its maker's cid: is it the one that n describes? ev:
 * its create event, or NULL. 1, or -1 *err (CONFLICT). */
int making_same(
    const struct room_new *n, const struct event *ev, struct err *err);
int making_other(struct err *err); /* it is not: CONFLICT. -1 */
/* The same of a group, by the event that its maker's cid names in the maker's
 * self room: *id_r is the room it is about. 0, or -1 *err (CONFLICT). */
int making_about(const struct event *ev, struct id *id_r, struct err *err);

/* 0, or -1 *err (FORBIDDEN: this user may not invite). */
int making_may_invite(struct db *db, const struct id *user, struct err *err);

/* The entry of the self room that tells the user's other devices. */
void making_revoked(
    struct event *ev_r, const struct id *user, const struct id *session);

/* The user's leaving of the room, as if asked for; and what came of its append
 * (rc), which is cleared: ev and what followed go into more. */
void making_leave(
    struct event *ev_r, const struct id *user, const struct id *room);
void making_left(struct append *a, int rc, struct event_list *more);

#endif
