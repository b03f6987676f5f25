/* chat/cmd_invite_revoke.c - takes an invitation back. */

#include "chat/commands.h"
#include "chat/invite.h"

static void
revoke_work(struct db *db, struct request *req)
{
	struct id invite;

	if (json_need_id(req->args, "invite", &invite, &req->err) == -1 ||
	    invite_need_admin(db, req) == -1)
		return;
	db_invite_delete(db, &invite, &req->err);
}

static void
revoke_run(struct request *req)
{
	request_write(req, revoke_work, NULL);
}

const struct chat_cmd cmd_invite_revoke = {
	.name = "invite_revoke",
	.run = revoke_run,
};
