/* chat/room_list.c - pages of rooms. */
#include "chat/room_list.h"

#include "base/json.h"

static void
add(struct room_list *l, const struct room_view *v)
{
	room_view_json(&l->json, v);
	l->pos.at = v->room.at;
	l->pos.id = v->room.id;
	l->v[l->n].id = v->room.id;
	l->v[l->n].seq = v->room.seq;
	l->n++;
}

void
room_list_fill(struct room_list *l, const struct room_views *views)
{
	l->more = views->n > ROOM_LIST_PAGE;
	json_open(&l->json, '[');
	for (size_t i = 0; i < views->n && i < ROOM_LIST_PAGE; i++)
		add(l, &views->v[i]);
	json_close(&l->json, ']');
}

int
room_list_page(
    struct db *db, const struct id *user, struct room_list *l, struct err *err)
{
	struct room_views views = { 0 };

	if (db_rooms_of(db, user, &l->pos, ROOM_LIST_READ, &views, err) == -1)
		return -1;
	room_list_fill(l, &views);
	room_views_free(&views);
	return 0;
}

int
room_list_one(struct db *db, const struct id *user, const struct id *room,
    struct room_list *l, struct err *err)
{
	struct room_view view = { 0 };
	int rc = db_room_view(db, room, user, &view, err);

	if (rc == -1)
		return -1;
	json_open(&l->json, '[');
	if (rc == 1 && view.me.role != ROLE_NONE)
		add(l, &view);
	json_close(&l->json, ']');
	event_free_body(&view.last);
	return 0;
}

void
room_list_free(struct room_list *l)
{
	buf_free(&l->json);
}
