/* chat/change.h - what the commands that change a room or its members share:
 * they put one event into its log, and the store decides whether they may. */
#ifndef CHAT_CHANGE_H
#define CHAT_CHANGE_H

#include "chat/request.h"

/* Reads what every change may say of its asking: `cid`, and `known`, the last
 * seq of the room that its author knew. 0, or -1 with req->err. */
int change_terms(struct request *req);

/* Begins req->ev: kind, the room from the field `room`, and the terms. 0, or -1
 * with req->err. */
int change_begin(struct request *req, enum event_kind kind);

/* Writes the body of a rename, topic or visibility into req->ev. */
void change_room(struct request *req, const struct event_subject *s);

/* Writes the body of a leave or a role into req->ev. */
void change_subject(struct request *req, const struct event_subject *s);

/* On a store thread: writes the body of the join of user, with the name that is
 * read for it; sets req->err when there is no such user. */
void change_join(struct db *db, struct request *req, const struct id *user);

/* Appends req->ev and answers: `seq` of the event, if anything changed. */
void change_append(struct request *req);

#endif
