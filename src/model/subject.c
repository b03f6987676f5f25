/* model/subject.c - the JSON bodies of the events that are not messages. */

#include <string.h>

#include "base/json.h"
#include "model/event.h"

#define BODY_MAX 4096

static int
need_role(const struct json *o, enum role *role_r, struct err *err)
{
	const char *name;
	size_t len;

	if (json_need_str(o, "role", &name, &len, err) == -1)
		return -1;
	*role_r = role_parse(name);
	if (*role_r == ROLE_NONE)
		return err_set(err, ERR_BAD_REQUEST,
		    "role: must be member, admin or owner");
	return 0;
}

static int
read_entry(const struct json *o, struct event_subject *s, struct err *err)
{
	if (json_need_id(o, "room", &s->room, err) == -1 ||
	    json_need_u64(o, "seq", &s->seq, err) == -1 ||
	    json_get_u64(o, "no", &s->no, err) == -1)
		return -1;
	return 0;
}

static int
read_wish(const struct json *o, struct event_subject *s, enum event_kind kind,
    struct err *err)
{
	if (json_need_id(o, "room", &s->room, err) == -1 ||
	    json_get_u64(o, "no", &s->no, err) == -1)
		return -1;
	if (kind == EV_ARCHIVE)
		return json_need_bool(o, "on", &s->on, err) == -1 ? -1 : 0;
	if (json_need_u64(o, "until", &s->until, err) == -1 ||
	    json_get_bool(o, "archived", &s->on, err) == -1)
		return -1;
	return 0;
}

static int
read_text(const struct json *o, const char *key, struct event_subject *s,
    struct err *err)
{
	const char *text;
	size_t len;

	if (json_need_str(o, key, &text, &len, err) == -1)
		return -1;
	if (len > EVENT_TEXT_MAX)
		return err_set(err, ERR_BAD_REQUEST, "%s: too long", key);
	memcpy(s->text, text, len);
	s->text[len] = '\0';
	return 0;
}

static int
read_create(const struct json *o, struct event_subject *s,
    const struct event *ev, struct err *err)
{
	const char *kind = "";
	size_t len;

	s->user = ev->from;
	if (json_get_str(o, "kind", &kind, &len, err) == -1)
		return -1;
	s->open = strcmp(kind, "public") == 0;
	return read_text(o, "label", s, err);
}

static int
read_visibility(const struct json *o, struct event_subject *s, struct err *err)
{
	const char *kind;
	size_t len;

	if (json_need_str(o, "kind", &kind, &len, err) == -1)
		return -1;
	s->open = strcmp(kind, "public") == 0;
	if (!s->open && strcmp(kind, "private") != 0)
		return err_set(
		    err, ERR_BAD_REQUEST, "kind: must be public or private");
	return 0;
}

static int
read_member(const struct json *o, struct event_subject *s, enum event_kind kind,
    struct err *err)
{
	if (json_need_id(o, "user", &s->user, err) == -1)
		return -1;
	if (kind == EV_LEAVE)
		return json_get_id(o, "heir", &s->heir, err) == -1 ? -1 : 0;
	return need_role(o, &s->role, err);
}

static int
read_subject(const struct json *o, const struct event *ev,
    struct event_subject *s, struct err *err)
{
	switch (ev->kind) {
	case EV_CREATE:
		return read_create(o, s, ev, err);
	case EV_JOIN:
	case EV_LEAVE:
	case EV_ROLE:
		return read_member(o, s, ev->kind, err);
	case EV_RENAME:
		return read_text(o, "label", s, err);
	case EV_TOPIC:
		return read_text(o, "topic", s, err);
	case EV_VISIBILITY:
		return read_visibility(o, s, err);
	case EV_ADDED:
	case EV_REMOVED:
	case EV_READ:
		return read_entry(o, s, err);
	case EV_MUTE:
	case EV_ARCHIVE:
		return read_wish(o, s, ev->kind, err);
	case EV_SESSION_REVOKED:
		return json_need_id(o, "session", &s->session, err) == -1 ? -1
									  : 0;
	case EV_MESSAGE:
		break;
	}
	return err_set(err, ERR_BAD_REQUEST, "this event has no subject");
}

