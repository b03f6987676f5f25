/* chat/hub_event.h - an event as the hub handles it, from the store's form and
 * from and to the bus's. */
#ifndef CHAT_HUB_EVENT_H
#define CHAT_HUB_EVENT_H

#include <stdbool.h>

#include "base/buf.h"
#include "bus/bus.h"
#include "chat/hub_private.h"
#include "model/event.h"

/* Fills *e from ev; the JSON is appended to json and borrowed from it. */
void hub_event_of(
    struct hub_event *e, const struct event *ev, struct buf *json);

/* The data of a BUS_EVENT (doc/PROTOCOL.md, Between the workers): kind 1 byte,
 * subject 12 bytes, n 8 bytes big endian, then the JSON. */
#define HUB_EVENT_HEADER 21
void hub_event_pack(struct buf *b, const struct hub_event *e);
/* Borrows from m. False: malformed. */
bool hub_event_unpack(struct hub_event *e, const struct bus_msg *m);

#endif
