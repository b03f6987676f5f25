/* t/mongo_faults.c - a writer that is killed between the log and the rows: what
 * it left is finished by whoever comes next. */

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "lib/store_fixture.h"

static struct id ani, budi, cici;

static void
arm(const char *failpoint, char path[128])
{
	int fd;

	snprintf(path, 128, "%s/%s", fix_dir, failpoint);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	if (fd == -1)
		bail_out("no failpoint");
	close(fd);
}

/* Does work in a process that is killed at the failpoint. */
static void
die_at(const char *point, void (*work)(struct db *db, void *arg), void *arg)
{
	char name[64], path[128];
	int status = 0;
	pid_t pid;

	snprintf(name, sizeof(name), "%s.kill", point);
	arm(name, path);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		work(fix_connect(), arg);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "killed at %s",
	    point);
}

static struct member
member_row(struct db *db, const struct id *room, const struct id *user)
{
	struct member m;

	db_member_get(db, room, user, &m, NULL);
	return m;
}

static uint64_t
seq_of(struct db *db, const struct id *room)
{
	struct room r = { 0 };

	db_room_get(db, room, &r, NULL);
	return r.seq;
}

static size_t
rooms_of(struct db *db, const struct id *user)
{
	struct room_views l;
	size_t n;

	db_rooms_of(db, user, NULL, 100, &l, NULL);
	n = l.n;
	room_views_free(&l);
	return n;
}

static void
say(struct db *db, void *arg)
{
	fix_say(db, arg, &ani, "halo");
}

static void
test_message(struct db *db)
{
	struct id users[] = { ani, budi };
	struct id room = fix_room(db, ROOM_PRIVATE, users, 2);
	struct head h = { .room = room };
	struct db *other = fix_connect();

	die_at("mongo.before_rows", say, &room);
	is_int(seq_of(db, &room), 4, "the message is there");
	is_int(member_row(db, &room, &ani).read_seq, 4, "its author's cursor");
	die_at("mongo.between_rows", say, &room);
	db_heads(other, &h, 1, NULL);
	is_int(h.seq, 5, "who asks for heads finds the next");
	is_int(fix_say(other, &room, &budi, "hai"), 6, "others go on");
	is_int(fix_say(db, &room, &ani, "ya"), 7, "in turn");
	fix_close(other);
}

static void
kick(struct db *db, void *arg)
{
	struct event_subject s = { .user = budi };

	fix_change(db, EV_LEAVE, arg, &ani, &s);
}

/* The removal is stored, and nothing else of it. */
static void
test_removal(struct db *db, const char *point)
{
	struct id users[] = { ani, budi };
	struct id room = fix_room(db, ROOM_PRIVATE, users, 2);
	uint64_t self = seq_of(db, &budi);
	size_t n = rooms_of(db, &budi);
	struct room r;

	die_at(point, kick, &room);
	is_int(fix_say(db, &room, &budi, "x"), -ERR_NOT_FOUND,
	    "who was removed cannot write");
	is_int(member_row(db, &room, &budi).role, ROLE_NONE, "nor read");
	is_int(seq_of(db, &budi), self + 1, "the self room tells of it");
	is_int(rooms_of(db, &budi), n - 1, "the list lacks the room");
	db_room_get(db, &room, &r, NULL);
	is_int(r.members, 1, "one is left");
	is_int(fix_say(db, &room, &ani, "x"), 5, "who goes on");
	is_int(seq_of(db, &budi), self + 1, "it was told once");
}

static struct room_new
group(void)
{
	static struct id members[2];

	members[0] = budi;
	members[1] = cici;
	return (struct room_new){ .room = { .id = id_new(),
				      .kind = ROOM_PUBLIC,
				      .label = "Burung pipit" },
		.creator = ani,
		.users = members,
		.nusers = 2 };
}

static void
make(struct db *db, void *arg)
{
	struct room_new *n = arg;
	struct event_list more;
	struct id id;

	db_room_create(db, n, &id, &more, NULL);
}

