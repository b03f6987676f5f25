/* t/store_faults.c - what a store promises when several processes write and
 * when they are killed; SQLite's also when the disk fails. */

#include <sys/mount.h>

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>

#include "base/failpoint.h"
#include "lib/store_fixture.h"

#define WRITERS 4
#define EACH    60

typedef void child_fn(unsigned who);

static struct id people[WRITERS + 1];
static struct id room;

static pid_t
start(child_fn *fn, unsigned who)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fn(who);
		_exit(0);
	}
	return pid;
}

/* The status of a child that ends by itself within a minute. */
static int
wait_for(pid_t pid)
{
	uint64_t end = clock_mono_ms() + 60000;
	int status = -1;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_mono_ms() > end)
			kill(pid, SIGKILL);
		usleep(1000);
	}
	return status;
}

static void
together(child_fn *fn)
{
	pid_t pid[WRITERS];

	for (unsigned i = 0; i < WRITERS; i++)
		pid[i] = start(fn, i);
	for (unsigned i = 0; i < WRITERS; i++)
		is_int(wait_for(pid[i]), 0, "process %u ends well", i);
}

static void
acked(int64_t seq)
{
	uint64_t i = fix_shared->count++;

	if (i < sizeof(fix_shared->seqs) / sizeof(fix_shared->seqs[0]))
		fix_shared->seqs[i] = (uint64_t)seq;
}

static void
say_many(unsigned who)
{
	struct db *db = fix_connect();

	for (int i = 0; i < EACH; i++) {
		int64_t seq = fix_say(db, &room, &people[who], "x");

		if (seq <= 0)
			_exit(1);
		acked(seq);
	}
	fix_close(db);
}

/* A new file, people and a room; nothing acked yet. */
static struct db *
setup(const char *name, enum room_kind kind)
{
	struct db *db;
	char user[] = "user0";

	fix_file(name);
	db = fix_db();
	for (unsigned i = 0; i <= WRITERS; i++) {
		user[4] = (char)('0' + i);
		people[i] = fix_user(db, user);
	}
	room = fix_room(db, kind, people, WRITERS);
	fix_shared->count = fix_shared->flag = 0;
	return db;
}

/* The log of the room, checked: seq and no without holes, no cid twice. */
static struct event_list
whole_log(struct db *db)
{
	struct event_list l;
	uint64_t no = 0;
	bool whole = true, once = true;
	struct room r;

	if (db_events(db, &room, 1, UINT64_MAX, 100000, 0, &l, NULL) == -1)
		bail_out("the log cannot be read");
	for (size_t i = 0; i < l.n; i++) {
		no += l.v[i].kind == EV_MESSAGE;
		whole = whole && l.v[i].seq == i + 1 && l.v[i].no == no;
		for (size_t j = 0; j < i; j++)
			once = once && !cid_eq(&l.v[i].cid, &l.v[j].cid);
	}
	ok(whole, "seq and no have no holes (%zu events)", l.n);
	ok(once, "no event is there twice");
	db_room_get(db, &room, &r, NULL);
	ok(r.seq == l.n && r.no == no, "the room's row is the log's fold");
	return l;
}

static void
all_acked_are_there(const struct event_list *l)
{
	uint64_t lost = 0;

	for (uint64_t i = 0; i < fix_shared->count; i++) {
		uint64_t seq = fix_shared->seqs[i];

		lost +=
		    seq == 0 || seq > l->n || l->v[seq - 1].kind != EV_MESSAGE;
		for (uint64_t j = 0; j < i; j++)
			lost += fix_shared->seqs[j] == seq;
	}
	is_int(lost, 0, "all %d that were acked are there, each its own",
	    (int)fix_shared->count);
}

static void
test_four_writers(void)
{
	struct db *db = setup("four.db", ROOM_PRIVATE);
	struct event_list l;

	together(say_many);
	l = whole_log(db);
	is_int(l.n, 1 + WRITERS + WRITERS * EACH, "everything is there");
	all_acked_are_there(&l);
	event_list_free(&l);
	fix_close(db);
}

static void
open_direct(unsigned who)
{
	struct id pair[2] = { people[who % 2], people[1 - who % 2] };
	struct db *db = fix_connect();
	struct id id;

	fix_shared->flag++;
	while (fix_shared->flag < WRITERS)
		usleep(100);
	id = fix_room(db, ROOM_DIRECT, pair, 2);
	memcpy(&fix_shared->seqs[who * 2], id.b, sizeof(id.b));
	fix_close(db);
}

