/* chat/room_list.h - a page of somebody's rooms, as JSON, with where each was.
 */
#ifndef CHAT_ROOM_LIST_H
#define CHAT_ROOM_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "store/rooms.h"

#define ROOM_LIST_PAGE 200
#define ROOM_LIST_READ (ROOM_LIST_PAGE + 1) /* whether there are more */

struct room_list {
	struct buf json;     /* [Room,…] */
	struct room_pos pos; /* in: rooms behind it; out: the last one */
	bool more;           /* there are rooms behind it */
	size_t n;
	struct {
		struct id id;
		uint64_t seq;
	} v[ROOM_LIST_PAGE];
};

/* The page of up to ROOM_LIST_READ rooms that were read. */
void room_list_fill(struct room_list *l, const struct room_views *views);
/* On a store thread: the next page; the room alone (none if the user is no
 * member). 0 or -1. */
int room_list_page(
    struct db *db, const struct id *user, struct room_list *l, struct err *err);
int room_list_one(struct db *db, const struct id *user, const struct id *room,
    struct room_list *l, struct err *err);
void room_list_free(struct room_list *l);

#endif
