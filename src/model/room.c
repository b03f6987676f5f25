/* model/room.c - a room, its label, its key, its JSON. */

#include "model/room.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "model/text.h"

static const char *const kinds[] = {
	[ROOM_PUBLIC] = "public",
	[ROOM_PRIVATE] = "private",
	[ROOM_DIRECT] = "direct",
	[ROOM_SELF] = "self",
};

const char *
room_kind_name(enum room_kind kind)
{
	return kinds[kind];
}

enum room_kind
room_kind_parse(const char *name)
{
	for (unsigned k = ROOM_PUBLIC; k <= ROOM_SELF; k++)
		if (strcmp(name, kinds[k]) == 0)
			return (enum room_kind)k;
	return (enum room_kind)0;
}

int
room_check_label(const char *s, size_t len, struct err *err)
{
	return text_check_line("label", s, len, ROOM_LABEL_MAX, err);
}

int
room_check_topic(const char *s, size_t len, struct err *err)
{
	if (len == 0)
		return 0;
	return text_check_line("topic", s, len, ROOM_TOPIC_MAX, err);
}

bool
room_archived(
    const struct room *room, const struct member *me, uint64_t last_at)
{
	if (me->archived == 0)
		return false;
	return room->no < me->archived || last_at < me->muted;
}

void
room_describe(
    struct room *room, enum event_kind kind, const struct event_subject *s)
{
	if (room->kind == ROOM_DIRECT)
		return;
	if (kind == EV_CREATE || kind == EV_RENAME)
		strlcpy(room->label, s->text, sizeof(room->label));
	if (kind == EV_TOPIC)
		strlcpy(room->topic, s->text, sizeof(room->topic));
	if (kind == EV_CREATE || kind == EV_VISIBILITY)
		room->kind = s->open ? ROOM_PUBLIC : ROOM_PRIVATE;
}

void
room_direct_key(const struct id *a, const struct id *b, char out[DIRECT_KEY])
{
	bool swap = id_cmp(a, b) > 0;

	id_hex(swap ? b : a, out);
	out[24] = ':';
	id_hex(swap ? a : b, out + 25);
}

void
room_views_free(struct room_views *l)
{
	for (size_t i = 0; i < l->n; i++)
		event_free_body(&l->v[i].last);
	free(l->v);
	*l = (struct room_views){ 0 };
}

static void
json_me(struct buf *b, const struct room_view *v)
{
	const struct member *me = &v->me;

	json_kstr(b, "role", role_name(me->role));
	json_ku64(b, "joined", me->joined);
	json_ku64(b, "read_seq", me->read_seq);
	json_ku64(b, "read_no", me->read_no);
	json_ku64(b, "muted", me->muted);
	json_kbool(b, "archived", room_archived(&v->room, me, v->last.at));
}

void
room_view_json(struct buf *b, const struct room_view *v)
{
	const struct room *r = &v->room;

	json_open(b, '{');
	json_kid(b, "id", &r->id);
	json_kstr(b, "kind", room_kind_name(r->kind));
	json_kstr(b, "label", r->label);
	json_kstr(b, "topic", r->topic);
	if (r->kind == ROOM_DIRECT) {
		json_key(b, "peer");
		user_json(b, &v->peer);
	}
	json_ku64(b, "members", r->members);
	json_ku64(b, "seq", r->seq);
	json_ku64(b, "no", r->no);
	json_ku64(b, "at", r->at);
	json_kcid(b, "cid", &r->cid);
	if (v->me.role != ROLE_NONE)
		json_me(b, v);
	json_key(b, "last");
	if (v->last.seq > 0)
		event_json(b, &v->last);
	else
		json_raw(b, "null", 4);
	json_close(b, '}');
}
