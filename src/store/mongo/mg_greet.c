/* store/mongo/mg_greet.c - what devices that come back are told: the same few
 * questions for as many of them as wait. */

#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/mem.h"
#include "store/mongo/mg_known.h"

#define ROOMS_AT_ONCE 500

struct place {
	struct member row;
	struct room *room;
	bool stays; /* read again behind the heads */
};

/* Who is greeted, each once, however many devices they have. */
struct person {
	struct id id;
	bool there;
	struct user account;
	uint64_t self_seq;
};

struct greet {
	struct mg *m;
	struct greeting *const *v;
	size_t n;
	struct person *people; /* by id */
	size_t npeople;
	struct place *places; /* by user */
	size_t nplaces, cap;
	struct room *rooms; /* by id */
	size_t nrooms;
};

static int
by_id(const void *a, const void *b)
{
	return id_cmp(a, b); /* which structs here begin with */
}

static int
by_place(const void *a, const void *b)
{
	const struct member *x = &((const struct place *)a)->row;
	const struct member *y = &((const struct place *)b)->row;
	int order = id_cmp(&x->user, &y->user);

	return order != 0 ? order : id_cmp(&x->room, &y->room);
}

static struct person *
person_of(struct greet *g, const struct id *user)
{
	return bsearch(user, g->people, g->npeople, sizeof(*g->people), by_id);
}

static struct room *
room_of(struct greet *g, const struct id *room)
{
	return g->nrooms == 0 ? NULL
			      : bsearch(room, g->rooms, g->nrooms,
				    sizeof(*g->rooms), by_id);
}

/* Sorts what begins with ids and keeps each once. How many are left. */
static size_t
once_each(void *v, size_t n, size_t size)
{
	char *p = v;
	size_t kept = 0;

	if (n > 1)
		qsort(v, n, size, by_id);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && by_id(p + (kept - 1) * size, p + i * size) == 0)
			continue;
		if (kept != i)
			memcpy(p + kept * size, p + i * size, size);
		kept++;
	}
	return kept;
}

/* Who they are ------------------------------------------------------------- */

static void
list_people(struct greet *g)
{
	g->people = mem_calloc(g->n, sizeof(*g->people));
	for (size_t i = 0; i < g->n; i++)
		g->people[i].id = g->v[i]->user;
	g->npeople = once_each(g->people, g->n, sizeof(*g->people));
}

static int
read_selves(struct greet *g, struct err *err)
{
	struct head *v = mem_calloc(g->npeople, sizeof(*v));
	int rc;

	for (size_t i = 0; i < g->npeople; i++)
		v[i].room = g->people[i].id;
	rc = mg_heads(&g->m->db, v, g->npeople, err);
	for (size_t i = 0; i < g->npeople; i++)
		g->people[i].self_seq = v[i].seq;
	free(v);
	return rc;
}

static void
take_session(const bson_t *doc, void *arg)
{
	struct greet *g = arg;
	struct id user, session;

	if (mg_get_u64(doc, "expires") == 0)
		return; /* ended */
	mg_get_id(doc, "user", &user);
	mg_get_id(doc, "id", &session);
	for (size_t i = 0; i < g->n; i++)
		if (id_eq(&g->v[i]->session, &session) &&
		    id_eq(&g->v[i]->user, &user))
			g->v[i]->found = 1;
}

static int
read_sessions(struct greet *g, struct err *err)
{
	return mg_find(g->m, C_SESSIONS,
	    mg_doc("user:{$in:a}",
		mg_ids(&g->people->id, g->npeople, sizeof(*g->people))),
	    mg_doc("projection:{_id:i user:+ id:+ expires:+}", 0), take_session,
	    g, err);
}

static void
take_account(const bson_t *doc, void *arg)
{
	struct greet *g = arg;
	struct person *p;
	struct id id;

	mg_get_id(doc, "_id", &id);
	p = person_of(g, &id);
	if (p == NULL)
		return;
	mg_get_user(doc, &p->account);
	p->there = true;
}

