/* chat/sync_private.h - what the files of sync share. */
#ifndef CHAT_SYNC_PRIVATE_H
#define CHAT_SYNC_PRIVATE_H

#include "chat/sync.h"

/* What is heard of one log, or of a room during one membership that is over. */
struct sync_entry {
	struct id id;
	uint64_t next; /* the first event not sent yet */
	uint64_t last; /* the last one to be sent; LIVE: then it is heard live
			*/
	bool self;
	bool untold; /* not yet: of the membership that began with next */
};

#define LIVE UINT64_MAX

struct sync {
	size_t n, cap;
	struct sync_entry *v; /* by id, then by time; only the last is live */
	struct room_pos pos;  /* pages of rooms go on behind it */
	struct loop_timer *again;
	bool listing; /* there are more pages of rooms */
	bool started;
	bool reading; /* a read is under way */
	bool kicked;  /* a step is due at the next turn */
};

/* The first entry of id, and the one that is live. NULL: there is none. */
struct sync_entry *sync_find(struct sync *s, const struct id *id);
struct sync_entry *sync_find_live(struct sync *s, const struct id *id);
void sync_drop(struct device *dev, struct sync_entry *e);

/* Goes on with what is to be sent; never from inside a call of the hub: kick
 * does so in a moment. */
void sync_step(struct device *dev);
void sync_kick(struct device *dev);

/* sync_page.c. One page for the device, which then goes on: of rooms (one: of
 * this one only), or of e's events up to `to`. log: which others catch up in,
 * so that they share it; or NULL. */
void sync_read_rooms(struct device *dev, const struct id *one);
void sync_read_events(struct device *dev, const struct sync_entry *e,
    uint64_t to, struct hub_log *log);

#endif
