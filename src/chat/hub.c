/* chat/hub.c - the rooms and people known to this worker, and who hears what.
 */
#include "chat/hub.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/hub_private.h"
#include "chat/presence.h"
#include "chat/sync.h"

/* Each byte more is paid for everybody who is connected. */
_Static_assert(sizeof(struct hub_user) <= 104, "there are tens of thousands");
_Static_assert(sizeof(struct device) <= 152, "there are tens of thousands");
_Static_assert(sizeof(struct hub_room) <= 96, "there are thousands");

static void hub_turn_end(void *arg);

struct hub *
hub_new(struct chat *chat)
{
	struct hub *hub;

	MEM_NEW(hub);
	hub->chat = chat;
	map_init(&hub->rooms, struct hub_room, log.id);
	map_init(&hub->users, struct hub_user, log.id);
	slabs_init(&hub->room_slabs, sizeof(struct hub_room));
	slabs_init(&hub->user_slabs, sizeof(struct hub_user));
	loop_on_turn_end(chat->loop, LOOP_ORDER_HUB, hub_turn_end, hub);
	hub->tick = loop_timer_new(chat->loop, 1000, true, hub_poll_tick, hub);
	return hub;
}

static void
room_free(struct hub *hub, struct hub_room *room)
{
	bus_unsubscribe(hub->chat->bus, &room->log.id);
	map_remove(&hub->rooms, &room->log.id);
	hub_log_free(&room->log);
	free(room->users);
	slab_put(&hub->room_slabs, room);
}

static void
user_free(struct hub *hub, struct hub_user *u)
{
	while (u->nrooms > 0)
		hub_detach(hub, u, u->rooms[u->nrooms - 1], 0);
	bus_unsubscribe(hub->chat->bus, &u->log.id);
	map_remove(&hub->users, &u->log.id);
	hub_log_free(&u->log);
	if (u->rooms != &u->first)
		free(u->rooms);
	slab_put(&hub->user_slabs, u);
}

void
hub_free(struct hub **hubp)
{
	struct hub *hub = *hubp;
	struct hub_user *u;

	if (hub == NULL)
		return;
	hub_turn_end(hub);
	hub_added_free(hub);
	loop_timer_free(&hub->tick);
	loop_timer_free(&hub->gap_timer);
	for (size_t i = 0; (u = map_next(&hub->users, &i)) != NULL; i--)
		user_free(hub, u);
	hub_turn_end(hub);
	loop_forget(hub->chat->loop, hub_turn_end, hub);
	map_free(&hub->users);
	map_free(&hub->rooms);
	slabs_free(&hub->user_slabs);
	slabs_free(&hub->room_slabs);
	free(hub->gaps);
	free(hub->polls);
	free(hub);
	*hubp = NULL;
}

void
hub_objects(const struct hub *hub, struct chat_objects *o)
{
	o->people = hub->user_slabs.used;
	o->rooms = hub->room_slabs.used;
}

struct hub_room *
hub_log_room(struct hub_log *log)
{
	return (struct hub_room *)log; /* log is its first member */
}

struct hub_user *
hub_log_user(struct hub_log *log)
{
	return (struct hub_user *)log;
}

struct hub_user *
hub_user_find(struct hub *hub, const struct id *user)
{
	return map_get(&hub->users, user);
}

struct hub_room *
hub_room_find(struct hub *hub, const struct id *room)
{
	return map_get(&hub->rooms, room);
}

struct hub_log *
hub_log_find(struct hub *hub, const struct id *id, bool self)
{
	return map_get(self ? &hub->users : &hub->rooms, id);
}

/* The id of a self room is its user's, so one of the two maps has it. */
struct hub_log *
hub_log_any(struct hub *hub, const struct id *id)
{
	struct hub_log *log = hub_log_find(hub, id, false);

	return log != NULL ? log : hub_log_find(hub, id, true);
}

/* In the list of what the turn's end looks at: frames to send, or nobody left.
 */
void
hub_mark_dirty(struct hub *hub, struct hub_log *log)
{
	if (log->flags & LOG_DIRTY)
		return;
	log->flags |= LOG_DIRTY;
	log->dirty = hub->dirty;
	hub->dirty = log;
}

/* Things are freed here only, so that nothing vanishes under a caller. */
static void
hub_turn_end(void *arg)
{
	struct hub *hub = arg;
	struct hub_log *log;

	while ((log = hub->dirty) != NULL) {
		hub->dirty = log->dirty;
		log->flags &= (uint8_t)~LOG_DIRTY;
		hub_fan_flush(hub, log);
		if (log->self && SLIST_EMPTY(&hub_log_user(log)->devices))
			user_free(hub, hub_log_user(log));
		else if (!log->self && hub_log_room(log)->nusers == 0)
			room_free(hub, hub_log_room(log));
	}
	hub_poll_flush(hub);
}

struct hub_user *
hub_user_open(struct hub *hub, const struct id *user)
{
	struct hub_user *u = hub_user_find(hub, user);

	if (u != NULL)
		return u;
	u = slab_get(&hub->user_slabs);
	u->log.id = *user;
	u->log.self = 1;
	u->ended = ++hub->ended;
	u->rooms = &u->first;
	u->cap = 1;
	SLIST_INIT(&u->devices);
	map_put(&hub->users, u);
	bus_subscribe(hub->chat->bus, user);
	return u;
}

void
hub_user_unused(struct hub *hub, struct hub_user *u)
{
	if (SLIST_EMPTY(&u->devices))
		hub_mark_dirty(hub, &u->log);
}