static void
test_create(struct db *db, const char *point, bool decided)
{
	size_t n = rooms_of(db, &ani), m = rooms_of(db, &cici);
	struct room_new a = group();
	uint64_t self = seq_of(db, &cici);
	struct event_list more;
	struct room_views l;
	struct group_pos pos = { 0 };
	struct err err = { 0 };
	struct id id;

	a.cid = cid_new();
	die_at(point, make, &a);
	if (!decided)
		is_int(rooms_of(db, &ani), n, "there is no such room");
	a.room.id = id_new();
	is_int(db_room_create(db, &a, &id, &more, &err), !decided,
	    "asked again: %s", err.text);
	event_list_free(&more);
	is_int(rooms_of(db, &ani), n + 1, "its maker has it, once");
	is_int(rooms_of(db, &cici), m + 1, "so have the others");
	is_int(seq_of(db, &cici), self + 1, "who were told once");
	is_int(member_row(db, &id, &ani).role, ROLE_OWNER, "who made it owns");
	is_int(fix_say(db, &id, &cici, "halo"), 5, "it can be used");
	db_groups_words(db, &cici, "pipit", &pos, 50, &l, NULL);
	ok(l.n > 0 && id_eq(&l.v[l.n - 1].room.id, &id), "and found");
	room_views_free(&l);
}

static void
pair(struct db *db, void *arg)
{
	fix_room(db, ROOM_DIRECT, arg, 2);
}

static void
test_direct(struct db *db)
{
	struct id eka = fix_user(db, "eka"), users[] = { eka, ani };
	struct id one, two;

	die_at("mongo.after_decision", pair, users);
	one = fix_room(db, ROOM_DIRECT, users, 2);
	two = fix_room(db, ROOM_DIRECT, users, 2);
	ok(id_eq(&one, &two), "two people have one room");
	is_int(rooms_of(db, &eka), 1, "which both have");
	is_int(fix_say(db, &one, &eka, "halo"), 4, "and can use");
}

static void
add_user(struct db *db, void *arg)
{
	fix_user(db, arg);
}

static void
test_account(struct db *db)
{
	char name[] = "Fajar";
	struct user u;

	die_at("mongo.named", add_user, name);
	is_int(db_user_by_name(db, "fajar", &u, NULL, NULL), 1,
	    "an account that was begun is there");
	is_str(u.name, "Fajar", "as it was typed");
	is_int(rooms_of(db, &u.id), 0, "in no room");
	ok(fix_room(db, ROOM_PRIVATE, &u.id, 1).b[0] != 0, "and can make one");
	is_int(rooms_of(db, &u.id), 1, "which is told in its self room");
}

/* A batch of a message in one room, where another writer was first meanwhile,
 * and a change in another room: the change is planned twice and happens once.
 */
static void
test_change_planned_twice(
    struct db *db, enum event_kind kind, const struct event_subject *s)
{
	struct id users[] = { ani, budi };
	struct id one = fix_room(db, ROOM_PRIVATE, users, 2);
	struct id two = fix_room(db, ROOM_PRIVATE, users, 2);
	struct event change = {
		.room = two, .kind = kind, .from = ani, .cid = cid_new()
	};
	struct event ev[2] = { change, change };
	struct append a[2] = { { .ev = &ev[0], .n = 1 },
		{ .ev = &ev[1], .n = 1 } };
	struct append *ops[] = { &a[0], &a[1] };
	struct db *other = fix_connect();
	struct buf body = { 0 };
	struct room r;

	fix_say(db, &one, &ani, "both rooms are known here");
	fix_say(db, &two, &ani, "this one too");
	is_int(fix_say(other, &one, &budi, "first"), 5, "another is first");
	fix_message(&ev[0], &one, &ani, "second");
	if (kind == EV_JOIN)
		event_body_join(&body, s, "cici", "Cici");
	else
		event_body_room(&body, kind, s);
	event_set_body(&ev[1], body.data, body.len);
	db->driver->append(db, ops, 2);
	is_int(ev[0].seq, 6, "the message is stored behind it");
	is_int(ev[1].seq, 5, "the %s is stored", event_kind_name(kind));
	db_room_get(other, &two, &r, NULL);
	is_int(r.members, kind == EV_JOIN ? 3 : 2, "members are counted once");
	is_str(r.topic, kind == EV_TOPIC ? s->text : "", "as the log says");
	for (int i = 0; i < 2; i++) {
		append_clear(&a[i]);
		event_free_body(&ev[i]);
	}
	buf_free(&body);
	fix_close(other);
}

