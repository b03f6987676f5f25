/* store/mongo/mg_known.c - the rooms that a connection knows. */

#include "store/mongo/mg_known.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

#define ROOMS_MAX   2048
#define MEMBERS_MAX 50000
#define PAGE        500

struct mg_cache {
	struct map rooms;
	TAILQ_HEAD(lru_head, known) lru;
	size_t members;
};

struct mg_cache *
mg_cache_new(void)
{
	struct mg_cache *c;

	MEM_NEW(c);
	map_init(&c->rooms, struct known, room.id);
	TAILQ_INIT(&c->lru);
	return c;
}

static void
known_free(struct mg_cache *c, struct known *k)
{
	struct known_member *m;

	map_remove(&c->rooms, &k->room.id);
	TAILQ_REMOVE(&c->lru, k, link);
	c->members -= k->members.count;
	for (size_t i = 0; (m = map_next(&k->members, &i)) != NULL;)
		free(m);
	map_free(&k->members);
	event_list_free(&k->follow);
	free(k->wishes);
	free(k);
}

void
mg_cache_clear(struct mg_cache *c)
{
	struct known *k;

	while ((k = TAILQ_FIRST(&c->lru)) != NULL)
		known_free(c, k);
}

void
mg_cache_free(struct mg_cache **cp)
{
	if (*cp == NULL)
		return;
	mg_cache_clear(*cp);
	map_free(&(*cp)->rooms);
	free(*cp);
	*cp = NULL;
}

void
mg_cache_trim(struct mg_cache *c)
{
	while (c->rooms.count > ROOMS_MAX || c->members > MEMBERS_MAX)
		known_free(c, TAILQ_LAST(&c->lru, lru_head));
}

struct known *
mg_cache_first(struct mg_cache *c)
{
	return TAILQ_FIRST(&c->lru);
}

struct known *
mg_known_already(struct mg *m, const struct id *room)
{
	return map_get(&m->cache->rooms, room);
}

void
mg_forget(struct mg *m, const struct id *room)
{
	struct known *k = mg_known_already(m, room);

	if (k != NULL)
		known_free(m->cache, k);
}

struct known *
mg_known_new(struct mg *m, const struct room *room)
{
	struct known *k;

	MEM_NEW(k);
	k->room = *room;
	k->there = k->missing = k->described = true;
	map_init(&k->members, struct known_member, m.user);
	map_put(&m->cache->rooms, k);
	TAILQ_INSERT_HEAD(&m->cache->lru, k, link);
	return k;
}

void
mg_known_as_row(struct known *k, const bson_t *doc)
{
	mg_get_room(doc, &k->room);
	k->there = true;
	k->missing = k->described = false;
	k->row = k->room.seq;
}

static void
take_room(const bson_t *doc, void *arg)
{
	mg_known_as_row(arg, doc);
}

static void
take_kind(const bson_t *doc, void *arg)
{
	struct known *k = arg;
	struct event ev;
	struct json *o;
	const char *kind;
	size_t len;

	mg_get_event(doc, &ev);
	o = json_parse(ev.body, ev.body_len, ev.body_len + 1, NULL);
	if (o != NULL && json_get_str(o, "kind", &kind, &len, NULL) == 1)
		k->room.kind = room_kind_parse(kind);
	json_free(&o);
	k->there = ev.kind == EV_CREATE && k->room.kind != 0;
	event_free_body(&ev);
}

/* A room or an account whose maker was killed before there was a row. */
static int
find_without_row(struct mg *m, struct known *k, struct err *err)
{
	struct user u;
	int rc;

	k->there = false;
	rc = mg_get(m, C_EVENTS,
	    mg_doc("room:b seq:{$gte:+ $lte:+}", &k->room.id), take_kind, k,
	    err);
	if (rc == -1 || k->there)
		return rc;
	rc = mg_user_get(&m->db, &k->room.id, &u, err);
	if (rc != 1)
		return rc;
	k->there = true;
	k->room.kind = ROOM_SELF;
	k->room.members = 1;
	k->room.at = u.created;
	return 0;
}

static void
take_event(const bson_t *doc, void *arg)
{
	struct event ev;

	mg_get_event(doc, &ev);
	event_list_push(arg, &ev);
}

int
mg_refresh(struct mg *m, struct known *k, struct err *err)
{
	struct event_list l;
	int n, rc = 0;

	do {
		l = (struct event_list){ 0 };
		n = mg_find(m, C_EVENTS,
		    mg_doc("room:b seq:{$gt:u $lte:u}", &k->room.id,
			k->room.seq, k->room.seq + PAGE),
		    mg_doc("sort:{seq:+}"), take_event, &l, err);
		for (size_t i = 0; i < l.n && rc == 0; i++)
			rc = mg_fold(m, k, &l.v[i], false, err);
		event_list_free(&l);
	} while (n == PAGE && rc == 0);
	if (n == -1 || rc == -1)
		return -1;
	k->checked = m->batch;
	return 0;
}

struct known *
mg_known(struct mg *m, const struct id *room, struct err *err)
{
	struct known *k = mg_known_already(m, room);
	struct room blank = { .id = *room };
	int rc;

	if (k != NULL && !k->there) {
		mg_forget(m, room);
		k = NULL;
	}
	if (k != NULL) {
		TAILQ_REMOVE(&m->cache->lru, k, link);
		TAILQ_INSERT_HEAD(&m->cache->lru, k, link);
		return k;
	}
	k = mg_known_new(m, &blank);
	rc = mg_get(m, C_ROOMS, mg_doc("_id:b", room), take_room, k, err);
	if (rc == 0)
		rc = find_without_row(m, k, err);
	if (rc != -1 && k->there)
		rc = mg_refresh(m, k, err);
	/* An error may have emptied the cache: k is not looked at. */
	if (rc == -1) {
		mg_forget(m, room);
		return NULL;
	}
	return k;
}

static void
take_member(const bson_t *doc, void *arg)
{
	mg_known_member_as_row(arg, doc);
}

void
mg_known_member_as_row(struct known_member *w, const bson_t *doc)
{
	struct member row;

	mg_get_member(doc, &row);
	if (w->m.read_seq > row.read_seq) {
		row.read_seq = w->m.read_seq;
		row.read_no = w->m.read_no;
	}
	w->m = row;
	w->as_of = mg_get_u64(doc, "as_of");
	w->loaded = true;
}

struct known_member *
mg_known_place(struct mg *m, struct known *k, const struct id *user)
{
	struct known_member *w = map_get(&k->members, user);

	if (w != NULL)
		return w;
	MEM_NEW(w);
	w->m.room = k->room.id;
	w->m.user = *user;
	w->loaded = k->missing;
	map_put(&k->members, w);
	m->cache->members++;
	return w;
}

struct known_member *
mg_known_member(
    struct mg *m, struct known *k, const struct id *user, struct err *err)
{
	struct known_member *w = mg_known_place(m, k, user);

	if (w->loaded)
		return w;
	if (mg_get(m, C_MEMBERS, mg_member_query(m, &k->room.id, user),
		take_member, w, err) == -1)
		return NULL;
	w->loaded = true;
	return w;
}
