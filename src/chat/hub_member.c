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
on_join(struct hub *hub, struct hub_room *room, const struct hub_event *e)
{
	struct hub_user *u = hub_user_find(hub, &e->subject);
	struct device *dev;

	room->members++;
	if (u == NULL || !(u->log.flags & LOG_KNOWN) ||
	    hub_room_of(hub, u, &room->log.id) != NULL)
		return;
	hub_fan_flush(hub, &room->log);
	hub_attach(hub, u, room);
	/* Behind what they still have to get of an earlier membership. */
	SLIST_FOREACH(dev, &u->devices, of_user)
		sync_add(dev, &room->log, e->seq);
}

#define ADDED_RETRY_MS 50
#define ADDED_TRIES    60 /* a member's row is raised behind the entry */

/* A room that one of our people was added to, of which nobody here heard the
 * join: read where it is and that this membership still stands. One for each
 * user and room. */
struct hub_added {
	LIST_ENTRY(hub_added) of_hub;
	struct hub *hub;
	struct id user, room;
	uint64_t join;   /* seq of the join event */
	uint64_t asked;  /* the join as of the read */
	unsigned absent; /* reads in which there was no such member */
	bool over;       /* the leave behind the join was heard */
	struct head head;
	struct member m;
	struct loop_timer *again;
	int found;
	struct err err;
};

/* The head first: what happened to the membership before the row was read and
 * behind the head will be taken from the room's log. */
static void
added_work(struct db *db, void *arg)
{
	struct hub_added *a = arg;

	a->head = (struct head){ .room = a->room };
	if (db_heads(db, &a->head, 1, &a->err) == -1)
		a->found = -1;
	else
		a->found =
		    db_member_get(db, &a->room, &a->user, &a->m, &a->err);
}

static void added_done(void *arg);

static void
added_read(void *arg)
{
	struct hub_added *a = arg;

	loop_timer_free(&a->again);
	a->asked = a->join;
	store_read(a->hub->chat->store, added_work, added_done, a);
}

static void
added_free(struct hub_added *a)
{
	loop_timer_free(&a->again);
	LIST_REMOVE(a, of_hub);
	free(a);
}

enum added { ADDED_OVER, ADDED_LATER, ADDED_STANDS };

static enum added
added_judge(struct hub_added *a)
{
	if (a->over)
		return ADDED_OVER;
	if (a->found == -1 || a->asked != a->join)
		return ADDED_LATER;
	if (a->found == 0) /* gone meanwhile, or not yet to be seen */
		return ++a->absent < ADDED_TRIES ? ADDED_LATER : ADDED_OVER;
	if (a->m.joined > a->join)
		return ADDED_OVER; /* of a later one an entry of its own tells
				    */
	if (a->m.joined < a->join || a->head.seq < a->join)
		return ADDED_LATER; /* rows of before */
	return ADDED_STANDS;
}

/* False: to be tried again, as hub_know_user says. */
static bool
added_attach(struct hub_added *a, struct hub_user *u)
{
	struct head_list one = { .v = &a->head, .n = 1 };

	a->head.joined = a->join;
	return hub_know_user(a->hub, u, u->ended, u->log.seq, &one);
}

static void
added_done(void *arg)
{
	struct hub_added *a = arg;
	struct hub_user *u = hub_user_find(a->hub, &a->user);
	struct hub_room *room =
	    u == NULL ? NULL : hub_room_of(a->hub, u, &a->room);
	enum added what = added_judge(a);

	if (u == NULL || (room != NULL && room->log.seq >= a->join) ||
	    what == ADDED_OVER ||
	    (what == ADDED_STANDS && room == NULL && added_attach(a, u)))
		added_free(a);
	else
		a->again = loop_timer_new(
		    a->hub->chat->loop, ADDED_RETRY_MS, false, added_read, a);
}

static struct hub_added *
added_find(struct hub *hub, const struct id *user, const struct id *room)
{
	struct hub_added *a;

	LIST_FOREACH(a, &hub->added, of_hub)
		if (id_eq(&a->user, user) && id_eq(&a->room, room))
			return a;
	return NULL;
}

void
hub_catch_up(
    struct hub *hub, struct hub_user *u, struct hub_room *room, uint64_t joined)
{
	struct hub_added *a = added_find(hub, &u->log.id, &room->log.id);
	bool told = a != NULL && a->join >= joined;
	struct device *dev;

	SLIST_FOREACH(dev, &u->devices, of_user)
		if (told)
			sync_add(dev, &room->log, joined);
		else
			sync_add_untold(dev, &room->log, joined);
}

static void
on_added(struct hub *hub, struct hub_user *u, const struct hub_event *e)
{
	struct hub_room *room = hub_room_of(hub, u, &e->subject);
	struct hub_added *a;
	struct device *dev;

	SLIST_FOREACH(dev, &u->devices, of_user)
		sync_told(dev, &e->subject, e->n);
	/* A membership of before, whose end was not heard yet, is none. */
	if (room != NULL && room->log.seq >= e->n)
		return;
	a = added_find(hub, &u->log.id, &e->subject);
	if (a != NULL) {
		if (e->n > a->join)
			a->over = false;
		a->join = e->n > a->join ? e->n : a->join;
		a->absent = 0;
		return;
	}
	MEM_NEW(a);
	a->hub = hub;
	a->user = u->log.id;
	a->room = e->subject;
	a->join = e->n;
	LIST_INSERT_HEAD(&hub->added, a, of_hub);
	added_read(a);
}

static void
on_leave(struct hub *hub, struct hub_room *room, const struct hub_event *e)
{
	struct hub_user *u = hub_user_find(hub, &e->subject);
	struct hub_added *a = added_find(hub, &e->subject, &room->log.id);

	room->members -= room->members > 0;
	room->left = e->seq;
	hub_fan_flush(hub, &room->log);
	if (a != NULL && a->join < e->seq)
		a->over = true; /* what was read of it is of before */
	if (u == NULL)
		return;
	u->ended = ++hub->ended;
	hub_detach(hub, u, room, e->seq);
}

void
hub_added_free(struct hub *hub)
{
	struct hub_added *a, *after;

	for (a = LIST_FIRST(&hub->added); a != NULL; a = after) {
		after = LIST_NEXT(a, of_hub);
		added_free(a);
	}
}

void
hub_before(struct hub *hub, struct hub_log *log, const struct hub_event *e)
{
	if (e->kind == EV_JOIN)
		on_join(hub, hub_log_room(log), e);
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
