/* store/mongo/mg_fold.c - what an event makes of the room that is known. */

#include <string.h>

#include "base/mem.h"
#include "store/mongo/mg_known.h"

/* A message: its author has read up to it. The rest of the row is not needed
 * for that. */
static void
fold_message(struct mg *m, struct known *k, const struct event *ev)
{
	struct known_member *w = mg_known_place(m, k, &ev->from);

	if (w->m.read_seq < ev->seq) {
		w->m.read_seq = ev->seq;
		w->m.read_no = ev->no;
		w->cursor = true;
	}
}

static void
push_follow(
    struct known *k, const struct event *ev, const struct event_subject *s)
{
	bool maker =
	    ev->kind == EV_JOIN && ev->seq == 2 && k->room.kind != ROOM_DIRECT;
	struct event entry;

	/* The maker's own entry is what decided that there is the room. */
	if (maker)
		return;
	mg_follow(ev, &s->user, NULL, &entry);
	event_list_push(&k->follow, &entry);
}

void
mg_follow(const struct event *ev, const struct id *user,
    const struct cid *create_cid, struct event *entry_r)
{
	struct event_subject about = { .room = ev->room, .seq = ev->seq };
	struct buf body = { 0 };

	*entry_r = (struct event){ .room = *user, .from = ev->from };
	entry_r->kind = ev->kind == EV_LEAVE ? EV_REMOVED : EV_ADDED;
	entry_r->cid = create_cid != NULL
			   ? *create_cid
			   : cid_derive(event_kind_name(entry_r->kind),
				 &ev->room, ev->seq);
	event_body_self(&body, entry_r->kind, &about);
	event_set_body(entry_r, body.data, body.len);
	buf_free(&body);
}

static void
set_role(struct known_member *w, const struct event *ev, enum role role)
{
	if (ev->seq <= w->as_of)
		return;
	w->m.role = role;
	w->as_of = ev->seq;
	w->placed = true;
}

static int
fold_join(struct mg *m, struct known *k, const struct event *ev,
    const struct event_subject *s, struct err *err)
{
	struct known_member *w = mg_known_member(m, k, &s->user, err);

	if (w == NULL)
		return -1;
	k->room.members++;
	if (ev->seq > w->as_of) {
		w->m.joined = w->m.read_seq = ev->seq;
		w->m.read_no = ev->no;
		w->m.muted = w->m.archived = 0;
		w->fresh = true;
	}
	set_role(w, ev, s->role);
	return 0;
}

static int
fold_leave(struct mg *m, struct known *k, const struct event *ev,
    const struct event_subject *s, struct err *err)
{
	struct known_member *w = mg_known_member(m, k, &s->user, err);

	if (w == NULL)
		return -1;
	k->room.members--;
	set_role(w, ev, ROLE_NONE);
	if (id_is_zero(&s->heir))
		return 0;
	w = mg_known_member(m, k, &s->heir, err);
	if (w == NULL)
		return -1;
	set_role(w, ev, ROLE_OWNER);
	return 0;
}

/* One owner at a time: who hands the room over becomes admin. */
static int
fold_role(struct mg *m, struct known *k, const struct event *ev,
    const struct event_subject *s, struct err *err)
{
	struct known_member *w = mg_known_member(m, k, &s->user, err);

	if (w == NULL)
		return -1;
	set_role(w, ev, s->role);
	if (s->role != ROLE_OWNER)
		return 0;
	w = mg_known_member(m, k, &ev->from, err);
	if (w == NULL)
		return -1;
	set_role(w, ev, ROLE_ADMIN);
	return 0;
}

void
mg_add_wish(struct known *k, const struct wish *w)
{
	k->wishes =
	    mem_reallocarray(k->wishes, k->nwishes + 1, sizeof(*k->wishes));
	k->wishes[k->nwishes++] = *w;
}

/* An entry that another connection wrote, perhaps before it was killed. */
static void
fold_wish(
    struct known *k, const struct event *ev, const struct event_subject *s)
{
	bool archived =
	    s->on && (ev->kind == EV_MUTE || ev->kind == EV_ARCHIVE);
	struct wish w = { .room = s->room,
		.user = k->room.id,
		.kind = ev->kind,
		.seq = ev->seq,
		.read_seq = s->seq,
		.read_no = s->no,
		.muted = s->until,
		.archived = archived ? s->no + 1 : 0 };

	mg_add_wish(k, &w);
}

static int
fold_change(struct mg *m, struct known *k, const struct event *ev, bool own,
    struct err *err)
{
	struct event_subject s;

	if (event_subject(ev, &s, NULL) == -1)
		return 0; /* of a later version, perhaps */
	switch (ev->kind) {
	case EV_JOIN:
		if (!own)
			push_follow(k, ev, &s);
		return fold_join(m, k, ev, &s, err);
	case EV_LEAVE:
		if (!own)
			push_follow(k, ev, &s);
		return fold_leave(m, k, ev, &s, err);
	case EV_ROLE:
		return fold_role(m, k, ev, &s, err);
	case EV_CREATE:
	case EV_RENAME:
	case EV_TOPIC:
	case EV_VISIBILITY:
		room_describe(&k->room, ev->kind, &s);
		k->described = true;
		return 0;
	case EV_ADDED:
	case EV_READ:
	case EV_MUTE:
	case EV_ARCHIVE:
		if (!own || ev->kind == EV_ADDED)
			fold_wish(k, ev, &s);
		return 0;
	default:
		return 0;
	}
}

int
mg_fold(struct mg *m, struct known *k, const struct event *ev, bool own,
    struct err *err)
{
	struct room *r = &k->room;

	r->seq = ev->seq;
	r->no = ev->no;
	r->at = ev->at;
	r->cid = ev->cid;
	if (ev->kind != EV_MESSAGE)
		return fold_change(m, k, ev, own, err);
	r->last_message = ev->seq;
	fold_message(m, k, ev);
	return 0;
}
