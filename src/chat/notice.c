/* chat/notice.c - telling others that an account changed. */

#include "chat/notice.h"

#include <string.h>

#include "base/json.h"
#include "chat/hub.h"
#include "store/rooms.h"

#define ROOM_MAX  100 /* told in rooms of up to so many */
#define ROOMS_MAX 500 /* and in so many of them */

int
notice_rooms(
    struct notice *n, struct db *db, const struct id *user, struct err *err)
{
	struct head_list l;
	size_t told = 0;

	if (db_heads_of(db, user, &l, err) == -1)
		return -1;
	for (size_t i = 0; i < l.n && told < ROOMS_MAX; i++) {
		if (l.v[i].members > ROOM_MAX)
			continue;
		buf_add(&n->rooms, l.v[i].room.b, sizeof(l.v[i].room.b));
		told++;
	}
	head_list_free(&l);
	return 0;
}

void
notice_set(struct notice *n, const struct user *u)
{
	n->user = u->id;
	buf_clear(&n->json);
	json_open(&n->json, '{');
	json_kstr(&n->json, "sig", "user");
	json_key(&n->json, "user");
	user_json(&n->json, u);
	json_close(&n->json, '}');
}

static void
tell(struct hub *hub, const struct id *user, const uint8_t *rooms, size_t n,
    const struct buf *json)
{
	struct id room;

	hub_signal_begin(hub);
	hub_signal_user(hub, user, json);
	for (size_t i = 0; i < n; i++) {
		memcpy(room.b, rooms + i * sizeof(room.b), sizeof(room.b));
		hub_signal_room(hub, &room, json, NULL);
	}
}

void
notice_tell(struct chat *chat, const struct notice *n)
{
	size_t rooms = n->rooms.len / sizeof(struct id);
	struct buf data = { 0 };
	struct bus_msg m = { .type = BUS_USER, .n = rooms };

	buf_add(&data, n->user.b, sizeof(n->user.b));
	if (rooms > 0)
		buf_add(&data, n->rooms.data, n->rooms.len);
	buf_add(&data, n->json.data, n->json.len);
	m.data = data.data;
	m.len = data.len;
	bus_publish(chat->bus, &m);
	buf_free(&data);
	tell(chat->hub, &n->user, n->rooms.data, rooms, &n->json);
}

void
notice_on_msg(struct chat *chat, const struct bus_msg *m)
{
	const size_t id = sizeof(struct id);
	struct buf json = { 0 };
	struct id user;

	if (m->len <= id || m->n > ROOMS_MAX || m->len <= id + m->n * id)
		return;
	memcpy(user.b, m->data, id);
	buf_add(&json, m->data + id + m->n * id, m->len - id - m->n * id);
	tell(chat->hub, &user, m->data + id, m->n, &json);
	buf_free(&json);
}

void
notice_free(struct notice *n)
{
	buf_free(&n->rooms);
	buf_free(&n->json);
}