static void
test_one_direct_room(void)
{
	struct db *db = setup("direct.db", ROOM_PRIVATE);
	struct room_views l;

	together(open_direct);
	for (unsigned i = 1; i < WRITERS; i++)
		is_mem(&fix_shared->seqs[i * 2], &fix_shared->seqs[0],
		    sizeof(struct id), "process %u got the same room", i);
	db_rooms_of(db, &people[0], NULL, 10, &l, NULL);
	is_int(l.n, 2, "there is one besides the group");
	room_views_free(&l);
	fix_close(db);
}

/* Writes until it is refused. */
static void
say_until_removed(unsigned who)
{
	struct db *db = fix_connect();
	int64_t rc;

	while ((rc = fix_say(db, &room, &people[1], "x")) > 0)
		fix_shared->flag++;
	fix_close(db);
	_exit(rc == -ERR_NOT_FOUND ? 0 : 1);
}

static void
test_removal(void)
{
	struct db *db = setup("removal.db", ROOM_PRIVATE);
	struct event_subject s = { .user = people[1] };
	pid_t pid = start(say_until_removed, 0);
	struct event_list l;
	int64_t left;
	uint64_t late = 0;

	while (fix_shared->flag < 20)
		usleep(1000);
	left = fix_change(db, EV_LEAVE, &room, &people[0], &s);
	ok(left > 0, "removed while writing");
	is_int(wait_for(pid), 0, "the writer is refused");
	l = whole_log(db);
	for (size_t i = (size_t)left; i < l.n; i++)
		late += id_eq(&l.v[i].from, &people[1]);
	is_int(late, 0, "nothing of theirs is behind the leave");
	event_list_free(&l);
	fix_close(db);
}

static void
arm(const char *point)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", fix_dir, point);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	if (fd == -1)
		bail_out("no failpoint");
	close(fd);
}

static void
say_one(unsigned who)
{
	struct db *db = fix_connect();

	acked(fix_say(db, &room, &people[who], "x"));
	fix_close(db);
}

static void
killed_at(const char *point, size_t want)
{
#ifdef ENABLE_FAILPOINTS
	static unsigned n;
	struct event_list l;
	char name[32];
	struct db *db;
	int status;

	snprintf(name, sizeof(name), "kill%u.db", n++);
	db = setup(name, ROOM_PRIVATE);
	arm(point);
	status = wait_for(start(say_one, 0));
	ok(WIFSIGNALED(status), "a writer is killed at %s", point);
	is_int(fix_shared->count, 0, "before it could ack");
	is_int(fix_say(db, &room, &people[1], "y"), (int)want + 1,
	    "the others go on at once");
	l = whole_log(db);
	is_int(l.n, want + 1, "the log is as long as it must be");
	event_list_free(&l);
	fix_close(db);
#else
	skip("built without failpoints", "%s", point);
	(void)arm;
	(void)say_one;
#endif
}

static void
say_for_ever(unsigned who)
{
	struct db *db = fix_connect();

	for (;;) {
		int64_t seq = fix_say(db, &room, &people[who], "x");

		if (seq > 0)
			acked(seq);
	}
}

/* Kills come at any instruction: in the middle of a commit too. */
static void
test_killed_anywhere(void)
{
	struct db *db = setup("kills.db", ROOM_PRIVATE);
	struct event_list l;
	pid_t pid[WRITERS];

	for (unsigned i = 0; i < WRITERS; i++)
		pid[i] = start(say_for_ever, i);
	for (unsigned n = 0; n < 40; n++) {
		uint64_t had = fix_shared->count;
		unsigned i = n % WRITERS;

		while (fix_shared->count < had + 1 + clock_jitter(8))
			usleep(clock_jitter(300));
		kill(pid[i], SIGKILL);
		wait_for(pid[i]);
		pid[i] = start(say_for_ever, i);
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		kill(pid[i], SIGKILL);
		wait_for(pid[i]);
	}
	if (fix_shared->count > 4096)
		fix_shared->count = 4096;
	l = whole_log(db);
	all_acked_are_there(&l);
	event_list_free(&l);
	fix_close(db);
}

static void
refused(const char *words)
{
	struct err err = { 0 };

	is_int(store_prepare(&fix_conf, &err), -1, "refused");
	ok(strstr(err.text, words) != NULL, "in plain words: %s", err.text);
}

static void
overwrite(off_t at, size_t n)
{
	int fd = open(fix_path, O_RDWR | O_CREAT, 0600);
	char junk[64];

	memset(junk, 'Z', sizeof(junk));
	for (; n >= sizeof(junk); n -= sizeof(junk), at += sizeof(junk))
		if (pwrite(fd, junk, sizeof(junk), at) == -1)
			bail_out("no junk");
	close(fd);
}

static void
sql(const char *text)
{
	sqlite3 *h;

	if (sqlite3_open(fix_path, &h) != SQLITE_OK ||
	    sqlite3_exec(h, text, NULL, NULL, NULL) != SQLITE_OK)
		bail_out(text);
	sqlite3_close(h);
}

