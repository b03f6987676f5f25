/* chat/cmd_password.c - another password; it ends all other sessions. */

#include "chat/commands.h"
#include "chat/confirm.h"
#include "chat/ending.h"

static void
password_work(struct db *db, struct request *req)
{
	struct confirm *c = req->data;

	db_user_change_password(db, &req->user, c->passhash, c->fresh_hash,
	    &req->session, &c->more, &req->err);
}

static void
password_done(struct request *req)
{
	struct confirm *c = req->data;

	ending_reply(req, &c->more);
}

static void
password_run(struct request *req)
{
	struct confirm *c = confirm_new(req);

	if (confirm_read(req, "old", &c->password) == -1 ||
	    confirm_read(req, "new", &c->fresh) == -1)
		request_reply(req);
	else
		confirm_run(req, password_work, password_done);
}

const struct chat_cmd cmd_password = {
	.name = "password",
	.run = password_run,
};