static bool
has_head(const struct head_list *l, const struct id *room)
{
	for (size_t i = 0; i < l->n; i++)
		if (id_eq(&l->v[i].room, room))
			return true;
	return false;
}

static void *
heads_of_budi(void *arg)
{
	struct db *db = fix_connect();

	db_heads_of(db, &budi, arg, NULL);
	fix_close(db);
	return NULL;
}

/* While heads are held up for ms. False: that was too short, on a busy
 * machine. */
static bool
is_removed_within(struct db *db, unsigned ms)
{
	struct id users[] = { ani, budi };
	struct id room = fix_room(db, ROOM_PRIVATE, users, 2);
	struct head_list l = { 0 };
	char name[64], path[128];
	pthread_t thread;
	uint64_t end;
	bool in_time;

	snprintf(name, sizeof(name), "mongo.before_heads.stall-%u", ms);
	arm(name, path);
	end = clock_mono_ms() + ms; /* or later */
	pthread_create(&thread, NULL, heads_of_budi, &l);
	while (access(path, F_OK) == 0)
		usleep(1000);
	kick(db, &room);
	in_time = clock_mono_ms() < end;
	pthread_join(thread, NULL);
	if (in_time)
		ok(!has_head(&l, &room),
		    "who is removed while heads are read has none there");
	head_list_free(&l);
	return in_time;
}

/* Else he would be told what is said there, and never that he is out. */
static void
test_removed_while_heads_are_read(struct db *db)
{
	unsigned ms = 1500;

	while (!is_removed_within(db, ms))
		ms *= 2;
}

static void *
add_cici(void *arg)
{
	struct event_subject s = { .user = cici, .role = ROLE_MEMBER };
	struct db *db = fix_connect();

	fix_change(db, EV_JOIN, arg, &ani, &s);
	fix_close(db);
	return NULL;
}

/* Arms the one who adds her for ms, and who says it for twice as long. False:
 * the latter may have come when the former was done. */
static bool
is_said_beside_join(struct db *db, unsigned ms)
{
	struct id room = fix_room(db, ROOM_PRIVATE, &ani, 1);
	struct member m;
	pthread_t thread;
	char name[64], path[128];
	uint64_t end;
	int64_t said;
	bool in_time;

	snprintf(name, sizeof(name), "mongo.before_rows.stall-%u", ms);
	arm(name, path);
	end = clock_mono_ms() + ms; /* or later */
	pthread_create(&thread, NULL, add_cici, &room);
	while (access(path, F_OK) == 0)
		usleep(1000);
	snprintf(name, sizeof(name), "mongo.before_rows.stall-%u", 2 * ms);
	arm(name, path);
	said = fix_say(db, &room, &cici, "halo");
	in_time = clock_mono_ms() < end + 2 * ms;
	pthread_join(thread, NULL);
	if (!in_time)
		return false;
	is_int(said, 4, "said behind the join");
	db_member_get(db, &room, &cici, &m, NULL);
	is_int(m.read_seq, said, "and read, whoever wrote the row first");
	return true;
}

/* Her row is written by who added her after another writer, whom she talks by,
 * read that she is in, and before that one writes her cursor. */
static void
test_cursor_beside_join(struct db *db)
{
	unsigned ms = 700;

	while (!is_said_beside_join(db, ms))
		ms *= 2;
}

/* Budi's row does not say yet that he was removed, and cannot be written. Who
 * took him for a member as of the log's end would let him hear what follows. */
