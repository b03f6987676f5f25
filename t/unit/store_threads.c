/* t/unit/store_threads.c - the way to the store's threads and back: order,
 * group commit, health, closing, and a driver that always fails. */

#include "../lib/store_fixture.h"
#include "store/greet.h"

#define APPENDS 500

static struct loop *loop;
static struct store *st;

static void
stop(void *arg)
{
	loop_stop(loop);
}

/* Runs work on a store thread and waits for it. */
static void
on_reader(store_work_cb *work, void *arg)
{
	store_read(st, work, stop, arg);
	loop_run(loop);
}

static void
on_writer(store_work_cb *work, void *arg)
{
	store_write(st, work, stop, arg);
	loop_run(loop);
}

static void
open_store(const char *driver)
{
	struct err err = { 0 };

	fix_conf.driver = driver;
	if (store_prepare(&fix_conf, &err) == -1)
		bail_out(err.text);
	loop = loop_new();
	st = store_open(&fix_conf, loop, &err);
	if (st == NULL)
		bail_out(err.text);
}

static struct id ani, room;

static void
make_room(struct db *db, void *arg)
{
	ani = fix_user(db, "ani");
	room = fix_room(db, ROOM_PRIVATE, &ani, 1);
}

struct one {
	struct append a;
	struct event ev;
};

static size_t answered;
static bool in_order;

static void
one_done(struct append *a)
{
	struct one *o = a->arg;

	in_order =
	    in_order && a->err.code == ERR_NONE && o->ev.seq == answered + 3;
	append_clear(a);
	event_free_body(&o->ev);
	if (++answered == APPENDS)
		loop_stop(loop);
}

static void
append_all(struct one *v)
{
	answered = 0;
	in_order = true;
	for (size_t i = 0; i < APPENDS; i++) {
		fix_message(&v[i].ev, &room, &ani, "x");
		v[i].a = (struct append){
			.ev = &v[i].ev, .n = 1, .done = one_done, .arg = &v[i]
		};
		store_append(st, &v[i].a);
	}
}

static void
count_events(struct db *db, void *arg)
{
	struct event_list l;

	db_events(db, &room, 1, UINT64_MAX, 100000, 0, &l, NULL);
	*(size_t *)arg = l.n;
	event_list_free(&l);
}

static void
test_order(void)
{
	struct one *v = mem_calloc(APPENDS, sizeof(*v));
	size_t n = 0;

	open_store("sqlite");
	on_writer(make_room, NULL);
	append_all(v);
	is_int(store_pending(st), APPENDS, "what is under way is counted");
	loop_run(loop);
	ok(in_order, "appends are stored and answered in the order of asking");
	is_int(store_pending(st), 0, "nothing is under way any more");
	on_reader(count_events, &n);
	is_int(n, APPENDS + 2, "a reader sees what was answered");
	ok(store_healthy(st), "the store is well");
	store_close(&st);
	ok(st == NULL, "and closed");
	loop_free(&loop);
	free(v);
}

static size_t rounds;

static void
again(void *arg)
{
	if (++rounds < 5)
		store_read(st, count_events, again, arg);
}

static void
test_close(void)
{
	struct store *open;
	size_t n = 0;

	open_store("sqlite");
	rounds = 0;
	store_read(st, count_events, again, &n);
	open = st;
	store_close(&open);
	is_int(rounds, 5,
	    "closing answers what is queued, and what the answers asked for");
	loop_free(&loop);
}

static void
test_unknown(void)
{
	struct err err = { 0 };

	fix_conf.driver = "papyrus";
	is_int(store_prepare(&fix_conf, &err), -1, "no such kind of store");
	is_int(err.code, ERR_CONF, "is an error of the configuration");
}

static bool last_health;

static void
health(bool is_ok, void *arg)
{
	last_health = is_ok;
}

