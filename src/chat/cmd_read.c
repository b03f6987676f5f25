/* chat/cmd_read.c - moves one's cursor in a room; told to all one's devices
 * through the self room. */
#include "chat/commands.h"
#include "chat/request.h"

static void
run(struct request *req)
{
	struct event_subject s = { 0 };
	struct buf body = { 0 };

	if (json_need_id(req->args, "room", &s.room, &req->err) == -1 ||
	    json_need_u64(req->args, "seq", &s.seq, &req->err) == -1) {
		request_reply(req);
		return;
	}
	req->ev.room = req->user;
	req->ev.kind = EV_READ;
	event_body_self(&body, EV_READ, &s);
	event_set_body(&req->ev, body.data, body.len);
	buf_free(&body);
	request_append(req, NULL);
}

const struct chat_cmd cmd_read = { .name = "read", .run = run };