static struct hub_room *
room_open(struct hub *hub, const struct head *head)
{
	struct hub_room *room;

	room = slab_get(&hub->room_slabs);
	room->log.id = head->room;
	room->log.seq = room->log.flushed = head->seq;
	room->log.flags = LOG_KNOWN;
	room->left = head->seq;
	room->members = head->members;
	map_put(&hub->rooms, room);
	bus_subscribe(hub->chat->bus, &head->room);
	/* What was published between the reading of the head and now did not
	 * reach us. */
	hub_log_poll(hub, &room->log);
	return room;
}

struct hub_room *
hub_room_of(struct hub *hub, struct hub_user *u, const struct id *id)
{
	struct hub_room *room = hub_room_find(hub, id);

	if (room == NULL)
		return NULL;
	if (u->nrooms <= room->nusers) {
		for (uint32_t i = 0; i < u->nrooms; i++)
			if (u->rooms[i] == room)
				return room;
	} else {
		for (uint32_t i = 0; i < room->nusers; i++)
			if (room->users[i] == u)
				return room;
	}
	return NULL;
}

static uint32_t
grown(uint32_t cap)
{
	return cap < 2 ? cap + 1 : cap + cap / 2;
}

/* Most people of a large server are in few rooms. */
static void
grow_user(struct hub_user *u)
{
	struct hub_room **old = u->rooms == &u->first ? NULL : u->rooms;

	u->cap = grown(u->cap);
	u->rooms = mem_reallocarray(old, u->cap, sizeof(u->rooms[0]));
	if (old == NULL && u->nrooms > 0)
		u->rooms[0] = u->first;
}

void
hub_attach(struct hub *hub, struct hub_user *u, struct hub_room *room)
{
	if (u->nrooms == u->cap)
		grow_user(u);
	if (room->nusers == room->cap) {
		room->cap = grown(room->cap);
		room->users = mem_reallocarray(
		    room->users, room->cap, sizeof(room->users[0]));
	}
	if (room->nusers > u->place)
		u->place = room->nusers;
	u->rooms[u->nrooms++] = room;
	room->users[room->nusers++] = u;
}

static uint32_t
place_in(const struct hub_room *room, const struct hub_user *u)
{
	uint32_t i = u->place;

	if (i < room->nusers && room->users[i] == u)
		return i;
	for (i = 0; room->users[i] != u; i++)
		;
	return i;
}

/* The last one takes the place of u. */
static void
drop_from_room(struct hub_room *room, const struct hub_user *u)
{
	uint32_t i = place_in(room, u), last = --room->nusers;

	room->users[i] = room->users[last];
	if (room->users[i]->place == last)
		room->users[i]->place = i;
}

void
hub_detach(
    struct hub *hub, struct hub_user *u, struct hub_room *room, uint64_t last)
{
	struct device *dev;
	uint32_t i;

	for (i = u->nrooms; i > 0 && u->rooms[i - 1] != room; i--)
		;
	if (i == 0)
		return;
	u->rooms[i - 1] = u->rooms[--u->nrooms];
	drop_from_room(room, u);
	SLIST_FOREACH(dev, &u->devices, of_user)
		sync_end(dev, &room->log, last);
	if (room->nusers == 0)
		hub_mark_dirty(hub, &room->log);
}

/* The room as read of u is attached. False: it was read too early, since a
 * leave was heard behind that; or too late, since the hub is not yet as far in
 * it as the membership's begin, and has another end of u's before it. */
static bool
know_room(struct hub *hub, struct hub_user *u, const struct head *head)
{
	struct hub_room *room = hub_room_find(hub, &head->room);

	if (room != NULL && hub_room_of(hub, u, &head->room))
		return true;
	if (room != NULL && room->log.seq < head->joined)
		hub_log_gap(hub, &room->log, head->joined);
	if (room != NULL &&
	    (room->log.seq < head->joined || head->seq < room->left))
		return false;
	if (room == NULL)
		room = room_open(hub, head);
	hub_attach(hub, u, room);
	hub_catch_up(hub, u, room, head->joined);
	return true;
}

bool
hub_know_user(struct hub *hub, struct hub_user *u, uint32_t ended,
    uint64_t self_seq, const struct head_list *rooms)
{
	if (u->ended != ended)
		return false;
	for (size_t i = 0; i < rooms->n; i++)
		if (!know_room(hub, u, &rooms->v[i]))
			return false;
	hub_log_known(hub, &u->log, self_seq);
	return true;
}

void
hub_add_device(struct hub *hub, struct hub_user *u, struct device *dev)
{
	bool first = SLIST_EMPTY(&u->devices);

	dev->user = u;
	SLIST_INSERT_HEAD(&u->devices, dev, of_user);
	if (first)
		presence_came(hub->chat->presence, u);
}

void
hub_remove_device(struct hub *hub, struct device *dev)
{
	struct hub_user *u = dev->user;

	sync_free(dev);
	if (u == NULL)
		return;
	SLIST_REMOVE(&u->devices, dev, device, of_user);
	dev->user = NULL;
	if (!SLIST_EMPTY(&u->devices))
		return;
	presence_went(hub->chat->presence, u);
	hub_mark_dirty(hub, &u->log);
}

void
hub_each_user(
    struct hub *hub, void (*cb)(struct hub_user *u, void *arg), void *arg)
{
	struct hub_user *u;

	for (size_t i = 0; (u = map_next(&hub->users, &i)) != NULL;)
		cb(u, arg);
}

void
hub_end_session(
    struct hub *hub, const struct id *user, const struct id *session)
{
	struct hub_user *u = hub_user_find(hub, user);
	struct device *dev, *next;

	if (u == NULL)
		return;
	for (dev = SLIST_FIRST(&u->devices); dev != NULL; dev = next) {
		next = SLIST_NEXT(dev, of_user);
		if (id_is_zero(session) || id_eq(&dev->session, session))
			wsconn_close(&dev->ws, WS_SESSION_OVER, "session over");
	}
}
