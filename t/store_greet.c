/* t/store_greet.c - devices that come back at the same time are told what each
 * would be told alone, by every kind of store. */

#include <bsd/string.h>

#include "lib/store_fixture.h"
#include "store/gather.h"
#include "store/greet.h"

#define MANY    9 /* rooms of one person */
#define EXPIRES (1ull << 45)

static struct id ani, budi, cici;
static struct session sessions[3];
static uint8_t hashes[3][TOKEN_HASH];

static void
log_in(struct db *db, size_t i, const struct id *user)
{
	struct err err = { 0 };

	sessions[i] = (struct session){
		.id = id_new(), .user = *user, .expires = EXPIRES
	};
	memset(hashes[i], (int)i + 1, TOKEN_HASH);
	if (db_session_create(db, &sessions[i], hashes[i], &err) == -1)
		bail_out(err.text);
}

static void
make_people(struct db *db)
{
	struct id pair[2], three[3], room;

	ani = fix_user(db, "ani");
	budi = fix_user(db, "budi");
	cici = fix_user(db, "cici");
	log_in(db, 0, &ani);
	log_in(db, 1, &budi);
	log_in(db, 2, &cici);
	for (int i = 0; i < MANY; i++)
		fix_room(db, ROOM_PRIVATE, &ani, 1);
	pair[0] = ani;
	pair[1] = budi;
	three[0] = budi;
	three[1] = ani;
	three[2] = cici;
	room = fix_room(db, ROOM_DIRECT, pair, 2);
	fix_say(db, &room, &budi, "to you");
	room = fix_room(db, ROOM_PUBLIC, three, 3);
	fix_say(db, &room, &ani, "to all");
}

static struct greeting
greeting(size_t i, size_t limit)
{
	return (struct greeting){ .user = sessions[i].user,
		.session = sessions[i].id,
		.limit = limit };
}

static bool
same_heads(struct db *db, const struct greeting *g)
{
	struct head_list l;
	bool same, found;

	db_heads_of(db, &g->user, &l, NULL);
	same = l.n == g->heads.n;
	for (size_t i = 0; i < l.n && same; i++) {
		found = false;
		for (size_t j = 0; j < l.n; j++)
			found = found ||
				(id_eq(&l.v[i].room, &g->heads.v[j].room) &&
				    l.v[i].seq == g->heads.v[j].seq &&
				    l.v[i].members == g->heads.v[j].members &&
				    l.v[i].joined == g->heads.v[j].joined &&
				    cid_eq(&l.v[i].cid, &g->heads.v[j].cid));
		same = found;
	}
	head_list_free(&l);
	return same;
}

static bool
same_view(const struct room_view *a, const struct room_view *b)
{
	return id_eq(&a->room.id, &b->room.id) && a->room.seq == b->room.seq &&
	       strcmp(a->room.label, b->room.label) == 0 &&
	       a->me.role == b->me.role && a->me.read_no == b->me.read_no &&
	       id_eq(&a->peer.id, &b->peer.id) &&
	       strcmp(a->peer.name, b->peer.name) == 0 &&
	       a->last.seq == b->last.seq &&
	       a->last.body_len == b->last.body_len &&
	       (a->last.body_len == 0 ||
		   strcmp(a->last.body, b->last.body) == 0);
}

static bool
same_rooms(struct db *db, const struct greeting *g)
{
	struct room_views l;
	bool same;

	db_rooms_of(db, &g->user, NULL, g->limit, &l, NULL);
	same = l.n == g->rooms.n;
	for (size_t i = 0; i < l.n && same; i++)
		same = same_view(&l.v[i], &g->rooms.v[i]);
	room_views_free(&l);
	return same;
}

static uint64_t
self_seq(struct db *db, const struct id *user)
{
	struct head h = { .room = *user };

	db_heads(db, &h, 1, NULL);
	return h.seq;
}

static void
is_right(struct db *db, const struct greeting *g, const char *who)
{
	ok(g->found == 1 && id_eq(&g->account.id, &g->user),
	    "%s: the session and the account", who);
	ok(g->self_seq > 0 && g->self_seq == self_seq(db, &g->user),
	    "%s: where the self room is", who);
	ok(g->heads.n > 0 && same_heads(db, g), "%s: the heads of all rooms",
	    who);
	ok(g->rooms.n > 0 && same_rooms(db, g),
	    "%s: the first rooms, with messages and peers", who);
}

static void
test_together(struct db *db)
{
	struct greeting g[] = { greeting(0, 100), greeting(1, 100),
		greeting(2, 100), greeting(0, 3), greeting(1, 100) };
	struct greeting *v[] = { &g[0], &g[1], &g[2], &g[3], &g[4] };

	g[4].session = id_new();
	db_greet(db, v, 5);
	is_right(db, &g[0], "Ani");
	is_right(db, &g[1], "Budi");
	is_right(db, &g[2], "Cici");
	is_right(db, &g[3], "Ani's other device");
	is_int(g[3].rooms.n, 3, "of which as many as were asked for");
	is_int(g[3].heads.n, MANY + 2, "but all heads");
	is_int(g[4].found, 0, "a session that is over");
	for (size_t i = 0; i < 5; i++)
		greeting_clear(v[i]);
}

