/* chat/room_new.h - what the commands that make rooms share. */
#ifndef CHAT_ROOM_NEW_H
#define CHAT_ROOM_NEW_H

#include "chat/request.h"
#include "store/rooms.h"

#define ROOM_NEW_MEMBERS 100 /* that one may name, besides oneself */

/* req->data of these commands. */
struct room_ask {
	struct room_new room; /* kind, label and cid are the command's */
	struct id users[ROOM_NEW_MEMBERS];
	struct event_list more;
};

/* A new one as req->data, with an id for the room and the asker as creator. */
struct room_ask *room_new_ask(struct request *req);

/* Makes the room (or finds it), hands its events to the hub and answers with
 * the room. */
void room_new_run(struct request *req);

#endif
