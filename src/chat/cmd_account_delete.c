/* chat/cmd_account_delete.c - giving up one's account for good. */

#include "chat/commands.h"
#include "chat/confirm.h"
#include "chat/ending.h"

/* The others in direct rooms see no leave: they are told by the signal. */
static void
delete_work(struct db *db, struct request *req)
{
	struct confirm *c = req->data;
	struct user u;

	if (notice_rooms(&c->notice, db, &req->user, &req->err) == -1 ||
	    db_user_leave(db, &req->user, &c->more, &req->err) == -1)
		return;
	if (db_user_get(db, &req->user, &u, NULL) == 1)
		notice_set(&c->notice, &u);
}

static void
delete_done(struct request *req)
{
	struct confirm *c = req->data;

	if (c->notice.json.len > 0)
		notice_tell(req->chat, &c->notice);
	if (req->err.code == ERR_NONE && req->ops->cookie != NULL)
		req->ops->cookie(req, NULL);
	ending_reply(req, &c->more);
}

static void
delete_run(struct request *req)
{
	struct confirm *c = confirm_new(req);

	if (confirm_read(req, "password", &c->password) == -1)
		request_reply(req);
	else
		confirm_run(req, delete_work, delete_done);
}

const struct chat_cmd cmd_account_delete = {
	.name = "account_delete",
	.run = delete_run,
};
