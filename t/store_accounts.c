/* t/store_accounts.c - what every kind of store promises to those who change
 * their own account, and about invitations. */

#include "lib/store_fixture.h"
#include "store/invites.h"
#include "store/nodes.h"

static struct id admin;

static struct id
fix_admin(struct db *db, const char *name)
{
	struct id user = fix_user(db, name);

	db_user_set_admin(db, &user, true, NULL);
	return user;
}

/* Several hosts start on one store that has no account. */
static void
test_setup_code(struct db *db)
{
	char mine[SETUP_CODE] = "AAAA-BBBB-CCCC", got[SETUP_CODE] = "";
	char other[SETUP_CODE] = "DDDD-EEEE-FFFF";
	struct user u = { .id = id_new(), .created = 1, .name = "first" };

	is_int(db_setup_code(db, mine, got, NULL), 0, "a host has a code");
	is_str(got, mine, "its own, of the first one");
	is_int(db_setup_code(db, other, got, NULL), 0, "so has the next");
	is_str(got, store_is_shared(fix_conf.driver) ? mine : other,
	    "the same, where there can be a next");
	is_int(db_user_create(db, &u, "hash", true, NULL), 0, "an account");
	is_int(db_setup_code(db, other, got, NULL), 0, "it ends the code");
	is_str(got, other, "which nobody reads any more");
}

static void
test_change_password(struct db *db)
{
	struct id user = fix_user(db, "changer"), nobody = id_new();
	char hash[PASSHASH_MAX] = "";
	struct event_list more;
	struct err err = { 0 };

	db_user_set_password(db, &user, "one", NULL, &more, NULL);
	event_list_free(&more);
	is_int(db_user_passhash(db, &user, hash, NULL), 1, "its hash");
	is_str(hash, "one", "is the one that was set");
	is_int(db_user_passhash(db, &nobody, hash, NULL), 0, "nobody has one");
	is_int(db_user_change_password(
		   db, &user, "other", "two", NULL, &more, &err),
	    -1, "with a hash that is not there any more");
	is_int(err.code, ERR_UNAUTHORIZED, "it is refused");
	is_int(
	    db_user_change_password(db, &user, "one", "two", NULL, &more, &err),
	    0, "with the one that is");
	event_list_free(&more);
	db_user_passhash(db, &user, hash, NULL);
	is_str(hash, "two", "it is changed");
}

static void
test_login(struct db *db)
{
	struct id user = fix_user(db, "racer");
	uint8_t hash[TOKEN_HASH] = { 1, 2, 3 };
	struct session s = {
		.id = id_new(), .user = user, .expires = clock_wall_ms() + 9999
	};
	struct event_list more;
	struct err err = { 0 };

	db_user_set_password(db, &user, "now", NULL, &more, NULL);
	event_list_free(&more);
	is_int(db_session_login(db, &s, hash, "before", &err), -1,
	    "a log-in that checked the former password");
	is_int(err.code, ERR_UNAUTHORIZED, "comes too late");
	is_int(db_session_login(db, &s, hash, "now", &err), 0, "the new one");
	is_int(db_session_alive(db, &user, &s.id, NULL), 1, "makes a session");
}

static void
test_display(struct db *db)
{
	struct id user = fix_user(db, "shown"), nobody = id_new();
	struct user_list l;
	struct err err = { 0 };
	struct user u;

	is_int(db_user_set_display(db, &user, "Zoë Z", NULL), 0, "a name");
	db_user_get(db, &user, &u, NULL);
	is_str(u.display, "Zoë Z", "is kept");
	db_users_prefix(db, "zo", "", 10, &l, NULL);
	is_int(l.n, 1, "and found by its beginning");
	user_list_free(&l);
	db_user_set_display(db, &user, "", NULL);
	db_users_prefix(db, "zo", "", 10, &l, NULL);
	is_int(l.n, 0, "without it no more");
	user_list_free(&l);
	is_int(db_user_set_display(db, &nobody, "x", &err), -1, "nobody");
	is_int(err.code, ERR_NOT_FOUND, "has none");
}

