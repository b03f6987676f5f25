/* chat/hub_private.h - what the hub's files share. */
#ifndef CHAT_HUB_PRIVATE_H
#define CHAT_HUB_PRIVATE_H

#include "base/slab.h"
#include "chat/hub.h"

/* hub_log.flags: seven bits */
enum {
	LOG_KNOWN = 1,     /* seq is right; before that everything is held */
	LOG_DIRTY = 2,     /* in hub.dirty */
	LOG_REPAIRING = 4, /* a read of missing events is under way */
	LOG_POLL = 8,      /* its head is to be asked, or asked once more */
	LOG_GAP = 16,      /* in hub.gaps */
	LOG_ASKED = 32,    /* its head is being asked */
	LOG_ONLINE = 64,   /* of a self room: its owner's presence was told */
};

/* A log that lacks events up to target; repaired at `due` if they did not come
 * by themselves: after a commit of another worker its datagram usually does,
 * within a millisecond. */
struct hub_gap {
	struct id id;
	bool self;
	uint64_t target;
	uint64_t due_ms;
};

struct hub {
	struct chat *chat;
	struct map rooms; /* struct hub_room */
	struct map users; /* struct hub_user */
	struct slabs room_slabs, user_slabs;
	struct hub_log *dirty;
	LIST_HEAD(, hub_added) added; /* hub_member.c's */

	struct hub_gap *gaps;
	size_t ngaps, gaps_cap;
	struct loop_timer *gap_timer; /* set while there are gaps */

	struct loop_timer
	    *tick; /* every second: a 30th of all logs is polled */
	size_t room_cursor, user_cursor;
	struct head *polls; /* to be asked at the turn's end */
	size_t npolls, polls_cap;

	uint32_t ended; /* the last one given to a user */
	uint32_t stamp; /* against telling a device a signal twice */
};

/* One event as the hub handles it; json is borrowed. */
struct hub_event {
	uint64_t seq;
	enum event_kind kind;
	struct id subject; /* join, leave: user; added …: room; or session */
	uint64_t n;        /* added, removed: seq in that room */
	const uint8_t *json;
	size_t len;
};

/* hub.c */
struct hub_log *hub_log_find(struct hub *hub, const struct id *id, bool self);
/* The room's or the person's of that id, whichever it is. */
struct hub_log *hub_log_any(struct hub *hub, const struct id *id);
struct hub_room *hub_log_room(struct hub_log *log); /* of a room's log */
struct hub_user *hub_log_user(struct hub_log *log); /* of a self room's log */
struct hub_room *hub_room_of(
    struct hub *hub, struct hub_user *u, const struct id *id);
void hub_attach(struct hub *hub, struct hub_user *u, struct hub_room *room);
/* Whoever still catches up in it gets what came up to last (0: nothing). */
void hub_detach(
    struct hub *hub, struct hub_user *u, struct hub_room *room, uint64_t last);
void hub_mark_dirty(struct hub *hub, struct hub_log *log);

/* hub_log.c: order and repair */
void hub_log_put(
    struct hub *hub, struct hub_log *log, const struct hub_event *e);
void hub_log_known(struct hub *hub, struct hub_log *log, uint64_t seq);
void hub_log_gap(struct hub *hub, struct hub_log *log, uint64_t target);
void hub_log_free(struct hub_log *log); /* what hangs on it */

/* hub_poll.c: asks the store where it is */
void hub_log_poll(struct hub *hub, struct hub_log *log); /* soon */
void hub_poll_flush(struct hub *hub);                    /* now */
void hub_poll_tick(void *arg); /* every second; arg: the hub */

/* hub_member.c: what join, leave, added … do to the hub */
void hub_before(
    struct hub *hub, struct hub_log *log, const struct hub_event *e);
void hub_after(struct hub *hub, struct hub_log *log, const struct hub_event *e);
/* The devices that are there hear the room, attached just now, from their
 * owner's joining on, but not before the self room told them of it. */
void hub_catch_up(struct hub *hub, struct hub_user *u, struct hub_room *room,
    uint64_t joined);
void hub_added_free(struct hub *hub); /* no read is under way */

/* hub_fan.c: to the devices */
void hub_fan_add(
    struct hub *hub, struct hub_log *log, const struct hub_event *e);
void hub_fan_flush(struct hub *hub, struct hub_log *log);
void hub_tail_free(struct hub_log *log);
/* What those who catch up in the log need of before its tail is read once for
 * all of them. True: filler reads from `from` on, and says when it has; false:
 * somebody else does. */
bool hub_tail_fill(struct hub_log *log, uint64_t from, const void *filler);
/* Does somebody read that, next included? */
bool hub_tail_filling(const struct hub_log *log, uint64_t next);
/* The frames of the n events from `from` on, each ends at ends[i]; n 0: it
 * could not be read. They are kept if they reach up to the tail. */
void hub_tail_filled(struct hub_log *log, const void *filler, uint64_t from,
    const struct buf *frames, const size_t *ends, size_t n);
/* Frames of [next, flushed] for one device out of the tail. False: the tail
 * doesn't reach back to next. */
bool hub_tail_send(struct hub_log *log, uint64_t next, struct device *dev);

#endif