static int
read_accounts(struct greet *g, struct err *err)
{
	return mg_find(g->m, C_USERS,
	    mg_doc("_id:{$in:a}",
		mg_ids(&g->people->id, g->npeople, sizeof(*g->people))),
	    NULL, take_account, g, err);
}

/* Where they are ----------------------------------------------------------- */

static void
take_place(const bson_t *doc, void *arg)
{
	struct greet *g = arg;

	if (mg_get_u64(doc, "role") == ROLE_NONE)
		return;
	if (g->nplaces == g->cap) {
		g->cap = g->cap == 0 ? 32 : g->cap * 2;
		g->places =
		    mem_reallocarray(g->places, g->cap, sizeof(*g->places));
	}
	g->places[g->nplaces] = (struct place){ .stays = false };
	mg_get_member(doc, &g->places[g->nplaces++].row);
}

static int
find_places(struct greet *g, bson_t *opts, mg_row_fn *fn, struct err *err)
{
	return mg_find(g->m, C_MEMBERS,
	    mg_doc("user:{$in:a}",
		mg_ids(&g->people->id, g->npeople, sizeof(*g->people))),
	    opts, fn, g, err);
}

static void
take_stay(const bson_t *doc, void *arg)
{
	struct greet *g = arg;
	struct place key = { 0 }, *p;

	if (mg_get_u64(doc, "role") == ROLE_NONE)
		return;
	mg_get_id(doc, "room", &key.row.room);
	mg_get_id(doc, "user", &key.row.user);
	p = bsearch(&key, g->places, g->nplaces, sizeof(*p), by_place);
	if (p == NULL)
		return;
	p->stays = true;
	p->row.joined = mg_get_u64(doc, "joined");
}

static void
take_row(const bson_t *doc, void *arg)
{
	struct greet *g = arg;
	struct room *r;
	struct id id;

	mg_get_id(doc, "_id", &id);
	if ((r = room_of(g, &id)) != NULL)
		mg_get_room(doc, r);
}

/* Those whose rows are behind are read from their logs. */
static int
bring_up(struct greet *g, size_t first, size_t n, struct err *err)
{
	struct head *v = mem_calloc(n, sizeof(*v));
	struct mg_moved moved;
	struct room *r;
	int rc;

	for (size_t i = 0; i < n; i++) {
		v[i].room = g->rooms[first + i].id;
		v[i].seq = g->rooms[first + i].seq;
	}
	rc = mg_find_moved(g->m, v, n, &moved, err);
	for (size_t i = 0; i < moved.n && rc != -1; i++)
		if ((r = room_of(g, &moved.v[i])) != NULL)
			rc = mg_read_log(g->m, &moved.v[i], r, err);
	free(moved.v);
	free(v);
	return rc == -1 ? -1 : 0;
}

static int
read_rooms(struct greet *g, struct err *err)
{
	int rc = 0;

	g->rooms = mem_calloc(g->nplaces, sizeof(*g->rooms));
	for (size_t i = 0; i < g->nplaces; i++)
		g->rooms[i].id = g->places[i].row.room;
	g->nrooms = once_each(g->rooms, g->nplaces, sizeof(*g->rooms));
	for (size_t i = 0; i < g->nrooms && rc != -1; i += ROOMS_AT_ONCE) {
		size_t n = g->nrooms - i;

		if (n > ROOMS_AT_ONCE)
			n = ROOMS_AT_ONCE;
		rc = mg_find(g->m, C_ROOMS,
		    mg_doc("_id:{$in:a}",
			mg_ids(&g->rooms[i].id, n, sizeof(*g->rooms))),
		    NULL, take_row, g, err);
	}
	for (size_t i = 0; i < g->nrooms && rc != -1; i += MG_HEADS_AT_ONCE) {
		size_t n = g->nrooms - i;

		rc = bring_up(
		    g, i, n < MG_HEADS_AT_ONCE ? n : MG_HEADS_AT_ONCE, err);
	}
	return rc == -1 ? -1 : 0;
}

