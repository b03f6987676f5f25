/* chat/hub_event.c - conversions of events. */
#include "chat/hub_event.h"

#include <string.h>

#include "base/log.h"

/* What the hub must act upon, out of a body. */
static void
fill_subject(struct hub_event *e, const struct event *ev)
{
	struct event_subject s;
	struct err err;

	if (ev->kind == EV_MESSAGE)
		return;
	if (event_subject(ev, &s, &err) == -1) {
		log_error("bad event body", "kind=%d seq=%llu", (int)ev->kind,
		    (unsigned long long)ev->seq);
		return;
	}
	if (ev->kind == EV_SESSION_REVOKED)
		e->subject = s.session;
	else
		e->subject = event_kind_is_self(ev->kind) ? s.room : s.user;
	e->n = s.seq;
}

void
hub_event_of(struct hub_event *e, const struct event *ev, struct buf *json)
{
	size_t at = json->len;

	memset(e, 0, sizeof(*e));
	e->seq = ev->seq;
	e->kind = ev->kind;
	fill_subject(e, ev);
	event_json(json, ev);
	e->json = json->data + at;
	e->len = json->len - at;
}

void
hub_event_pack(struct buf *b, const struct hub_event *e)
{
	buf_addc(b, (char)e->kind);
	buf_add(b, e->subject.b, sizeof(e->subject.b));
	buf_add_be64(b, e->n);
	buf_add(b, e->json, e->len);
}

bool
hub_event_unpack(struct hub_event *e, const struct bus_msg *m)
{
	if (m->len <= HUB_EVENT_HEADER || m->n == 0)
		return false;
	memset(e, 0, sizeof(*e));
	e->seq = m->n;
	e->kind = m->data[0];
	memcpy(e->subject.b, m->data + 1, sizeof(e->subject.b));
	e->n = get_be64(m->data + 13);
	e->json = m->data + HUB_EVENT_HEADER;
	e->len = m->len - HUB_EVENT_HEADER;
	return true;
}
