/* chat/view.h - what several commands read of a room and answer with. */
#ifndef CHAT_VIEW_H
#define CHAT_VIEW_H

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "model/room.h"
#include "store/rooms.h"
#include "store/users.h"

struct request;

/* On a store thread: the room and the user's place in it, if the user may read
 * its log. 0, or -1 with *err (NOT_FOUND, NOT_MEMBER, BUSY). */
int view_may_read(struct db *db, const struct id *room, const struct id *user,
    struct room *room_r, struct member *me_r, struct err *err);

/* On a store thread: appends "room":Room to req->out, as req->user sees the
 * room; sets req->err when that may not be. */
void view_room(struct db *db, struct request *req, const struct id *room);

/* Appends "users":[User,…]. */
void view_users_json(struct buf *out, const struct user_list *l);

/* Appends "rooms":[Room,…] of the first n. Who is not a member is not told the
 * last message. */
void view_rooms_json(struct buf *out, const struct room_views *l, size_t n);

#endif