static void
test_removed_while_rows_fail(struct db *db)
{
	struct id users[] = { ani, budi };
	struct id room = fix_room(db, ROOM_PRIVATE, users, 2);
	struct db *other = fix_connect();
	struct head_list l;
	struct room r;
	char path[128];
	struct err err;

	arm("mongo.rows.fail", path);
	kick(db, &room);
	is_int(db_heads_of(other, &budi, &l, &err), -1, "no heads then");
	is_int(err.code, ERR_BUSY, "but to be asked for again");
	is_int(db_room_get(other, &room, &r, &err), -1, "nor the room");
	unlink(path);
	is_int(db_heads_of(other, &budi, &l, &err), 0, "once rows are written");
	ok(!has_head(&l, &room), "the room is none of his");
	head_list_free(&l);
	is_int(db_room_get(other, &room, &r, &err), 1, "and it is there");
	is_int(r.seq, 4, "with his leave");
	fix_close(other);
}

static void
change_password(struct db *db, void *arg)
{
	struct event_list more;

	db_user_change_password(db, arg, "one", "two", NULL, &more, NULL);
}

static struct id
log_in(struct db *db, const struct id *user, const char *passhash)
{
	static uint8_t hash[TOKEN_HASH];
	struct session s = {
		.id = id_new(), .user = *user, .expires = clock_wall_ms() + 9999
	};

	hash[0]++;
	ok(db_session_login(db, &s, hash, passhash, NULL) == 0, "logged in");
	return s.id;
}

/* Whoever took the device must not stay because a worker was killed: while the
 * change can be asked for again, or once it is made. */
static void
test_password(struct db *db)
{
	struct id user = fix_user(db, "gita"), session;
	char hash[PASSHASH_MAX] = "";
	struct event_list more;

	db_user_set_password(db, &user, "one", NULL, &more, NULL);
	session = log_in(db, &user, "one");
	die_at("mongo.before_password", change_password, &user);
	is_int(db_session_alive(db, &user, &session, NULL), 0,
	    "before another password is set, the others are out");
	session = log_in(db, &user, "one");
	die_at("mongo.after_password", change_password, &user);
	is_int(db_session_alive(db, &user, &session, NULL), 0,
	    "asked for again, and cut off behind it too");
	db_user_passhash(db, &user, hash, NULL);
	is_str(hash, "two", "the password is the new one");
}

struct invited {
	struct user u;
	uint8_t hash[TOKEN_HASH];
};

static void
register_invited(struct db *db, void *arg)
{
	struct invited *a = arg;

	db_user_create_invited(db, &a->u, "hash", a->hash, NULL);
}

static struct invited
invited(struct db *db, uint8_t n, const char *name)
{
	struct invite v = { .id = id_new(),
		.creator = ani,
		.created = clock_wall_ms(),
		.expires = clock_wall_ms() + 60000 };
	struct invited a = { .u = { .id = id_new(), .created = v.created },
		.hash = { n } };

	strlcpy(a.u.name, name, sizeof(a.u.name));
	is_int(db_invite_create(db, &v, a.hash, NULL), 0, "an invitation");
	return a;
}

/* Who used the invitation was killed: before there was an account it is good
 * for somebody else a while later, behind that for nobody. */
static void
test_invite(struct db *db)
{
	struct invited first, second;
	char path[128];
	struct invite v;
	struct err err;

	db_user_set_admin(db, &ani, true, NULL);
	first = second = invited(db, 1, "hani");
	second.u.id = id_new();
	die_at("mongo.invite_used", register_invited, &first);
	db_invite_get(db, first.hash, &v, NULL);
	ok(v.used > 0, "an account may be on its way");
	arm("mongo.late.fail", path);
	is_int(db_invite_get(db, first.hash, &v, NULL), 1, "15 s later");
	ok(v.used == 0 && id_is_zero(&v.user),
	    "it is known that there is none");
	is_int(db_user_create_invited(db, &second.u, "hash", second.hash, &err),
	    0, "so that another comes in");
	db_invite_get(db, first.hash, &v, NULL);
	ok(v.used > 0 && id_eq(&v.user, &second.u.id), "whose it is then");

	first = second = invited(db, 2, "indra");
	second.u.id = id_new();
	strlcpy(second.u.name, "joko", sizeof(second.u.name));
	die_at("mongo.named", register_invited, &first);
	is_int(db_user_create_invited(db, &second.u, "hash", second.hash, &err),
	    -1, "who has the name has the account");
	is_int(err.code, ERR_FORBIDDEN, "and nobody else gets one");
	db_invite_get(db, first.hash, &v, NULL);
	ok(v.used > 0 && id_eq(&v.user, &first.u.id), "by this invitation");
	unlink(path);
}

