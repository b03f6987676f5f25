/* chat/cmd_drop.c - a refused message is given up; later ones may go on. */
#include "chat/blocked.h"
#include "chat/commands.h"
#include "chat/request.h"

static void
run(struct request *req)
{
	struct id room;
	struct cid cid;

	if (json_need_id(req->args, "room", &room, &req->err) == 1 &&
	    json_need_cid(req->args, "cid", &cid, &req->err) == 1 &&
	    req->dev != NULL)
		blocked_drop(req->dev, &room, &cid);
	request_reply(req);
}

const struct chat_cmd cmd_drop = { .name = "drop", .run = run };
