/* chat/cmd_session_revoke.c - ending another of my sessions, or all others. */

#include <stdlib.h>

#include "base/mem.h"
#include "chat/commands.h"
#include "chat/ending.h"
#include "store/users.h"

struct revoke {
	bool others;
	struct id session;
	struct event_list more;
};

static void
revoke_free(void *data)
{
	struct revoke *r = data;

	event_list_free(&r->more);
	free(r);
}

static void
revoke_work(struct db *db, struct request *req)
{
	struct revoke *r = req->data;

	if (r->others)
		db_sessions_delete(
		    db, &req->user, &req->session, &r->more, &req->err);
	else
		db_session_delete(
		    db, &req->user, &r->session, &r->more, &req->err);
}

static void
revoke_done(struct request *req)
{
	struct revoke *r = req->data;

	ending_reply(req, &r->more);
}

static int
revoke_read(struct request *req, struct revoke *r)
{
	int found;

	if (json_get_bool(req->args, "others", &r->others, &req->err) == -1)
		return -1;
	found = json_get_id(req->args, "session", &r->session, &req->err);
	if (found == -1)
		return -1;
	if ((found == 1) == r->others)
		return err_set(&req->err, ERR_BAD_REQUEST,
		    "session: name one, or say others: true");
	return 0;
}

static void
revoke_run(struct request *req)
{
	struct revoke *r;

	MEM_NEW(r);
	req->data = r;
	req->data_free = revoke_free;
	if (revoke_read(req, r) == -1)
		request_reply(req);
	else
		request_write(req, revoke_work, revoke_done);
}

const struct chat_cmd cmd_session_revoke = {
	.name = "session_revoke",
	.run = revoke_run,
};