int
event_subject(
    const struct event *ev, struct event_subject *s_r, struct err *err)
{
	struct json *o;
	int rc;

	*s_r = (struct event_subject){ 0 };
	o = json_parse(ev->body_len > 0 ? ev->body : "{}",
	    ev->body_len > 0 ? ev->body_len : 2, BODY_MAX, err);
	if (o == NULL)
		return -1;
	rc = read_subject(o, ev, s_r, err);
	json_free(&o);
	return rc;
}

/* Was the user's place in the room changed by ev, whose subject is s? */
static bool
moves(const struct event *ev, const struct event_subject *s,
    const struct id *user)
{
	switch (ev->kind) {
	case EV_CREATE:
	case EV_JOIN:
		return id_eq(&s->user, user);
	case EV_LEAVE:
		return id_eq(&s->user, user) || id_eq(&s->heir, user);
	case EV_ROLE:
		return id_eq(&s->user, user) ||
		       (s->role == ROLE_OWNER && id_eq(&ev->from, user));
	default:
		return false;
	}
}

bool
event_bears_on(const struct event *ev, const struct event *asked,
    const struct event_subject *s)
{
	struct event_subject t;

	if (ev->kind == EV_MESSAGE || event_subject(ev, &t, NULL) == -1)
		return false;
	if (moves(ev, &t, &asked->from))
		return true;
	switch (asked->kind) {
	case EV_JOIN:
		/* Who joins alone may do so as long as the room is public. */
		return moves(ev, &t, &s->user) ||
		       (ev->kind == EV_VISIBILITY &&
			   id_eq(&asked->from, &s->user));
	case EV_LEAVE:
	case EV_ROLE:
		return moves(ev, &t, &s->user);
	default:
		return ev->kind == asked->kind;
	}
}

void
event_body_create(struct buf *b, const char *kind, const char *label)
{
	json_open(b, '{');
	json_kstr(b, "kind", kind);
	json_kstr(b, "label", label);
	json_close(b, '}');
}

void
event_body_join(struct buf *b, const struct event_subject *s, const char *name,
    const char *display)
{
	json_open(b, '{');
	json_kid(b, "user", &s->user);
	json_kstr(b, "name", name);
	json_kstr(b, "display", display[0] != '\0' ? display : name);
	json_kstr(b, "role", role_name(s->role));
	json_close(b, '}');
}

void
event_body_leave(struct buf *b, const struct event_subject *s)
{
	json_open(b, '{');
	json_kid(b, "user", &s->user);
	if (!id_is_zero(&s->heir))
		json_kid(b, "heir", &s->heir);
	json_close(b, '}');
}

void
event_body_role(struct buf *b, const struct event_subject *s)
{
	json_open(b, '{');
	json_kid(b, "user", &s->user);
	json_kstr(b, "role", role_name(s->role));
	json_close(b, '}');
}

void
event_body_room(
    struct buf *b, enum event_kind kind, const struct event_subject *s)
{
	json_open(b, '{');
	if (kind == EV_RENAME)
		json_kstr(b, "label", s->text);
	else if (kind == EV_TOPIC)
		json_kstr(b, "topic", s->text);
	else
		json_kstr(b, "kind", s->open ? "public" : "private");
	json_close(b, '}');
}

void
event_body_self(
    struct buf *b, enum event_kind kind, const struct event_subject *s)
{
	json_open(b, '{');
	if (kind == EV_SESSION_REVOKED)
		json_kid(b, "session", &s->session);
	else
		json_kid(b, "room", &s->room);
	if (kind == EV_MUTE) {
		json_ku64(b, "until", s->until);
		json_kbool(b, "archived", s->on);
	} else if (kind == EV_ARCHIVE)
		json_kbool(b, "on", s->on);
	else if (kind != EV_SESSION_REVOKED)
		json_ku64(b, "seq", s->seq);
	if (kind == EV_READ || kind == EV_MUTE || kind == EV_ARCHIVE)
		json_ku64(b, "no", s->no);
	json_close(b, '}');
}
