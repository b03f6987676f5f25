/* chat/sync.h - what one device still has to get before it hears live: pages of
 * its rooms, then the events it missed, made only as its queue drains. */
#ifndef CHAT_SYNC_H
#define CHAT_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "chat/device.h"
#include "chat/hub.h"
#include "store/rooms.h"

/* From now on the device hears log from `next` on: nothing of it live before it
 * has caught up, also with what it still has to get of an earlier membership.
 * SYNC_UNLISTED: not before its Room was listed (sync_listed). */
#define SYNC_UNLISTED UINT64_MAX
void sync_add(struct device *dev, struct hub_log *log, uint64_t next);
/* The same of a room of which a membership began with the event joined, but not
 * before the self room told the device of that (sync_told). */
void sync_add_untold(struct device *dev, struct hub_log *log, uint64_t joined);

/* Further pages of rooms are to be listed, those behind pos. */
void sync_list_from(struct device *dev, const struct room_pos *pos);

/* The Room was told with that seq. */
void sync_listed(struct device *dev, const struct id *room, uint64_t seq);

/* The self room's entry of the membership that began with the event joined is
 * on its way to the device. */
void sync_told(struct device *dev, const struct id *room, uint64_t joined);

/* Says "synced" when all is sent, and begins. Called once, after hello's
 * answer. */
void sync_start(struct device *dev);

/* Does the device not hear log live yet? Notes that log has moved. */
bool sync_holds(struct device *dev, const struct hub_log *log);

/* The device no longer hears log: if it has not caught up yet, it still gets
 * what came up to `last` (0: nothing). */
void sync_end(struct device *dev, struct hub_log *log, uint64_t last);

/* The queue is empty: more of it. */
void sync_drained(struct device *dev);

void sync_free(struct device *dev);

#endif
