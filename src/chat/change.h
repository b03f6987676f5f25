/* chat/change.h - what the commands that change a room or
 * its members share: they
 * put one event into its log, and the store decides whether they may. */
#ifndef CHAT_CHANGE_H
#define CHAT_CHANGE_H

#include "chat/request.h"

/* Begins req->ev: kind, the room from the field `room`, and the cid if there is
 * one. 0, or -1 with req->err. */
int change_begin(struct request *req, enum event_kind kind);

/* Writes the body of a rename, topic or visibility into req->ev. */
void change_room(struct request *req, const struct event_subject *s);

/* Writes the body of a leave or a role into req->ev. */
void change_subject(struct request *req, const struct event_subject *s);

/* On a store thread: writes the body of the join of user, with the name that is
 * read for it; sets req->err when there is no such user. */
void change_join(struct db *db, struct request *req, const struct id *user);

#endif
