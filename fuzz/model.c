/* fuzz/model.c - a room's log of any events: who may not has done nothing, what
 * is folded keeps its bounds, and a body that is read can be written again. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "fuzz/must.h"
#include "model/room.h"
#include "model/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { PEOPLE = 4 };

struct world {
	struct room room;
	struct member members[PEOPLE];
};

static void
person(struct id *id, unsigned i)
{
	memset(id, 0, sizeof(*id));
	id->b[11] = (uint8_t)(i + 1);
}

/* The member row of id; NULL: none of our people. */
static struct member *
row(struct world *w, const struct id *id)
{
	for (unsigned i = 0; i < PEOPLE; i++)
		if (id_eq(&w->members[i].user, id))
			return &w->members[i];
	return NULL;
}

/* --- bodies --- */

static bool
write_body(struct buf *b, enum event_kind kind, const struct event_subject *s)
{
	switch (kind) {
	case EV_CREATE:
		event_body_create(b, s->open ? "public" : "private", s->text);
		return true;
	case EV_JOIN:
		event_body_join(b, s, "name", "");
		return true;
	case EV_LEAVE:
		event_body_leave(b, s);
		return true;
	case EV_ROLE:
		event_body_role(b, s);
		return true;
	case EV_RENAME:
	case EV_TOPIC:
	case EV_VISIBILITY:
		event_body_room(b, kind, s);
		return true;
	default:
		if (!event_kind_is_self(kind) || event_kind_name(kind) == NULL)
			return false;
		event_body_self(b, kind, s);
		return true;
	}
}

static bool
same_subject(const struct event_subject *a, const struct event_subject *b,
    enum event_kind kind)
{
	/* of an entry that is not a cursor, no is not written */
	bool no = kind != EV_ADDED && kind != EV_REMOVED;

	return id_eq(&a->user, &b->user) && id_eq(&a->room, &b->room) &&
	       id_eq(&a->heir, &b->heir) && id_eq(&a->session, &b->session) &&
	       a->seq == b->seq && (!no || a->no == b->no) &&
	       a->until == b->until && a->role == b->role &&
	       a->open == b->open && a->on == b->on &&
	       strcmp(a->text, b->text) == 0;
}

static void
body_again(const struct event *ev, const struct event_subject *s)
{
	struct event copy = *ev;
	struct event_subject again;
	struct err err = { 0 };
	struct buf b = { 0 };

	if (write_body(&b, ev->kind, s)) {
		copy.body = NULL;
		event_set_body(&copy, b.data, b.len);
		must(event_subject(&copy, &again, &err) == 0);
		must(same_subject(s, &again, ev->kind));
		event_free_body(&copy);
	}
	buf_free(&b);
}

static void
event_is_json(const struct event *ev)
{
	struct buf b = { 0 };
	struct json *doc;

	event_json(&b, ev);
	doc = json_parse(b.data, b.len, 65536, NULL);
	must(doc != NULL);
	json_free(&doc);
	buf_free(&b);
}

/* --- texts --- */

static void
texts(const char *s, size_t len)
{
	struct buf folded = { 0 };
	const char *at = s, *word;
	struct err err = { 0 };
	size_t n;

	if (!utf8_valid(s, len) || strlen(s) != len) {
		must(event_check_text(s, len, 1000, &err) == -1);
		must(room_check_label(s, len, &err) == -1);
		must(user_check_display(s, len, &err) == -1 || len == 0);
		return;
	}
	text_fold(&folded, s);
	must(utf8_valid(folded.data, folded.len));
	while (text_word(&at, &word, &n)) {
		must(n > 0 && word >= s && word + n <= s + len);
		must(utf8_valid(word, n) && at >= word + n);
	}
	if (room_check_label(s, len, &err) == 0)
		must(utf8_count(s, len) <= ROOM_LABEL_MAX && len > 0 &&
		     !text_is_blank(s, len));
	if (user_check_name(s, len, &err) == 0)
		must(len >= USER_NAME_MIN && len <= USER_NAME_MAX);
	user_check_password(s, len, &err);
	user_check_device(s, len, &err);
	room_check_topic(s, len, &err);
	buf_free(&folded);
}