/* As mg_heads_of: who was removed before the heads were read is in neither. */
static int
read_places(struct greet *g, struct err *err)
{
	if (find_places(g, NULL, take_place, err) == -1)
		return -1;
	FAILPOINT("mongo.before_heads");
	if (g->nplaces == 0)
		return 0;
	qsort(g->places, g->nplaces, sizeof(*g->places), by_place);
	if (read_rooms(g, err) == -1 ||
	    find_places(g,
		mg_doc("projection:{_id:i room:+ user:+ role:+ joined:+}", 0),
		take_stay, err) == -1)
		return -1;
	for (size_t i = 0; i < g->nplaces; i++)
		g->places[i].room = room_of(g, &g->places[i].row.room);
	return 0;
}

/* What each is told -------------------------------------------------------- */

static int
by_activity(const void *a, const void *b)
{
	const struct room *x = (*(const struct place *const *)a)->room;
	const struct room *y = (*(const struct place *const *)b)->room;

	if (x->at != y->at)
		return x->at < y->at ? 1 : -1;
	return id_cmp(&y->id, &x->id);
}

/* The places of a user that stay, in v. How many. */
static size_t
places_of(struct greet *g, const struct id *user, const struct place **v)
{
	size_t n = 0;

	for (size_t i = 0; i < g->nplaces; i++) {
		const struct place *p = &g->places[i];

		if (p->stays && p->room != NULL && id_eq(&p->row.user, user))
			v[n++] = p;
	}
	return n;
}

static void
fill(struct greet *g, struct greeting *one, const struct place **v)
{
	size_t n = places_of(g, &one->user, v);
	struct head *h;

	one->heads.v = mem_calloc(n + 1, sizeof(*one->heads.v));
	for (; one->heads.n < n; one->heads.n++) {
		h = &one->heads.v[one->heads.n];
		h->room = v[one->heads.n]->room->id;
		h->seq = v[one->heads.n]->room->seq;
		h->members = v[one->heads.n]->room->members;
		h->cid = v[one->heads.n]->room->cid;
		h->joined = v[one->heads.n]->row.joined;
	}
	if (n > 1)
		qsort(v, n, sizeof(*v), by_activity);
	while (n > 0 && v[n - 1]->room->seq == 0)
		n--; /* there is no such room */
	if (n > one->limit)
		n = one->limit;
	one->rooms.v = mem_calloc(n + 1, sizeof(*one->rooms.v));
	for (; one->rooms.n < n; one->rooms.n++) {
		one->rooms.v[one->rooms.n].room = *v[one->rooms.n]->room;
		one->rooms.v[one->rooms.n].me = v[one->rooms.n]->row;
	}
}

static int
answer(struct greet *g, struct err *err)
{
	const struct place **v = mem_calloc(g->nplaces + 1, sizeof(*v));
	struct mg_views views = { 0 };
	int rc;

	for (size_t i = 0; i < g->n; i++) {
		struct greeting *one = g->v[i];
		const struct person *p = person_of(g, &one->user);

		if (p == NULL || !p->there)
			one->found = 0;
		if (one->found != 1)
			continue;
		one->account = p->account;
		one->self_seq = p->self_seq;
		fill(g, one, v);
		for (size_t j = 0; j < one->rooms.n; j++)
			mg_views_add(&views, &one->rooms.v[j]);
	}
	free(v);
	rc = mg_views_complete(g->m, &views, err);
	mg_views_free(&views);
	return rc;
}

/* In the order that greet.h promises. */
static int
greet_all(struct greet *g, struct err *err)
{
	if (read_selves(g, err) == -1 || read_sessions(g, err) == -1 ||
	    read_accounts(g, err) == -1 || read_places(g, err) == -1)
		return -1;
	return answer(g, err);
}

void
mg_greet(struct db *db, struct greeting *const *v, size_t n)
{
	struct greet g = { .m = (struct mg *)db, .v = v, .n = n };
	struct err err = { 0 };
	int rc;

	list_people(&g);
	rc = greet_all(&g, &err);
	for (size_t i = 0; i < n && rc == -1; i++) {
		greeting_clear(v[i]);
		v[i]->found = -1;
		v[i]->err = err;
	}
	free(g.people);
	free(g.places);
	free(g.rooms);
}
