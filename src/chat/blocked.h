/* chat/blocked.h - a connection's rooms in which a send was refused for now:
 * later ones are refused too until that one comes again, so that its order
 * holds (design D3). */
#ifndef CHAT_BLOCKED_H
#define CHAT_BLOCKED_H

#include <stdbool.h>

#include "chat/device.h"

/* The send of cid in room was refused with busy or slow_down. */
void blocked_add(
    struct device *dev, const struct id *room, const struct cid *cid);

/* May a send that begins with cid go on? The refused cid itself may, and opens
 * the room again. */
bool blocked_pass(
    struct device *dev, const struct id *room, const struct cid *cid);

/* Given up. */
void blocked_drop(
    struct device *dev, const struct id *room, const struct cid *cid);

void blocked_free(struct device *dev);

#endif
