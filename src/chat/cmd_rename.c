/* chat/cmd_rename.c - giving a group another label, or another topic. */

#include <bsd/string.h>

#include "chat/change.h"
#include "chat/commands.h"
#include "model/room.h"

typedef int check_cb(const char *s, size_t len, struct err *err);

static void
run(struct request *req, enum event_kind kind, const char *key, check_cb *check)
{
	struct event_subject s = { 0 };
	const char *text;
	size_t len;

	if (change_begin(req, kind) == -1 ||
	    json_need_str(req->args, key, &text, &len, &req->err) == -1 ||
	    check(text, len, &req->err) == -1) {
		request_reply(req);
		return;
	}
	strlcpy(s.text, text, sizeof(s.text));
	change_room(req, &s);
	change_append(req);
}

static void
rename_run(struct request *req)
{
	run(req, EV_RENAME, "label", room_check_label);
}

static void
topic_run(struct request *req)
{
	run(req, EV_TOPIC, "topic", room_check_topic);
}

const struct chat_cmd cmd_rename = { .name = "rename", .run = rename_run };
const struct chat_cmd cmd_topic = { .name = "topic", .run = topic_run };