#define BUSY(call)                                                             \
	do {                                                                   \
		struct err err_ = { 0 }, *err = &err_;                         \
		is_int(call, -1, "%s fails", #call);                           \
		ok(err_.code == ERR_BUSY && err_.retry_ms == 1000,             \
		    "with busy");                                              \
	} while (0)

static void
ask_users(struct db *db, void *arg)
{
	struct user u = { 0 };
	struct user_list l;
	struct session s = { 0 };
	struct event_list more;
	struct invite invite = { 0 };
	struct invite_list invites;
	char passhash[PASSHASH_MAX];
	uint8_t hash[TOKEN_HASH] = { 0 };
	uint64_t n;

	BUSY(db_user_count(db, 1, &n, err));
	BUSY(db_user_create(db, &u, "x", false, err));
	BUSY(db_user_by_name(db, "ani", &u, NULL, err));
	BUSY(db_user_get(db, &ani, &u, err));
	BUSY(db_users_get(db, &ani, 1, &l, err));
	BUSY(db_users_prefix(db, "", "", 1, &l, err));
	BUSY(db_users_seen(db, &ani, 1, 1, err));
	BUSY(db_session_create(db, &s, hash, err));
	BUSY(db_session_get(db, hash, 1, &s, &u, err));
	BUSY(db_session_touch(db, &ani, &ani, 1, 1, err));
	BUSY(db_session_delete(db, &ani, &ani, &more, err));
	BUSY(db_session_login(db, &s, hash, "x", err));
	BUSY(db_user_create_invited(db, &u, "x", hash, err));
	BUSY(db_user_passhash(db, &ani, passhash, err));
	BUSY(db_user_set_display(db, &ani, "x", err));
	BUSY(db_user_change_password(db, &ani, "x", "y", NULL, &more, err));
	BUSY(db_user_leave(db, &ani, &more, err));
	BUSY(db_invite_create(db, &invite, hash, err));
	BUSY(db_invite_get(db, hash, &invite, err));
	BUSY(db_invites(db, NULL, 1, &invites, err));
	BUSY(db_invite_delete(db, &ani, err));
}

static void
ask_together(struct db *db)
{
	struct greeting g = { .user = ani }, *greet = &g;
	struct session_ask a = { .found = 1 }, *ask = &a;
	struct event_at at = { .room = room, .seq = 1 };

	db_greet(db, &greet, 1);
	ok(g.found == -1 && g.err.code == ERR_BUSY, "greeting fails");
	db_sessions_get(db, &ask, 1, 0);
	ok(a.found == -1 && a.err.code == ERR_BUSY, "sessions fail");
	BUSY(db_cids(db, &at, 1, err));
}

static void
ask_rooms(struct db *db, void *arg)
{
	struct room_new new_room = { .nusers = 0 };
	struct event_list more;
	struct room r;
	struct member m;
	struct room_view v;
	struct room_views l;
	struct member_views members;
	struct head_list heads;
	struct head h = { .seq = 0 };
	struct id id;

	BUSY(db_room_create(db, &new_room, &id, &more, err));
	BUSY(db_room_get(db, &room, &r, err));
	BUSY(db_member_get(db, &room, &ani, &m, err));
	BUSY(db_room_view(db, &room, &ani, &v, err));
	BUSY(db_rooms_of(db, &ani, NULL, 1, &l, err));
	BUSY(db_groups_prefix(db, &ani, "", NULL, 1, &l, err));
	BUSY(db_members(db, &room, 0, 1, &members, err));
	BUSY(db_heads_of(db, &ani, &heads, err));
	BUSY(db_heads(db, &h, 1, err));
	BUSY(db_events(db, &room, 1, 2, 1, 0, &more, err));
	ask_together(db);
}

static void
busy_done(struct append *a)
{
	ok(a->err.code == ERR_BUSY && a->err.retry_ms == 1000,
	    "an append is answered with busy");
	append_clear(a);
	loop_stop(loop);
}

static void
test_failing(void)
{
	struct event ev;
	struct append a = { .ev = &ev, .n = 1, .done = busy_done };

	open_store("fail");
	last_health = true;
	store_on_health(st, health, NULL);
	fix_message(&ev, &room, &ani, "x");
	store_append(st, &a);
	loop_run(loop);
	on_writer(ask_users, NULL);
	on_reader(ask_rooms, NULL);
	ok(!last_health && !store_healthy(st), "and it is told that it fails");
	event_free_body(&ev);
	store_close(&st);
	loop_free(&loop);
}

static void
forget(struct db *db, void *arg)
{
	db->ok = false;
}

static void
nothing(struct db *db, void *arg)
{
}

static uint64_t failed_at;

/* Jobs that say nothing of the database, closer together than idle() waits. */
static void
tick(void *arg)
{
	if (store_healthy(st) || clock_mono_ms() - failed_at > 3000)
		loop_stop(loop);
	else
		store_read(st, nothing, NULL, NULL);
}

static void
test_found_again(void)
{
	struct loop_timer *timer;

	fix_conf.readers = 1;
	open_store("sqlite");
	store_on_health(st, health, NULL);
	last_health = true;
	on_reader(forget, NULL);
	on_reader(nothing, NULL); /* what the first one posted has come */
	ok(!last_health && !store_healthy(st), "a reader lost the database");
	failed_at = clock_mono_ms();
	timer = loop_timer_new(loop, 50, true, tick, NULL);
	loop_run(loop);
	ok(last_health && clock_mono_ms() - failed_at < 1000,
	    "and finds it again within a second, busy or not");
	loop_timer_free(&timer);
	store_close(&st);
	loop_free(&loop);
	fix_conf.readers = 2;
}

int
main(void)
{
	fix_begin();
	test_order();
	test_close();
	test_found_again();
	test_failing();
	test_unknown();
	return done_testing();
}
