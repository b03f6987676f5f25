/* chat/invite.c - what the commands about invitations share. */

#include "chat/invite.h"

int
invite_need_admin(struct db *db, struct request *req)
{
	struct user u;
	int found = db_user_get(db, &req->user, &u, &req->err);

	if (found == -1)
		return -1;
	if (found == 1 && u.admin && u.state == USER_ACTIVE)
		return 0;
	return err_set(&req->err, ERR_FORBIDDEN, "Only administrators invite.");
}

void
invite_json(struct buf *out, const struct invite *v)
{
	json_open(out, '{');
	json_kid(out, "id", &v->id);
	json_kid(out, "creator", &v->creator);
	json_ku64(out, "created", v->created);
	json_ku64(out, "expires", v->expires);
	if (v->used > 0) {
		json_ku64(out, "used", v->used);
		json_kid(out, "user", &v->user);
	}
	json_close(out, '}');
}
