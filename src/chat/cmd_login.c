/* chat/cmd_login.c - a name and a password become a session. */

#include "chat/commands.h"
#include "chat/login.h"

static void
session_work(struct db *db, struct request *req)
{
	login_session(db, req);
}

static void
hash_work(struct db *db, struct request *req)
{
	struct login *l = req->data;

	if (!auth_password_ok(l->known ? l->passhash : NULL, l->password,
		l->password_len, l->memory))
		err_set(&req->err, ERR_UNAUTHORIZED,
		    "The name or the password is wrong.");
}

static void
hashed(struct request *req)
{
	if (req->err.code != ERR_NONE)
		request_reply(req);
	else
		request_write(req, session_work, login_reply);
}

static void
find_work(struct db *db, struct request *req)
{
	struct login *l = req->data;

	l->known =
	    db_user_by_name(db, l->name, &l->user, l->passhash, &req->err) == 1;
}

static void
found(struct request *req)
{
	if (req->err.code != ERR_NONE)
		request_reply(req);
	else
		request_hash(req, hash_work, hashed);
}

static void
login_run(struct request *req)
{
	if (login_read(req) == -1)
		request_reply(req);
	else
		request_read(req, find_work, found);
}

const struct chat_cmd cmd_login = {
	.name = "login",
	.flags = CMD_PUBLIC | CMD_HTTP_ONLY,
	.run = login_run,
};
