/* chat/hub.h - who hears which room on this worker; every log in order, each
 * event once, gaps repaired from the store. */
#ifndef CHAT_HUB_H
#define CHAT_HUB_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/map.h"
#include "bus/bus.h"
#include "chat/chat.h"
#include "chat/device.h"
#include "model/event.h"
#include "net/chunk.h"
#include "store/rooms.h"

struct hub;
struct hub_held; /* events that came too early */
struct hub_tail; /* what was delivered while somebody catches up */

/* A log (room or self room) that somebody connected here hears. */
struct hub_log {
	struct id id;
	uint32_t self : 1;  /* it is a struct hub_user's, else a hub_room's */
	uint32_t flags : 7; /* hub_private.h's LOG_ */
	uint32_t syncers : 24; /* devices that catch up in it: as many as a
				* worker may have (proc/worker.c) */
	uint64_t seq;          /* the last event taken in order */
	uint64_t flushed;      /* the last one put into the devices' queues */
	struct buf *turn;      /* frames of (flushed, seq] */
	struct hub_held *held;
	struct hub_tail *tail;
	struct hub_log *dirty; /* list of those with a turn to flush */
};

struct hub_room {
	struct hub_log log;
	uint64_t left; /* seq of the last leave known of, or where we began */
	uint32_t members;
	uint32_t nusers, cap;
	struct hub_user **users; /* connected here and member */
};

struct hub_user {
	struct hub_log log; /* its self room; id: the user's */
	SLIST_HEAD(, device) devices;
	uint32_t nrooms, cap;
	struct hub_room **rooms; /* &first while there is one at most */
	struct hub_room *first;
	uint32_t place; /* where it likely is in users of its largest room */
	uint32_t ended; /* another one whenever a membership was seen to end */
};

struct hub *hub_new(struct chat *chat);
void hub_free(struct hub **hub);
/* Sets people and rooms. */
void hub_objects(const struct hub *hub, struct chat_objects *o);

/* After a commit: delivers here and publishes to the other workers. Repeating
 * it is harmless. ev stays the caller's. */
void hub_commit(struct hub *hub, const struct event *ev);
void hub_commit_list(struct hub *hub, const struct event_list *l);

/* From the bus. */
void hub_on_event(struct hub *hub, const struct bus_msg *m);
/* A log that is heard from now on: what came before is asked of the store. */
void hub_ready(struct hub *hub, const struct id *topic);
/* Ask the store for news of every log heard here. */
void hub_resync(struct hub *hub);

/* The person as connected here, made if need be: the self room is subscribed
 * but nothing is known yet until hub_know_user. It lives until its last device
 * is removed; who opened it and has no device to add says so. */
struct hub_user *hub_user_open(struct hub *hub, const struct id *user);
void hub_user_unused(struct hub *hub, struct hub_user *u);
struct hub_user *hub_user_find(struct hub *hub, const struct id *user);
struct hub_room *hub_room_find(struct hub *hub, const struct id *room);

/* What was read from the store, while u->ended was `ended`: first the self
 * room's head, then the heads of all rooms. Devices that are there already hear
 * a room that was not known for them from their owner's joining on. False: a
 * membership ended since, which the read may not know of: read again. */
bool hub_know_user(struct hub *hub, struct hub_user *u, uint32_t ended,
    uint64_t self_seq, const struct head_list *rooms);

/* A device begins and ends to hear. */
void hub_add_device(struct hub *hub, struct hub_user *u, struct device *dev);
void hub_remove_device(struct hub *hub, struct device *dev);

/* A signal (not stored) for all members connected here, but `except` (may be
 * NULL). Between two calls of hub_signal_begin a device is told once, though it
 * be in several of the rooms. */
void hub_signal_begin(struct hub *hub);
void hub_signal_room(struct hub *hub, const struct id *id,
    const struct buf *json, const struct id *except);
/* The same for the devices of one person connected here. */
void hub_signal_user(
    struct hub *hub, const struct id *user, const struct buf *json);
/* Frames that are made already. */
void hub_send_user(
    struct hub *hub, const struct id *user, struct chunk *frames);
/* Ends devices of a session (zero: all of the user) with 4401. */
void hub_end_session(
    struct hub *hub, const struct id *user, const struct id *session);

/* Calls cb for every person connected here. */
void hub_each_user(
    struct hub *hub, void (*cb)(struct hub_user *u, void *arg), void *arg);

#endif
