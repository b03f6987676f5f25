/* chat/presence.h - who is online, as all workers together know it, and who is
 * typing. Not stored but for last_seen. */
#ifndef CHAT_PRESENCE_H
#define CHAT_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "bus/bus.h"
#include "chat/chat.h"
#include "chat/hub.h"

struct presence;

struct presence *presence_new(struct chat *chat);
/* The bus is there: begins to speak. */
void presence_start(struct presence *p);
/* Who has gone is told at once, without the usual grace: before the end. */
void presence_flush(struct presence *p);
void presence_free(struct presence **p);

/* This worker's first device of u came; its last one went. */
void presence_came(struct presence *p, struct hub_user *u);
void presence_went(struct presence *p, struct hub_user *u);

bool presence_online(struct presence *p, const struct id *user);

/* From the bus. */
void presence_on_msg(
    struct presence *p, const struct bus_from *who, const struct bus_msg *m);

/* user types in room: tells the members connected here and the other workers.
 */
void presence_typing(
    struct presence *p, const struct id *room, const struct id *user);
void presence_on_typing(struct presence *p, const struct bus_msg *m);

#endif