static void
describe(struct db *db, void *arg)
{
	struct event_subject s = { .text = "pigeons" };

	fix_change(db, EV_TOPIC, arg, &ani, &s);
}

/* Budi asks for nothing new, so his self room is read again: another writer has
 * muted a room there whose rows are behind. The message that is planned beside
 * it must not get into rows before it is stored: its number is taken. */
static void
test_rows_beside_a_plan(struct db *db)
{
	struct id users[] = { ani, budi };
	struct id one = fix_room(db, ROOM_PRIVATE, users, 2);
	struct id two = fix_room(db, ROOM_PRIVATE, users, 2);
	struct event_subject s = { .room = one, .seq = 3 };
	struct event_subject mute = {
		.room = two, .until = clock_wall_ms() + 60000, .on = true
	};
	struct event ev[2];
	struct append a[2] = { { .ev = &ev[0], .n = 1 },
		{ .ev = &ev[1], .n = 1 } };
	struct append *ops[] = { &a[0], &a[1] };
	struct db *other = fix_connect();
	struct member m;
	struct room r;

	fix_say(db, &one, &ani, "the room is known here");
	s.seq = 4;
	fix_change(db, EV_READ, &budi, &budi, &s);
	fix_change(other, EV_ARCHIVE, &budi, &budi, &mute);
	fix_change(other, EV_MUTE, &budi, &budi, &mute);
	die_at("append.after_commit", say, &two);
	die_at("append.after_commit", describe, &one);
	fix_message(&ev[0], &one, &ani, "planned with the number of that");
	fix_asked(&ev[1], EV_READ, &budi, &budi, &s);
	db->driver->append(db, ops, 2);
	is_int(ev[0].seq, 6, "it gets the next number");
	ok(a[1].nothing, "there is nothing to read anew");
	db_room_get(other, &one, &r, NULL);
	is_str(r.topic, "pigeons", "what had the number is in the row");
	db_member_get(other, &two, &budi, &m, NULL);
	ok(m.muted == mute.until && m.archived == 1,
	    "the other room is muted and in the archive");
	for (int i = 0; i < 2; i++) {
		append_clear(&a[i]);
		event_free_body(&ev[i]);
	}
	fix_close(other);
}

int
main(void)
{
	struct event_subject joins = { .role = ROLE_MEMBER };
	struct event_subject topic = { .text = "birds" };
	struct db *db;

#ifndef ENABLE_FAILPOINTS
	skip_all("built without failpoints");
#endif
	fix_begin();
	if (fix_is_file())
		skip_all("asked for a MongoDB only");
	setenv("BURUNG_FAILPOINTS", fix_dir, 1);
	db = fix_db();
	ani = fix_user(db, "ani");
	budi = fix_user(db, "budi");
	cici = fix_user(db, "cici");
	test_message(db);
	test_removal(db, "append.after_commit");
	test_removal(db, "mongo.before_rows");
	test_removal(db, "mongo.between_rows");
	test_create(db, "mongo.before_decision", false);
	test_create(db, "mongo.after_decision", true);
	test_create(db, "mongo.between_rows", true);
	test_direct(db);
	test_account(db);
	joins.user = cici;
	test_change_planned_twice(db, EV_JOIN, &joins);
	test_change_planned_twice(db, EV_TOPIC, &topic);
	test_removed_while_heads_are_read(db);
	test_cursor_beside_join(db);
	test_removed_while_rows_fail(db);
	test_rows_beside_a_plan(db);
	test_password(db);
	test_invite(db);
	fix_close(db);
	return done_testing();
}
