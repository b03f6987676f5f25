/* chat/cmd_visibility.c - making a group public or private. */

#include "chat/change.h"
#include "chat/commands.h"
#include "model/room.h"

static int
visibility_read(struct request *req, struct event_subject *s)
{
	enum room_kind kind;
	const char *name;
	size_t len;

	if (change_begin(req, EV_VISIBILITY) == -1 ||
	    json_need_str(req->args, "kind", &name, &len, &req->err) == -1)
		return -1;
	kind = room_kind_parse(name);
	if (kind != ROOM_PUBLIC && kind != ROOM_PRIVATE)
		return err_set(&req->err, ERR_BAD_REQUEST,
		    "kind: must be public or private");
	s->open = kind == ROOM_PUBLIC;
	return 0;
}

static void
visibility_run(struct request *req)
{
	struct event_subject s = { 0 };

	if (visibility_read(req, &s) == -1) {
		request_reply(req);
		return;
	}
	change_room(req, &s);
	change_append(req);
}

const struct chat_cmd cmd_visibility = {
	.name = "visibility",
	.run = visibility_run,
};
