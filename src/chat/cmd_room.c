/* chat/cmd_room.c - one room, as one sees it. */

#include "chat/commands.h"
#include "chat/view.h"

static void
room_work(struct db *db, struct request *req)
{
	struct id room;

	if (json_need_id(req->args, "room", &room, &req->err) == 1)
		view_room(db, req, &room);
}

static void
room_run(struct request *req)
{
	request_read(req, room_work, NULL);
}

const struct chat_cmd cmd_room = { .name = "room", .run = room_run };