static void
test_leave(struct db *db)
{
	struct id second = fix_admin(db, "second");
	struct event_subject join = { .user = second, .role = ROLE_MEMBER };
	struct id group = fix_room(db, ROOM_PRIVATE, &admin, 1), made;
	struct room_new n = { .room = { .id = id_new(), .kind = ROOM_DIRECT },
		.creator = admin,
		.cid = cid_new(),
		.users = &second,
		.nusers = 1 };
	struct event_list more;
	struct err err = { 0 };

	is_int(db_user_leave(db, &second, &more, &err), 0, "one of two goes");
	event_list_free(&more);
	is_int(db_user_leave(db, &admin, &more, &err), -1, "the last cannot");
	is_int(err.code, ERR_FORBIDDEN, "and is told so");
	is_int(more.n, 0, "nothing was written");
	is_int(fix_change(db, EV_JOIN, &group, &admin, &join), -ERR_NOT_FOUND,
	    "who is gone cannot be added");
	is_int(db_room_create(db, &n, &made, &more, &err), -1, "nor met");
	is_int(err.code, ERR_NOT_FOUND, "there is no such user");
}

static struct invite
fix_invite(struct db *db, uint8_t token, uint64_t expires)
{
	uint8_t hash[TOKEN_HASH] = { token };
	struct invite v = { .id = id_new(),
		.creator = admin,
		.created = clock_wall_ms(),
		.expires = expires };
	struct err err = { 0 };

	if (db_invite_create(db, &v, hash, &err) == -1)
		bail_out(err.text);
	return v;
}

static int
use(struct db *db, uint8_t token, const char *name, struct err *err)
{
	uint8_t hash[TOKEN_HASH] = { token };
	struct user u = { .id = id_new() };

	strlcpy(u.name, name, sizeof(u.name));
	return db_user_create_invited(db, &u, "x", hash, err);
}

static void
test_invites(struct db *db)
{
	uint64_t later = clock_wall_ms() + 100000;
	struct invite good = fix_invite(db, 1, later), v;
	struct invite over = fix_invite(db, 2, clock_wall_ms() - 1);
	struct id guest = fix_user(db, "no.admin");
	uint8_t hash[TOKEN_HASH] = { 1 }, none[TOKEN_HASH] = { 9 };
	struct err err = { 0 };
	struct user u;

	is_int(db_invite_get(db, none, &v, NULL), 0, "no such invitation");
	is_int(db_invite_get(db, hash, &v, NULL), 1, "there is one");
	ok(id_eq(&v.id, &good.id) && v.used == 0, "which nobody used");
	is_int(use(db, 1, "no.admin", &err), -1, "a taken name");
	is_int(err.code, ERR_CONFLICT, "is refused");
	is_int(use(db, 1, "invited", &err), 0, "but the invitation is good");
	db_invite_get(db, hash, &v, NULL);
	db_user_by_name(db, "invited", &u, NULL, NULL);
	ok(v.used > 0 && id_eq(&v.user, &u.id), "it says who used it");
	is_int(use(db, 1, "again", &err), -1, "twice");
	is_int(err.code, ERR_FORBIDDEN, "it is not good");
	is_int(db_user_by_name(db, "again", &u, NULL, NULL), 0,
	    "and leaves no account");
	is_int(use(db, 2, "late", &err), -1, "nor when it is over");
	is_int(db_invite_delete(db, &over.id, NULL), 0, "deleted");
	is_int(db_invite_delete(db, &over.id, NULL), 0, "twice is success");
	v.creator = guest;
	is_int(db_invite_create(db, &v, none, &err), -1, "by no administrator");
	is_int(err.code, ERR_FORBIDDEN, "there is none");
}

static void
test_invite_list(struct db *db)
{
	struct id ids[3];
	struct invite_list l;

	for (int i = 0; i < 3; i++)
		ids[i] = fix_invite(db, (uint8_t)(20 + i), 1).id;
	db_invites(db, NULL, 2, &l, NULL);
	ok(l.n == 2 && id_eq(&l.v[0].id, &ids[2]) && id_eq(&l.v[1].id, &ids[1]),
	    "the newest first, at most the limit");
	invite_list_free(&l);
	db_invites(db, &ids[1], 100, &l, NULL);
	ok(l.n == 2 && id_eq(&l.v[0].id, &ids[0]) && l.v[1].used > 0,
	    "then those before");
	invite_list_free(&l);
	db_invites(db, &ids[0], 1, &l, NULL);
	is_int(l.n, 1, "down to the first");
	ids[0] = l.v[0].id;
	invite_list_free(&l);
	db_invites(db, &ids[0], 1, &l, NULL);
	is_int(l.n, 0, "and no further");
	invite_list_free(&l);
}

int
main(void)
{
	struct db *db;

	fix_begin();
	db = fix_db();
	test_setup_code(db);
	admin = fix_admin(db, "admin");
	test_change_password(db);
	test_login(db);
	test_display(db);
	test_leave(db);
	test_invites(db);
	test_invite_list(db);
	fix_close(db);
	return done_testing();
}
