/* chat/cmd_remove.c - ending somebody else's membership. */

#include "chat/change.h"
#include "chat/commands.h"

static void
remove_run(struct request *req)
{
	struct event_subject s = { 0 };

	if (change_begin(req, EV_LEAVE) == -1 ||
	    json_need_id(req->args, "user", &s.user, &req->err) == -1) {
		request_reply(req);
		return;
	}
	change_subject(req, &s);
	change_append(req);
}

const struct chat_cmd cmd_remove = { .name = "remove", .run = remove_run };