static void
test_bad_files(void)
{
	struct db *db = setup("bad.db", ROOM_PRIVATE);

	for (int i = 0; i < 300; i++)
		fix_say(db, &room, &people[0], "0123456789012345678901234567");
	fix_close(db);
	sql("PRAGMA wal_checkpoint(TRUNCATE)");
	overwrite(4096 * 12, 4096 * 6);
	refused("damaged");
	fix_file("junk.db");
	overwrite(0, 8192);
	refused("damaged");
	fix_file("other.db");
	sql("CREATE TABLE t (a)");
	refused("another program");
	fix_file("newer.db");
	fix_close(fix_db());
	sql("PRAGMA user_version=99");
	refused("schema 99");
	fix_file("none/burung.db");
	refused("No such file");
}

static void
test_migration(void)
{
	struct stat st;
	struct db *db;

	fix_file("zero.db");
	sql("PRAGMA user_version=0");
	if (chmod(fix_path, 0640) == -1)
		bail_out("chmod");
	db = fix_db();
	fix_user(db, "ani");
	fix_close(db);
	is_int(store_prepare(&fix_conf, NULL), 0, "migrating twice is nothing");
	is_int(stat(fix_path, &st) == 0 ? st.st_mode & 0777 : 0, 0640,
	    "a file that was there keeps its mode");
	fix_file("fresh.db");
	fix_close(fix_db());
	is_int(stat(fix_path, &st) == 0 ? st.st_mode & 0777 : 0, 0600,
	    "a new one is for its owner only");
}

static off_t
wal_size(void)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s-wal", fix_path);
	return stat(path, &st) == 0 ? st.st_size : 0;
}

/* Bodies of 16 KiB fill the WAL several times over. */
static void
test_reader_beside_checkpoints(void)
{
	struct db *db = setup("reader.db", ROOM_PRIVATE), *reader;
	static char text[16384];
	struct event_list l;
	bool ordered = true;

	memset(text, 'x', sizeof(text) - 1);
	reader = fix_connect();
	for (int i = 0; i < 1500; i++) {
		if (fix_say(db, &room, &people[0], text) <= 0)
			ordered = false;
		if (i % 100 != 0)
			continue;
		db_events(
		    reader, &room, (uint64_t)i + 6, UINT64_MAX, 9, 0, &l, NULL);
		ordered = ordered && l.n == 1;
		event_list_free(&l);
	}
	ok(ordered, "a reader sees each commit while the WAL starts over");
	ok(wal_size() < 32 * 1024 * 1024, "which stays small: %lld bytes",
	    (long long)wal_size());
	fix_close(reader);
	fix_close(db);
}

/* On a file system of 2 MiB of its own. */
static void
test_disk_full(void)
{
	char small[64], big[96];
	static char text[16384];
	struct db *db;
	int64_t rc, last = 0;
	int fd;

	snprintf(small, sizeof(small), "%s/small", fix_dir);
	snprintf(big, sizeof(big), "%s/ballast", small);
	if (mkdir(small, 0700) == -1 ||
	    mount("none", small, "tmpfs", 0, "size=3m") == -1) {
		skip("needs root", "a full disk");
		return;
	}
	fd = open(big, O_CREAT | O_WRONLY, 0600);
	if (fd == -1 || posix_fallocate(fd, 0, 1024 * 1024) != 0)
		bail_out("no ballast");
	close(fd);
	db = setup("small/full.db", ROOM_PRIVATE);
	memset(text, 'x', sizeof(text) - 1);
	while ((rc = fix_say(db, &room, &people[0], text)) > 0)
		last = rc;
	is_int(rc, -ERR_BUSY, "a full disk: busy");
	ok(!db->ok, "which is noticed");
	ok(last > 10, "what was stored before stays stored");
	ok(db->driver->idle(db), "it is tried again");
	unlink(big);
	db->driver->idle(db);
	ok(db->ok, "room again: it works again by itself");
	is_int(fix_say(db, &room, &people[0], text), last + 1,
	    "and goes on where it was");
	fix_close(db);
	if (umount2(small, MNT_DETACH) == -1)
		diag("umount failed");
}

int
main(void)
{
	fix_begin();
	setenv("BURUNG_FAILPOINTS", fix_dir, 1);
	test_four_writers();
	test_one_direct_room();
	test_removal();
	killed_at("append.before_commit.kill", 5);
	killed_at("append.after_commit.kill", 6);
	test_killed_anywhere();
	if (!fix_is_file())
		return done_testing(); /* the rest is about files */
	test_bad_files();
	test_migration();
	test_reader_beside_checkpoints();
	test_disk_full();
	return done_testing();
}
