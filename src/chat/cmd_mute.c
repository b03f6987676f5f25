/* chat/cmd_mute.c - what one wants of a room for oneself: no noise, or out of
 * sight; told to all one's devices through the self room. */

#include "chat/change.h"
#include "chat/commands.h"

static void
append(struct request *req, enum event_kind kind, const struct event_subject *s)
{
	struct buf body = { 0 };

	req->ev.room = req->user;
	req->ev.kind = kind;
	event_body_self(&body, kind, s);
	event_set_body(&req->ev, body.data, body.len);
	buf_free(&body);
	request_append(req, NULL);
}

static int
read_room(struct request *req, struct event_subject *s)
{
	if (json_need_id(req->args, "room", &s->room, &req->err) == -1)
		return -1;
	return change_terms(req);
}

static void
mute_run(struct request *req)
{
	struct event_subject s = { 0 };

	if (read_room(req, &s) == -1 ||
	    json_need_u64(req->args, "until", &s.until, &req->err) == -1)
		request_reply(req);
	else
		append(req, EV_MUTE, &s);
}

static void
archive_run(struct request *req)
{
	struct event_subject s = { 0 };

	if (read_room(req, &s) == -1 ||
	    json_need_bool(req->args, "on", &s.on, &req->err) == -1)
		request_reply(req);
	else
		append(req, EV_ARCHIVE, &s);
}

const struct chat_cmd cmd_archive = { .name = "archive", .run = archive_run };
const struct chat_cmd cmd_mute = { .name = "mute", .run = mute_run };
