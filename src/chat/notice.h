/* chat/notice.h - telling others that an account changed: a `user` signal to
 * those who share a direct room or a room of up to 100 with it, and to its own
 * devices. */
#ifndef CHAT_NOTICE_H
#define CHAT_NOTICE_H

#include "base/buf.h"
#include "base/err.h"
#include "bus/bus.h"
#include "chat/chat.h"
#include "model/user.h"
#include "store/store.h"

struct notice {
	struct id user;
	struct buf rooms; /* 12 bytes each */
	struct buf json;  /* the signal */
};

/* On a store thread: notes the rooms in which user is to be told of. 0 or -1.
 */
int notice_rooms(
    struct notice *n, struct db *db, const struct id *user, struct err *err);

/* Makes the signal: {"sig":"user","user":User}. */
void notice_set(struct notice *n, const struct user *u);

/* On the loop: to the devices here and, over the bus, those of the other
 * workers. */
void notice_tell(struct chat *chat, const struct notice *n);
void notice_on_msg(struct chat *chat, const struct bus_msg *m);

void notice_free(struct notice *n);

#endif
