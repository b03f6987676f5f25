/* admin/walk.h - all rooms, a whole log, all members, in pages. Private to
 * src/admin. On a store thread, best inside a snapshot. */
#ifndef ADMIN_WALK_H
#define ADMIN_WALK_H

#include "model/event.h"
#include "store/rooms.h"

#define WALK_PAGE       500
#define WALK_PAGE_BYTES (4u << 20)

/* 0, or what is not ends the walk; -1 has filled its *err. */
typedef int walk_room_fn(const struct room *row, void *arg);
typedef int walk_log_fn(const struct event *v, size_t n, void *arg);
typedef int walk_members_fn(const struct member_view *v, size_t n, void *arg);

/* Self rooms too. What fn returned last, or -1 with *err. */
int walk_rooms(struct db *db, walk_room_fn *fn, void *arg, struct err *err);

/* The events of a room from its first to its last, a page at a time. The same.
 */
int walk_log(struct db *db, const struct id *room, walk_log_fn *fn, void *arg,
    struct err *err);

/* The members of a room. The same. */
int walk_members(struct db *db, const struct id *room, walk_members_fn *fn,
    void *arg, struct err *err);

/* How many events the rows of all rooms speak of. 0 or -1. */
int walk_count(struct db *db, uint64_t *n_r, struct err *err);

#endif
