/* chat/cmd_direct.c - the room of two people. */

#include "chat/commands.h"
#include "chat/room_new.h"

static int
direct_read(struct request *req)
{
	struct room_ask *ask = room_new_ask(req);

	if (json_need_id(req->args, "user", &ask->users[0], &req->err) == -1)
		return -1;
	if (id_eq(&ask->users[0], &req->user))
		return err_set(
		    &req->err, ERR_BAD_REQUEST, "user: must be somebody else");
	ask->room.nusers = 1;
	ask->room.room.kind = ROOM_DIRECT;
	ask->room.cid = cid_new();
	return 0;
}

static void
direct_run(struct request *req)
{
	if (direct_read(req) == -1)
		request_reply(req);
	else
		room_new_run(req);
}

const struct chat_cmd cmd_direct = { .name = "direct", .run = direct_run };
