/* chat/throttle.h - the limits as commands meet them. */
#ifndef CHAT_THROTTLE_H
#define CHAT_THROTTLE_H

#include <stdbool.h>

#include "chat/limit.h"
#include "chat/request.h"

/* One of kind for this key. 0, or -1 with *err (SLOW_DOWN, retry_ms). */
int throttle(struct chat *chat, const struct limit_key *key, uint32_t n,
    struct err *err);
void throttle_undo(struct chat *chat, const struct limit_key *key, uint32_t n);

/* The same of the asking user. */
int throttle_user(struct request *req, enum conf_rates kind, uint32_t n);
void throttle_user_undo(struct request *req, enum conf_rates kind, uint32_t n);

/* n messages of this connection (if it is one) and user. 0, or -1 with
 * req->err. */
int throttle_sends(struct request *req, uint32_t n);

/* A request of a device: of its connection and of its user. 0, or -1 with
 * req->err; then the device is not read for a while. */
int throttle_device(struct request *req);

/* A frame of a device that was no request counts as one, too. */
void throttle_garbage(struct device *dev);

#endif
