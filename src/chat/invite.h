/* chat/invite.h - what the commands about invitations share. */
#ifndef CHAT_INVITE_H
#define CHAT_INVITE_H

#include "base/buf.h"
#include "chat/request.h"
#include "store/invites.h"

/* On a store thread: 0 when the asker is an administrator, else -1 with
 * req->err. */
int invite_need_admin(struct db *db, struct request *req);

/* {"id","creator","created","expires","used"?,"user"?} */
void invite_json(struct buf *out, const struct invite *v);

#endif
