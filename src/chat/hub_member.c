/* chat/hub_member.c - what joins, leaves and the self room's entries do to who
 * hears what.
 *
 * A join takes effect before its own event is delivered, a leave after it; what
 * was taken before in the same turn goes out first, to those who were members
 * then. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "chat/hub_private.h"
#include "chat/sync.h"

static void
on_join(struct hub *hub, struct hub_room *room, const struct id *user)
{
	struct hub_user *u = hub_user_find(hub, user);

	room->members++;
	if (u == NULL || !(u->log.flags & LOG_KNOWN) ||
	    hub_room_of(hub, u, &room->log.id) != NULL)
		return;
	hub_fan_flush(hub, &room->log);
	hub_attach(hub, u, room);
}

static void
on_leave(struct hub *hub, struct hub_room *room, const struct hub_event *e)
{
	struct hub_user *u = hub_user_find(hub, &e->subject);

	room->members -= room->members > 0;
	room->left = e->seq;
	hub_fan_flush(hub, &room->log);
	if (u != NULL)
		hub_detach(hub, u, room);
}

#define ADDED_RETRY_MS 50

/* A room that one of our people was added to, of which nobody here heard the
 * join: read where it is and that the membership still stands. */
struct added {
	struct hub *hub;
	struct id user;
	struct head head;
	uint64_t join; /* seq of the join event */
	struct loop_timer *again;
	int found;
	struct err err;
};

static void
added_work(struct db *db, void *arg)
{
	struct added *a = arg;
	struct member m;

	if (db_heads(db, &a->head, 1, &a->err) == -1)
		a->found = -1;
	else
		a->found =
		    db_member_get(db, &a->head.room, &a->user, &m, &a->err);
}

static void added_done(void *arg);

static void
added_read(void *arg)
{
	struct added *a = arg;

	loop_timer_free(&a->again);
	store_read(a->hub->chat->store, added_work, added_done, a);
}

/* The room moved on, or the store cannot be reached. */
static void
added_again(struct added *a)
{
	a->again = loop_timer_new(
	    a->hub->chat->loop, ADDED_RETRY_MS, false, added_read, a);
}

static void
added_done(void *arg)
{
	struct added *a = arg;
	struct hub_user *u = hub_user_find(a->hub, &a->user);
	struct head_list one = { .v = &a->head, .n = 1 };
	struct hub_room *room;
	struct device *dev;

	if (u == NULL || a->found == 0)
		goto out; /* gone meanwhile */
	room = hub_room_of(a->hub, u, &a->head.room);
	if (room != NULL && room->log.seq >= a->join)
		goto out; /* the join itself was heard */
	if (room != NULL || a->found == -1 || a->head.seq == 0 ||
	    !hub_know_user(a->hub, u, u->log.seq, &one)) {
		added_again(a);
		return;
	}
	room = hub_room_of(a->hub, u, &a->head.room);
	SLIST_FOREACH(dev, &u->devices, of_user)
		sync_add(dev, &room->log, a->join);
out:
	free(a);
}

static void
on_added(struct hub *hub, struct hub_user *u, const struct hub_event *e)
{
	struct hub_room *room = hub_room_of(hub, u, &e->subject);
	struct added *a;

	/* A membership of before, whose end was not heard yet, is none. */
	if (room != NULL && room->log.seq >= e->n)
		return;
	MEM_NEW(a);
	a->hub = hub;
	a->user = u->log.id;
	a->head.room = e->subject;
	a->join = e->n;
	added_read(a);
}

void
hub_before(struct hub *hub, struct hub_log *log, const struct hub_event *e)
{
	if (e->kind == EV_JOIN)
		on_join(hub, hub_log_room(log), &e->subject);
}

void
hub_after(struct hub *hub, struct hub_log *log, const struct hub_event *e)
{
	if (e->kind == EV_LEAVE)
		on_leave(hub, hub_log_room(log), e);
	else if (e->kind == EV_ADDED)
		on_added(hub, hub_log_user(log), e);
	else if (e->kind == EV_SESSION_REVOKED)
		hub_end_session(hub, &log->id, &e->subject);
}
