/* store/making.c - what is the same in every database when a room, an
 * invitation or an entry is made. */
#include "store/making.h"

#include <string.h>

bool
making_is_direct(const struct room_new *n)
{
	return n->room.kind == ROOM_DIRECT;
}

int
making_check(const struct room_new *n, struct err *err)
{
	bool direct = making_is_direct(n);

	if (direct && (n->nusers != 1 || id_eq(n->users, &n->creator)))
		return err_set(err, ERR_BAD_REQUEST,
		    "user: a direct room is for two people");
	if (!direct && n->room.kind != ROOM_PUBLIC &&
	    n->room.kind != ROOM_PRIVATE)
		return err_set(
		    err, ERR_BAD_REQUEST, "kind: must be public or private");
	return 0;
}

void
making_body(struct buf *b, const struct room_new *n)
{
	event_body_create(b, room_kind_name(n->room.kind), n->room.label);
}

int
making_other(struct err *err)
{
	return err_set(
	    err, ERR_CONFLICT, "The same cid was used for something else.");
}

int
making_same(const struct room_new *n, const struct event *ev, struct err *err)
{
	struct buf want = { 0 };
	bool same;

	making_body(&want, n);
	same = ev != NULL && ev->body_len == want.len &&
	       memcmp(ev->body, want.data, want.len) == 0;
	buf_free(&want);
	return same ? 1 : making_other(err);
}

int
making_about(const struct event *ev, struct id *id_r, struct err *err)
{
	struct event_subject about;

	if (ev->kind != EV_ADDED)
		return making_other(err);
	if (event_subject(ev, &about, err) == -1)
		return -1;
	*id_r = about.room;
	return 0;
}

int
making_may_invite(struct db *db, const struct id *user, struct err *err)
{
	struct user u;
	int rc = db_user_get(db, user, &u, err);

	if (rc == -1)
		return -1;
	if (rc == 0 || !u.admin || u.state != USER_ACTIVE)
		return err_set(
		    err, ERR_FORBIDDEN, "Only administrators invite.");
	return 0;
}

void
making_revoked(
    struct event *ev_r, const struct id *user, const struct id *session)
{
	struct event_subject about = { .session = *session };
	struct buf body = { 0 };

	*ev_r = (struct event){ .room = *user,
		.from = *user,
		.kind = EV_SESSION_REVOKED,
		.cid = cid_derive("revoked", session, 0) };
	event_body_self(&body, ev_r->kind, &about);
	event_set_body(ev_r, body.data, body.len);
	buf_free(&body);
}

void
making_leave(struct event *ev_r, const struct id *user, const struct id *room)
{
	struct event_subject who = { .user = *user };
	struct buf body = { 0 };

	*ev_r = (struct event){
		.room = *room, .from = *user, .kind = EV_LEAVE, .cid = cid_new()
	};
	event_body_leave(&body, &who);
	event_set_body(ev_r, body.data, body.len);
	buf_free(&body);
}

void
making_left(struct append *a, int rc, struct event_list *more)
{
	if (rc == 0 && a->ev->seq > 0) {
		event_list_push(more, a->ev);
		for (size_t i = 0; i < a->more.n; i++)
			event_list_push(more, &a->more.v[i]);
		a->more.n = 0;
	} else {
		event_free_body(a->ev);
	}
	append_clear(a);
}
