/* model/rights.c - who may do what in a room. */

#include <string.h>

#include "model/room.h"

/* Everything a rule looks at. */
struct ask {
	const struct room *room;
	const struct member *actor;
	const struct member *target;
	const struct event *ev;
	const struct event_subject *s;
	bool self; /* the actor is the subject */
};

static int
refuse_stranger(const struct room *room, struct err *err)
{
	if (room->kind != ROOM_PUBLIC)
		return err_set(err, ERR_NOT_FOUND, "There is no such room.");
	return err_set(
	    err, ERR_NOT_MEMBER, "You are not a member of this room.");
}

static int
refuse_direct(struct err *err)
{
	return err_set(
	    err, ERR_FORBIDDEN, "A direct room is for its two people only.");
}

static int
need_role(const struct ask *a, enum role least, struct err *err)
{
	if (a->actor->role == ROLE_NONE)
		return refuse_stranger(a->room, err);
	if (a->actor->role >= least)
		return 0;
	return err_set(err, ERR_FORBIDDEN,
	    least == ROLE_OWNER ? "Only the owner may do this."
				: "Only admins and the owner may do this.");
}

static int
may_join(const struct ask *a, struct err *err)
{
	if (a->self && a->actor->role == ROLE_NONE &&
	    a->room->kind != ROOM_PUBLIC)
		return refuse_stranger(a->room, err);
	if (!a->self && need_role(a, ROLE_MEMBER, err) == -1)
		return -1;
	if (a->room->kind == ROOM_DIRECT)
		return refuse_direct(err);
	if (a->s->role != ROLE_MEMBER)
		return err_set(
		    err, ERR_BAD_REQUEST, "role: one joins as member");
	if (!a->self && need_role(a, ROLE_ADMIN, err) == -1)
		return -1;
	return a->target->role == ROLE_NONE;
}

static int
may_leave(const struct ask *a, struct err *err)
{
	if (a->actor->role == ROLE_NONE &&
	    (!a->self || a->room->kind != ROOM_PUBLIC))
		return refuse_stranger(a->room, err);
	if (a->room->kind == ROOM_DIRECT)
		return refuse_direct(err);
	if (a->self)
		return a->actor->role != ROLE_NONE;
	if (need_role(a, ROLE_ADMIN, err) == -1)
		return -1;
	if (a->target->role == ROLE_OWNER)
		return err_set(
		    err, ERR_FORBIDDEN, "The owner cannot be removed.");
	if (a->target->role == ROLE_ADMIN)
		return need_role(a, ROLE_OWNER, err) == -1 ? -1 : 1;
	return a->target->role != ROLE_NONE;
}

static int
may_role(const struct ask *a, struct err *err)
{
	if (need_role(a, ROLE_MEMBER, err) == -1)
		return -1;
	if (a->room->kind == ROOM_DIRECT)
		return refuse_direct(err);
	if (need_role(a, ROLE_OWNER, err) == -1)
		return -1;
	if (a->s->role == ROLE_NONE)
		return err_set(err, ERR_BAD_REQUEST,
		    "role: must be member, admin or owner");
	if (a->target->role == ROLE_NONE)
		return err_set(err, ERR_NOT_FOUND,
		    "This user is not a member of the room.");
	if (a->target->role == a->s->role)
		return 0;
	if (a->self)
		return err_set(
		    err, ERR_FORBIDDEN, "Make somebody else the owner first.");
	return 1;
}

/* A group's own: admins change it, or the owner alone. */
static int
may_change_room(const struct ask *a, enum role least, struct err *err)
{
	if (need_role(a, ROLE_MEMBER, err) == -1)
		return -1;
	if (a->room->kind == ROOM_DIRECT)
		return refuse_direct(err);
	return need_role(a, least, err);
}

static int
may_rename(const struct ask *a, struct err *err)
{
	if (may_change_room(a, ROLE_ADMIN, err) == -1 ||
	    room_check_label(a->s->text, strlen(a->s->text), err) == -1)
		return -1;
	return strcmp(a->s->text, a->room->label) != 0;
}

static int
may_topic(const struct ask *a, struct err *err)
{
	if (may_change_room(a, ROLE_ADMIN, err) == -1 ||
	    room_check_topic(a->s->text, strlen(a->s->text), err) == -1)
		return -1;
	return strcmp(a->s->text, a->room->topic) != 0;
}

static int
may_visibility(const struct ask *a, struct err *err)
{
	if (may_change_room(a, ROLE_OWNER, err) == -1)
		return -1;
	return a->s->open != (a->room->kind == ROOM_PUBLIC);
}

static int
may_message(const struct ask *a, struct err *err)
{
	return need_role(a, ROLE_MEMBER, err) == -1 ? -1 : 1;
}

/* Clients move their cursors, mute and archive; all other entries follow from
 * other logs. */
static int
may_self(const struct ask *a, struct err *err)
{
	if (!id_eq(&a->ev->from, &a->room->id))
		return refuse_stranger(a->room, err);
	if (a->ev->kind != EV_READ && a->ev->kind != EV_MUTE &&
	    a->ev->kind != EV_ARCHIVE)
		return err_set(
		    err, ERR_FORBIDDEN, "Nobody writes into this room.");
	return 1;
}

int
room_may(const struct room *room, const struct member *actor,
    const struct member *target, const struct event *ev,
    const struct event_subject *s, struct err *err)
{
	struct ask a = { room, actor, target, ev, s,
		id_eq(&ev->from, &s->user) };

	if (room->kind == ROOM_SELF)
		return may_self(&a, err);
	switch (ev->kind) {
	case EV_JOIN:
		return may_join(&a, err);
	case EV_LEAVE:
		return may_leave(&a, err);
	case EV_ROLE:
		return may_role(&a, err);
	case EV_MESSAGE:
		return may_message(&a, err);
	case EV_RENAME:
		return may_rename(&a, err);
	case EV_TOPIC:
		return may_topic(&a, err);
	case EV_VISIBILITY:
		return may_visibility(&a, err);
	default:
		if (need_role(&a, ROLE_MEMBER, err) == -1)
			return -1;
		return err_set(err, ERR_FORBIDDEN,
		    "Such an event cannot be put into a room.");
	}
}

int
room_same_membership(const struct member *me, uint64_t joined, struct err *err)
{
	if (joined == 0 || joined == me->joined)
		return 0;
	return err_set(err, ERR_NOT_MEMBER,
	    "You left this room after this was sent, and came back.");
}

int
room_may_read(const struct room *room, const struct member *me, struct err *err)
{
	if (me->role != ROLE_NONE)
		return 0;
	if (room->kind == ROOM_SELF && id_eq(&me->user, &room->id))
		return 0;
	return refuse_stranger(room, err);
}
