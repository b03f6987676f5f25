/* chat/cmd_leave.c - ending one's own membership. */

#include "chat/change.h"
#include "chat/commands.h"

static void
leave_run(struct request *req)
{
	struct event_subject s = { .user = req->user };

	if (change_begin(req, EV_LEAVE) == -1) {
		request_reply(req);
		return;
	}
	change_subject(req, &s);
	change_append(req);
}

const struct chat_cmd cmd_leave = { .name = "leave", .run = leave_run };