static void
test_alone(struct db *db)
{
	struct greeting g = greeting(1, 100), *v = &g;
	struct event_list more;

	db_greet(db, &v, 1);
	is_right(db, &g, "Budi alone");
	greeting_clear(&g);
	db_session_delete(db, &sessions[1].user, &sessions[1].id, &more, NULL);
	event_list_free(&more);
	db_greet(db, &v, 1);
	is_int(g.found, 0, "and not when the session was ended");
	greeting_clear(&g);
}

static void
test_tokens(struct db *db)
{
	struct session_ask a[4] = { 0 };
	struct session_ask *v[] = { &a[0], &a[1], &a[2], &a[3] };

	memcpy(a[0].hash, hashes[2], TOKEN_HASH);
	memset(a[1].hash, 77, TOKEN_HASH);
	memcpy(a[2].hash, hashes[0], TOKEN_HASH);
	memcpy(a[3].hash, hashes[2], TOKEN_HASH);
	db_sessions_get(db, v, 4, 1000);
	ok(a[0].found == 1 && id_eq(&a[0].session.id, &sessions[2].id) &&
		id_eq(&a[0].session.user, &cici),
	    "a token's session");
	is_int(a[1].found, 0, "there is none");
	ok(a[2].found == 1 && id_eq(&a[2].session.id, &sessions[0].id),
	    "another one's");
	ok(a[3].found == 1 && id_eq(&a[3].session.id, &sessions[2].id),
	    "the same twice");
	db_sessions_get(db, v, 4, EXPIRES);
	is_int(a[0].found + a[2].found, 0, "none when they have expired");
}

static void
test_cids(struct db *db)
{
	struct id room = fix_room(db, ROOM_PRIVATE, &ani, 1);
	struct event_at v[4] = { { .room = room, .seq = 3 },
		{ .room = room, .seq = 4 }, { .room = ani, .seq = 1 },
		{ .room = room, .seq = 3 } };
	struct event_list l;
	static const struct cid none;

	fix_say(db, &room, &ani, "three");
	is_int(db_cids(db, v, 4, NULL), 0, "cids of events");
	db_events(db, &room, 3, 3, 1, 0, &l, NULL);
	ok(l.n == 1 && cid_eq(&v[0].cid, &l.v[0].cid), "the right one");
	ok(cid_eq(&v[1].cid, &none), "none where there is no event");
	ok(!cid_eq(&v[2].cid, &none), "of another log");
	ok(cid_eq(&v[3].cid, &v[0].cid), "the same twice");
	event_list_free(&l);
}

/* Newest first, however many are passed over. */
static void
test_page(struct db *db)
{
	struct id dodi = fix_user(db, "dodi");
	struct room_views l;

	for (int i = 0; i < 5 * MANY; i++)
		fix_room(db, ROOM_PRIVATE, &dodi, 1);
	for (size_t limit = 1; limit < 4; limit++) {
		struct room_pos pos = { 0 };
		bool falling = true;
		size_t n = 0;

		while (db_rooms_of(db, &dodi, &pos, limit, &l, NULL) == 0 &&
		       l.n > 0) {
			for (size_t i = 0; i < l.n; i++, n++) {
				const struct room *r = &l.v[i].room;

				falling = falling &&
					  (n == 0 || r->at < pos.at ||
					      (r->at == pos.at &&
						  id_cmp(&r->id, &pos.id) < 0));
				pos = (struct room_pos){ r->at, r->id };
			}
			room_views_free(&l);
		}
		room_views_free(&l);
		ok(falling && n == 5 * MANY,
		    "in pages of %zu each room once, the newest first", limit);
	}
}

/* --- through the store's threads --- */

#define ITEMS 500

static struct loop *loop;
static struct store *st;
static struct gather *g;
static size_t visits, largest, left;
static unsigned seen[ITEMS];
static bool all_stored;

static void
gather_work(struct db *db, void *const *items, size_t n)
{
	struct user u;

	visits++;
	largest = n > largest ? n : largest;
	for (size_t i = 0; i < n; i++)
		++*(unsigned *)items[i];
	all_stored = all_stored && db_user_get(db, &ani, &u, NULL) == 1;
}

static void
gather_done(void *item)
{
	if (--left == 0)
		loop_stop(loop);
}

static void
test_gather(void)
{
	struct err err = { 0 };
	bool once = true;

	fix_conf.readers = 1;
	loop = loop_new();
	st = store_open(&fix_conf, loop, &err);
	if (st == NULL)
		bail_out(err.text);
	g = gather_new(st, gather_work, gather_done);
	left = ITEMS;
	all_stored = true;
	for (size_t i = 0; i < ITEMS; i++)
		gather_read(g, &seen[i]);
	loop_run(loop);
	for (size_t i = 0; i < ITEMS; i++)
		once = once && seen[i] == 1;
	ok(once, "each that waits is read once");
	is_int(largest, GATHER_MAX, "as many together as may be");
	ok(visits >= ITEMS / GATHER_MAX && visits <= ITEMS / GATHER_MAX + 2,
	    "in no more visits than that takes");
	ok(all_stored, "and sees what was stored before");
	store_close(&st);
	gather_free(&g);
	loop_free(&loop);
}

int
main(void)
{
	struct db *db;

	fix_begin();
	db = fix_db();
	make_people(db);
	test_together(db);
	test_alone(db);
	test_tokens(db);
	test_cids(db);
	test_page(db);
	fix_close(db);
	test_gather();
	return done_testing();
}
