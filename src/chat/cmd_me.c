/* chat/cmd_me.c - one's own account. */

#include "chat/commands.h"
#include "store/users.h"

static void
me_work(struct db *db, struct request *req)
{
	struct user u;
	int found = db_user_get(db, &req->user, &u, &req->err);

	if (found == 0)
		err_set(&req->err, ERR_UNAUTHORIZED,
		    "This account does not exist any more.");
	if (found != 1)
		return;
	json_key(&req->out, "user");
	user_json(&req->out, &u);
}

static void
me_run(struct request *req)
{
	request_read(req, me_work, NULL);
}

const struct chat_cmd cmd_me = { .name = "me", .run = me_run };
