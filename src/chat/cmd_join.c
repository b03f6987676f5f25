/* chat/cmd_join.c - becoming a member of a public group. */

#include "chat/change.h"
#include "chat/commands.h"
#include "chat/view.h"
#include "store/users.h"

static void
view_work(struct db *db, struct request *req)
{
	view_room(db, req, &req->ev.room);
}

static void
joined(struct request *req)
{
	if (req->err.code != ERR_NONE)
		request_reply(req);
	else
		request_read(req, view_work, NULL);
}

static void
prepare_work(struct db *db, struct request *req)
{
	change_join(db, req, &req->user);
}

static void
prepared(struct request *req)
{
	if (req->err.code != ERR_NONE)
		request_reply(req);
	else
		request_append(req, joined);
}

static void
join_run(struct request *req)
{
	if (change_begin(req, EV_JOIN) == -1)
		request_reply(req);
	else
		request_read(req, prepare_work, prepared);
}

const struct chat_cmd cmd_join = { .name = "join", .run = join_run };
