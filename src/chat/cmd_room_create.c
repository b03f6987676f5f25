/* chat/cmd_room_create.c - a new group. */

#include <bsd/string.h>
#include <string.h>

#include "chat/commands.h"
#include "chat/room_new.h"

static int
read_kind(struct request *req, struct room *room)
{
	const char *s;
	size_t len;

	if (json_need_str(req->args, "kind", &s, &len, &req->err) == -1)
		return -1;
	room->kind = room_kind_parse(s);
	if (room->kind != ROOM_PUBLIC && room->kind != ROOM_PRIVATE)
		return err_set(&req->err, ERR_BAD_REQUEST,
		    "kind: must be public or private");
	return 0;
}

static int
read_label(struct request *req, struct room *room)
{
	const char *s;
	size_t len;

	if (json_need_str(req->args, "label", &s, &len, &req->err) == -1 ||
	    room_check_label(s, len, &req->err) == -1)
		return -1;
	strlcpy(room->label, s, sizeof(room->label));
	return 0;
}

static bool
is_named(const struct room_ask *ask, const struct id *user)
{
	if (id_eq(user, &ask->room.creator))
		return true;
	for (size_t i = 0; i < ask->room.nusers; i++)
		if (id_eq(user, &ask->users[i]))
			return true;
	return false;
}

/* Each once, without the creator. */
static int
read_members(struct request *req, struct room_ask *ask)
{
	const struct json *a;
	int found = json_get_array(req->args, "members", &a, &req->err);
	struct id user;

	if (found < 1)
		return found;
	if (json_len(a) > ROOM_NEW_MEMBERS)
		goto bad;
	for (size_t i = 0; i < json_len(a); i++) {
		if (json_as_id(json_at(a, i), &user) == -1)
			goto bad;
		if (!is_named(ask, &user))
			ask->users[ask->room.nusers++] = user;
	}
	return 0;
bad:
	return err_set(&req->err, ERR_BAD_REQUEST,
	    "members: must be an array of at most %d ids", ROOM_NEW_MEMBERS);
}

static int
create_read(struct request *req)
{
	struct room_ask *ask = room_new_ask(req);

	if (read_kind(req, &ask->room.room) == -1 ||
	    read_label(req, &ask->room.room) == -1 ||
	    read_members(req, ask) == -1)
		return -1;
	ask->room.cid = cid_new();
	return json_get_cid(req->args, "cid", &ask->room.cid, &req->err);
}

static void
create_run(struct request *req)
{
	if (create_read(req) == -1)
		request_reply(req);
	else
		room_new_run(req);
}

const struct chat_cmd cmd_room_create = {
	.name = "room_create",
	.run = create_run,
};
