/* chat/view.c - what several commands read of a room and answer with. */

#include "chat/view.h"

#include "base/json.h"
#include "chat/request.h"

static int
no_room(struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "There is no such room.");
}

int
view_may_read(struct db *db, const struct id *room, const struct id *user,
    struct room *room_r, struct member *me_r, struct err *err)
{
	int found = db_room_get(db, room, room_r, err);

	if (found == 0)
		return no_room(err);
	if (found == 1)
		found = db_member_get(db, room, user, me_r, err);
	if (found == -1)
		return -1;
	if (found == 0)
		*me_r = (struct member){ .room = *room, .user = *user };
	return room_may_read(room_r, me_r, err);
}

/* Who is not a member is not told the last message. */
static void
put_room(struct buf *out, struct room_view *v)
{
	if (v->me.role == ROLE_NONE)
		v->last.seq = 0;
	room_view_json(out, v);
}

void
view_room(struct db *db, struct request *req, const struct id *room)
{
	struct room_view v = { 0 };
	int found = db_room_view(db, room, &req->user, &v, &req->err);

	if (found == -1)
		return;
	if (found == 0 || v.room.kind == ROOM_SELF ||
	    (v.me.role == ROLE_NONE && v.room.kind != ROOM_PUBLIC)) {
		no_room(&req->err);
	} else {
		json_key(&req->out, "room");
		put_room(&req->out, &v);
	}
	event_free_body(&v.last);
}

void
view_users_json(struct buf *out, const struct user_list *l)
{
	json_key(out, "users");
	json_open(out, '[');
	for (size_t i = 0; i < l->n; i++)
		user_json(out, &l->v[i]);
	json_close(out, ']');
}

void
view_rooms_json(struct buf *out, const struct room_views *l, size_t n)
{
	json_key(out, "rooms");
	json_open(out, '[');
	for (size_t i = 0; i < n; i++)
		put_room(out, &l->v[i]);
	json_close(out, ']');
}
