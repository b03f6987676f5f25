/* model/event.c - one thing that happened in a room, and its JSON. */

#include "model/event.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/text.h"

#define JSON_ROOM 320 /* what an event has beside its body, about */

const char *
event_kind_name(enum event_kind kind)
{
	switch (kind) {
	case EV_CREATE:
		return "create";
	case EV_JOIN:
		return "join";
	case EV_LEAVE:
		return "leave";
	case EV_ROLE:
		return "role";
	case EV_MESSAGE:
		return "message";
	case EV_RENAME:
		return "rename";
	case EV_TOPIC:
		return "topic";
	case EV_VISIBILITY:
		return "visibility";
	case EV_ADDED:
		return "added";
	case EV_REMOVED:
		return "removed";
	case EV_READ:
		return "read";
	case EV_SESSION_REVOKED:
		return "session_revoked";
	case EV_MUTE:
		return "mute";
	case EV_ARCHIVE:
		return "archive";
	}
	return NULL;
}

bool
event_kind_is_self(enum event_kind kind)
{
	return kind >= EV_ADDED;
}

void
event_set_body(struct event *ev, const void *body, size_t len)
{
	char *copy = mem_alloc(len + 1);

	if (len > 0)
		memcpy(copy, body, len);
	copy[len] = '\0';
	free(ev->body);
	ev->body = copy;
	ev->body_len = (uint32_t)len;
}

void
event_free_body(struct event *ev)
{
	free(ev->body);
	ev->body = NULL;
	ev->body_len = 0;
}

void
event_json(struct buf *b, const struct event *ev)
{
	const char *kind = event_kind_name(ev->kind);
	const char *body = ev->body_len > 0 ? ev->body : "";

	buf_reserve(b, ev->body_len + JSON_ROOM);
	json_open(b, '{');
	json_kstr(b, "ev", kind != NULL ? kind : "unknown");
	json_kid(b, "room", &ev->room);
	json_ku64(b, "seq", ev->seq);
	json_ku64(b, "no", ev->no);
	json_ku64(b, "at", ev->at);
	json_kid(b, "from", &ev->from);
	json_kcid(b, "cid", &ev->cid);
	if (ev->kind == EV_MESSAGE)
		json_kstrn(b, "body", body, ev->body_len);
	else if (ev->body_len > 0)
		json_kraw(b, "body", body, ev->body_len);
	else
		json_kraw(b, "body", "{}", 2);
	if (ev->kind == EV_MESSAGE && ev->target > 0)
		json_ku64(b, "reply", ev->target);
	json_close(b, '}');
}

int
event_check_text(const char *s, size_t len, size_t max, struct err *err)
{
	if (len > max)
		return err_set(
		    err, ERR_TOO_LARGE, "body: longer than %zu bytes", max);
	if (!utf8_valid(s, len) || memchr(s, '\0', len) != NULL)
		return err_set(
		    err, ERR_BAD_REQUEST, "body: must be UTF-8 without U+0000");
	if (text_is_blank(s, len))
		return err_set(err, ERR_BAD_REQUEST, "body: must not be empty");
	return 0;
}

void
event_list_push(struct event_list *l, struct event *ev)
{
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 4 : l->cap * 2;
		l->v = mem_reallocarray(l->v, l->cap, sizeof(*l->v));
	}
	l->v[l->n++] = *ev;
	ev->body = NULL;
	ev->body_len = 0;
}

void
event_list_free(struct event_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].body);
	free(l->v);
	*l = (struct event_list){ 0 };
}
