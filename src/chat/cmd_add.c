/* chat/cmd_add.c - making somebody else a member. */

#include "chat/change.h"
#include "chat/commands.h"

static void
prepare_work(struct db *db, struct request *req)
{
	struct id user;

	if (json_need_id(req->args, "user", &user, &req->err) == 1)
		change_join(db, req, &user);
}

static void
prepared(struct request *req)
{
	if (req->err.code != ERR_NONE)
		request_reply(req);
	else
		change_append(req);
}

static void
add_run(struct request *req)
{
	if (change_begin(req, EV_JOIN) == -1)
		request_reply(req);
	else
		request_read(req, prepare_work, prepared);
}

const struct chat_cmd cmd_add = { .name = "add", .run = add_run };
