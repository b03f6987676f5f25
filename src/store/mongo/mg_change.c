/* store/mongo/mg_change.c - events that are not messages: may they be, and what
 * is stored of them. */

#include "base/mem.h"
#include "store/asked.h"
#include "store/mongo/mg_known.h"

static void
take_user(const bson_t *doc, void *arg)
{
	mg_get_id(doc, "user", arg);
}

/* When the owner leaves: who inherits. Zero: nobody is left. The rows are made
 * what is known before they are asked. */
static int
find_heir(struct mg *m, struct change *c, struct err *err)
{
	c->s.heir = (struct id){ 0 };
	if (c->target->m.role != ROLE_OWNER)
		return 0;
	if (mg_settle(m, err) == -1)
		return -1;
	return mg_find(m, C_MEMBERS,
		   mg_doc("room:b user:{$ne:b} role:{$gt:i}", &c->ev->room,
		       &c->s.user, (int)ROLE_NONE),
		   mg_doc("sort:{role:- joined:+} limit:+ singleBatch:y"),
		   take_user, &c->s.heir, err) == -1
		   ? -1
		   : 0;
}

static int
complete_leave(struct mg *m, struct change *c, struct err *err)
{
	struct buf body = { 0 };

	if (find_heir(m, c, err) == -1)
		return -1;
	event_body_leave(&body, &c->s);
	event_set_body(c->ev, body.data, body.len);
	buf_free(&body);
	return 1;
}

int
mg_check_change(struct mg *m, struct change *c, struct err *err)
{
	int rc;

	if (event_subject(c->ev, &c->s, err) == -1)
		return -1;
	c->actor = mg_known_member(m, c->room, &c->ev->from, err);
	if (c->actor == NULL)
		return -1;
	c->target = mg_known_member(m, c->room, &c->s.user, err);
	if (c->target == NULL)
		return -1;
	rc = room_may(
	    &c->room->room, &c->actor->m, &c->target->m, c->ev, &c->s, err);
	if (rc != 1)
		return rc;
	if (mg_check_since(m, c, c->room, err) == -1)
		return -1;
	switch (c->ev->kind) {
	case EV_JOIN:
		return mg_need_user(m, &c->s.user, err) == -1 ? -1 : 1;
	case EV_LEAVE:
		return complete_leave(m, c, err);
	case EV_ROLE:
	case EV_RENAME:
	case EV_TOPIC:
	case EV_VISIBILITY:
		return 1;
	default:
		return err_set(err, ERR_BAD_REQUEST, "Unknown event.");
	}
}

/* The cids of what is not stored yet, as far as is known. */
static bson_t *
cids_of(struct append *a)
{
	bson_t *cids = bson_new();
	char index[16];
	const char *key;

	for (size_t i = 0; i < a->n; i++) {
		if (a->ev[i].seq > 0)
			continue;
		bson_uint32_to_string((uint32_t)i, &key, index, sizeof(index));
		bson_append_binary(cids, key, -1, BSON_SUBTYPE_BINARY,
		    a->ev[i].cid.b, sizeof(a->ev[i].cid.b));
	}
	return cids;
}

static void
take_event(const bson_t *doc, void *arg)
{
	struct event ev;

	mg_get_event(doc, &ev);
	event_list_push(arg, &ev);
}

/* ev gets the numbers of what is stored under its cid, if there is any in l. 1,
 * 0, or -1 *err: it is something else. */
static int
take_repeat(struct event *ev, struct event_list *l, struct err *err)
{
	for (size_t i = 0; i < l->n; i++) {
		struct event *stored = &l->v[i];

		if (!cid_eq(&ev->cid, &stored->cid))
			continue;
		if (append_same_event(ev, stored, err) == -1)
			return -1;
		event_free_body(ev);
		*ev = *stored;
		*stored = (struct event){ 0 };
		return 1;
	}
	return 0;
}

static int
take_repeats(struct append *a, struct event_list *l, struct err *err)
{
	int fresh = 0;

	for (size_t i = 0; i < a->n; i++) {
		int rc;

		if (append_twin(a, i) != NULL)
			continue;
		rc = a->ev[i].seq > 0 ? 0 : take_repeat(&a->ev[i], l, err);
		if (rc == -1)
			return -1;
		if (rc == 1)
			append_set_repeated(a, i);
		fresh += a->ev[i].seq == 0;
	}
	return fresh;
}

int
mg_find_repeats(struct mg *m, struct append *a, struct err *err)
{
	struct event_list l = { 0 };
	int rc = mg_find(m, C_EVENTS,
	    mg_doc("room:b from:b cid:{$in:a}", &a->ev->room, &a->ev->from,
		cids_of(a)),
	    NULL, take_event, &l, err);

	if (rc != -1)
		rc = take_repeats(a, &l, err);
	event_list_free(&l);
	return rc;
}