/* --- the fold --- */

static void
apply(struct world *w, const struct event *ev, const struct event_subject *s)
{
	struct member *whom = row(w, &s->user);

	room_describe(&w->room, ev->kind, s);
	w->room.seq++;
	if (whom == NULL)
		return;
	if (ev->kind == EV_JOIN || ev->kind == EV_ROLE)
		whom->role = s->role;
	if (ev->kind == EV_LEAVE)
		whom->role = ROLE_NONE;
}

/* What nobody may ever do, whatever the event. */
static void
judged(const struct world *w, const struct member *actor,
    const struct member *target, const struct event *ev,
    const struct event_subject *s)
{
	bool self = id_eq(&ev->from, &s->user);

	if (actor->role == ROLE_NONE)
		must(
		    ev->kind == EV_JOIN && self && w->room.kind == ROOM_PUBLIC);
	if (ev->kind == EV_JOIN)
		must(target->role == ROLE_NONE && s->role == ROLE_MEMBER);
	if (ev->kind == EV_ROLE)
		must(actor->role == ROLE_OWNER);
	if (ev->kind == EV_LEAVE && !self)
		must(actor->role > target->role);
	if (ev->kind == EV_RENAME || ev->kind == EV_TOPIC ||
	    ev->kind == EV_VISIBILITY)
		must(actor->role >= ROLE_ADMIN);
	if (ev->kind != EV_MESSAGE)
		must(w->room.kind != ROOM_DIRECT);
	must(!event_kind_is_self(ev->kind));
}

static void
one_event(struct world *w, struct event *ev)
{
	static const struct member nobody;
	const struct member *actor = row(w, &ev->from), *target;
	struct event_subject s = { 0 };
	struct err err = { 0 };

	if (ev->kind != EV_MESSAGE) {
		if (event_subject(ev, &s, &err) == -1) {
			must(err.code != ERR_NONE && err.text[0] != '\0');
			return;
		}
		body_again(ev, &s);
	} else if (event_check_text(ev->body, ev->body_len, 1000, &err) == -1) {
		return;
	}
	event_is_json(ev);
	target = row(w, &s.user);
	target = target != NULL ? target : &nobody;
	if (room_may(&w->room, actor, target, ev, &s, &err) != 1)
		return;
	judged(w, actor, target, ev, &s);
	apply(w, ev, &s);
}

/* kind, actor, length, body: one event of the input. */
static size_t
next(struct world *w, const uint8_t *p, size_t n)
{
	struct event ev = { .seq = w->room.seq + 1, .no = 1 };
	size_t len;

	if (n < 3)
		return n;
	len = p[2] < n - 3 ? p[2] : n - 3;
	ev.kind = p[0];
	person(&ev.from, p[1] % PEOPLE);
	event_set_body(&ev, p + 3, len);
	texts(ev.body, len);
	one_event(w, &ev);
	event_free_body(&ev);
	return 3 + len;
}

/* The first byte: the kind of room. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct world w = { 0 };
	struct room_view view = { 0 };
	struct buf b = { 0 };

	if (n < 1)
		return 0;
	w.room.kind = (enum room_kind)(ROOM_PUBLIC + p[0] % 3);
	for (unsigned i = 0; i < PEOPLE; i++)
		person(&w.members[i].user, i);
	w.members[0].role = ROLE_OWNER;
	w.members[1].role = ROLE_ADMIN;
	w.members[2].role = ROLE_MEMBER;
	for (size_t at = 1; at < n;)
		at += next(&w, p + at, n - at);
	view.room = w.room;
	view.me = w.members[2];
	room_view_json(&b, &view);
	buf_free(&b);
	return 0;
}
