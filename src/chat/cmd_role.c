/* chat/cmd_role.c - making a member an admin, a plain member, or the owner. */

#include "chat/change.h"
#include "chat/commands.h"

static int
role_read(struct request *req, struct event_subject *s)
{
	const char *name;
	size_t len;

	if (change_begin(req, EV_ROLE) == -1 ||
	    json_need_id(req->args, "user", &s->user, &req->err) == -1 ||
	    json_need_str(req->args, "role", &name, &len, &req->err) == -1)
		return -1;
	s->role = role_parse(name);
	if (s->role == ROLE_NONE)
		return err_set(&req->err, ERR_BAD_REQUEST,
		    "role: must be member, admin or owner");
	return 0;
}

static void
role_run(struct request *req)
{
	struct event_subject s = { 0 };

	if (role_read(req, &s) == -1) {
		request_reply(req);
		return;
	}
	change_subject(req, &s);
	change_append(req);
}

const struct chat_cmd cmd_role = { .name = "role", .run = role_run };
