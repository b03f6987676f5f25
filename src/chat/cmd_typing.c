/* chat/cmd_typing.c - tells the others that one writes. */
#include <stdlib.h>

#include "base/mem.h"
#include "chat/commands.h"
#include "chat/device.h"
#include "chat/hub.h"
#include "chat/hub_private.h"
#include "chat/presence.h"
#include "chat/request.h"
#include "chat/throttle.h"
#include "chat/view.h"

static void
work(struct db *db, struct request *req)
{
	struct member me;
	struct room room;

	view_may_read(db, req->data, &req->user, &room, &me, &req->err);
}

static void
done(struct request *req)
{
	if (req->err.code == ERR_NONE)
		presence_typing(req->chat->presence, req->data, &req->user);
	request_reply(req);
}

static void
run(struct request *req)
{
	struct hub *hub = req->chat->hub;
	struct id room;

	if (json_need_id(req->args, "room", &room, &req->err) == -1 ||
	    throttle_user(req, RATE_TYPING, 1) == -1) {
		request_reply(req);
		return;
	}
	req->data = mem_dup(&room, sizeof(room));
	/* a device's rooms are known here */
	if (req->dev != NULL && req->dev->user != NULL &&
	    hub_room_of(hub, req->dev->user, &room) != NULL)
		done(req);
	else
		request_read(req, work, done);
}

const struct chat_cmd cmd_typing = { .name = "typing", .run = run };
