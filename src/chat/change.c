/* chat/change.c - one event that changes a room or its members. */

#include "chat/change.h"

#include "store/users.h"

int
change_terms(struct request *req)
{
	if (json_get_cid(req->args, "cid", &req->ev.cid, &req->err) == -1 ||
	    json_get_u64(req->args, "known", &req->known, &req->err) == -1)
		return -1;
	return 0;
}

int
change_begin(struct request *req, enum event_kind kind)
{
	req->ev.kind = kind;
	if (json_need_id(req->args, "room", &req->ev.room, &req->err) == -1)
		return -1;
	return change_terms(req);
}

static void
set_body(struct request *req, struct buf *body)
{
	event_set_body(&req->ev, body->data, body->len);
	buf_free(body);
}

void
change_room(struct request *req, const struct event_subject *s)
{
	struct buf body = { 0 };

	event_body_room(&body, req->ev.kind, s);
	set_body(req, &body);
}

void
change_subject(struct request *req, const struct event_subject *s)
{
	struct buf body = { 0 };

	if (req->ev.kind == EV_LEAVE)
		event_body_leave(&body, s);
	else
		event_body_role(&body, s);
	set_body(req, &body);
}

void
change_join(struct db *db, struct request *req, const struct id *user)
{
	struct event_subject s = { .user = *user, .role = ROLE_MEMBER };
	struct buf body = { 0 };
	struct user u;
	int found = db_user_get(db, user, &u, &req->err);

	if (found == 0)
		err_set(&req->err, ERR_NOT_FOUND, "There is no such user.");
	if (found != 1)
		return;
	event_body_join(&body, &s, u.name, u.display);
	set_body(req, &body);
}

static void
appended(struct request *req)
{
	if (req->err.code == ERR_NONE && !req->append.nothing)
		json_ku64(&req->out, "seq", req->ev.seq);
	request_reply(req);
}

void
change_append(struct request *req)
{
	request_append(req, appended);
}
