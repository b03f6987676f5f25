/* chat/room_new.c - what the commands that make rooms share. */

#include "chat/room_new.h"

#include <stdlib.h>

#include "base/mem.h"
#include "chat/hub.h"
#include "chat/throttle.h"
#include "chat/view.h"

static void
ask_free(void *data)
{
	struct room_ask *ask = data;

	event_list_free(&ask->more);
	free(ask);
}

struct room_ask *
room_new_ask(struct request *req)
{
	struct room_ask *ask;

	MEM_NEW(ask);
	ask->room.room.id = id_new();
	ask->room.creator = req->user;
	ask->room.users = ask->users;
	req->data = ask;
	req->data_free = ask_free;
	return ask;
}

static void
make_work(struct db *db, struct request *req)
{
	struct room_ask *ask = req->data;
	struct id id;

	if (db_room_create(db, &ask->room, &id, &ask->more, &req->err) >= 0)
		view_room(db, req, &id);
}

/* What is committed is delivered, also when the room could not be read after.
 */
static void
made(struct request *req)
{
	struct room_ask *ask = req->data;

	if (ask->more.n == 0)
		throttle_user_undo(req, RATE_ROOMS, 1);
	if (ask->more.n > 0) {
		*req->chat->c.counters.stored += ask->more.n;
		hub_commit_list(req->chat->hub, &ask->more);
	}
	request_reply(req);
}

void
room_new_run(struct request *req)
{
	struct room_ask *ask = req->data;

	ask->room.owned_max = req->chat->conf->limit_rooms_owned;
	if (throttle_user(req, RATE_ROOMS, 1) == -1)
		request_reply(req);
	else
		request_write(req, make_work, made);
}
