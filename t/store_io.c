/* t/store_io.c - the disk fails at any one place: the n-th write, sync,
 * truncation, open or shared-memory call of a session, for every n. Whatever
 * happens, nothing that was acked is lost, the file stays whole, and the same
 * connection goes on once the disk does. */
#include <fcntl.h>

#include "base/log.h"
#include "lib/store_fixture.h"
#include "store/sqlite/sq.h"
/* after the store's: SQLite's header */
#include "lib/faulty_vfs.h"

enum { MESSAGES = 8, POINTS_MAX = 400, RECOVERY_TRIES = 5 };

enum ending {
	GOES_ON,   /* the disk is mended, the worker goes on and is closed */
	IS_KILLED, /* the worker dies at the fault */
	NO_POWER,  /* the machine does: what was not synced is gone */
	ENDINGS
};

static const char *const ending_names[] = { "then goes on", "then is killed",
	"then the power fails" };
static const char *const kind_names[] = { "no fault", "a write fails",
	"a write is cut", "the disk is full", "a sync fails",
	"a sync fails and loses", "a truncation fails", "a read fails",
	"an open fails", "the shared memory cannot be mapped",
	"the shared memory cannot be locked" };

/* What the session has been told; shared with the parent. */
static struct report {
	struct cid cid[MESSAGES];
	int64_t seq[MESSAGES]; /* 0: not acked */
	bool hit;              /* the fault came to pass */
	bool renamed;          /* acked */
	bool odd;              /* another error than busy */
	bool recovered;
} * report;

static struct id ani, room;
static struct buf before; /* the database */

/* The database anew, as it was before the session. */
static void
fresh_file(void)
{
	char beside[sizeof(fix_path) + 8];
	int fd = open(fix_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 ||
	    write(fd, before.data, before.len) != (ssize_t)before.len)
		bail_out("the database cannot be written");
	close(fd);
	snprintf(beside, sizeof(beside), "%s-wal", fix_path);
	unlink(beside);
	snprintf(beside, sizeof(beside), "%s-shm", fix_path);
	unlink(beside);
}

static void
remember_file(void)
{
	ssize_t n;
	int fd = open(fix_path, O_RDONLY);

	while ((n = read(fd, buf_reserve(&before, 65536), 65536)) > 0)
		before.len += (size_t)n;
	close(fd);
}

/* --- the session, in a process of its own --- */

static void
say_once(struct db *db, unsigned i)
{
	struct event ev;
	int64_t rc;

	fix_message(&ev, &room, &ani, "a message that takes some room");
	ev.cid = report->cid[i];
	rc = fix_append(db, &ev);
	event_free_body(&ev);
	if (rc > 0)
		report->seq[i] = rc;
	else if (rc != -ERR_BUSY)
		report->odd = true;
}

static void
rename_room(struct db *db)
{
	struct event_subject s = { .text = "Renamed" };
	int64_t rc = fix_change(db, EV_RENAME, &room, &ani, &s);

	report->renamed = rc >= 0;
	report->odd |= rc < 0 && rc != -ERR_BUSY;
}

static struct db *
try_connect(void)
{
	const struct db_driver *driver = driver_find("sqlite", NULL);
	struct err err = { 0 };
	struct db *db = driver->open(&fix_conf, true, &err);

	if (db == NULL) {
		report->odd |= err.code != ERR_BUSY;
		return NULL;
	}
	db->driver = driver;
	db->ok = true;
	return db;
}

/* All goes well again: what was refused is sent again. */
static void
recover(struct db *db)
{
	fault.kind = FAULT_NONE;
	if (db == NULL && (db = try_connect()) == NULL)
		return;
	for (int i = 0; i < RECOVERY_TRIES && !db->ok; i++)
		db->driver->idle(db);
	for (unsigned i = 0; i < MESSAGES; i++)
		if (report->seq[i] == 0)
			say_once(db, i);
	if (!report->renamed)
		rename_room(db);
	report->recovered = db->ok && report->renamed;
	for (unsigned i = 0; i < MESSAGES; i++)
		report->recovered &= report->seq[i] > 0;
	fix_close(db);
}

static void
killed(void)
{
	report->hit = true;
	_exit(0);
}

static void
no_power(void)
{
	report->hit = true;
	faulty_power_cut();
	_exit(0);
}

static void
session(enum ending ending)
{
	struct db *db = try_connect();

	for (unsigned i = 0; db != NULL && i < MESSAGES; i++) {
		if (i == MESSAGES / 2)
			sq_checkpoint((struct sq *)db);
		if (i == MESSAGES / 2 + 1)
			rename_room(db);
		say_once(db, i);
	}
	if (db != NULL)
		sq_checkpoint((struct sq *)db);
	report->hit = fault.hits > 0;
	if (ending == GOES_ON)
		recover(db);
	else if (ending == NO_POWER)
		faulty_power_cut();
}

/* --- what is on the disk afterwards --- */

/* Is what was acked there, under its seq? And nothing twice, no holes. */
static bool
log_is_right(struct db *db)
{
	struct event_list l;
	bool right;
	unsigned twice = 0;

	if (db_events(db, &room, 1, UINT64_MAX, 1000, 0, &l, NULL) == -1)
		return false;
	right = true;
	for (unsigned i = 0; i < l.n; i++) {
		right = right && l.v[i].seq == i + 1;
		for (unsigned j = 0; j < i; j++)
			twice += cid_eq(&l.v[i].cid, &l.v[j].cid);
	}
	for (unsigned i = 0; i < MESSAGES; i++) {
		uint64_t seq = (uint64_t)report->seq[i];

		right = right &&
			(seq == 0 || (seq <= l.n && cid_eq(&l.v[seq - 1].cid,
							&report->cid[i])));
	}
	event_list_free(&l);
	return right && twice == 0;
}

static bool
file_is_right(void)
{
	struct err err = { 0 };
	struct room r = { 0 };
	struct db *db = fix_db(); /* as the next start does */
	bool right = db->driver->integrity(db, &err) == 0 && log_is_right(db);

	right = right && db_room_get(db, &room, &r, &err) == 1 &&
		(!report->renamed || strcmp(r.label, "Renamed") == 0);
	if (!right)
		diag("%s; label %s", err.text, r.label);
	fix_close(db);
	return right;
}

/* --- every place --- */

static bool thorough; /* BURUNG_THOROUGH: really each */

/* Returns whether the fault came to pass; else there is no such place. */
static bool
one_place(const struct fault *f, enum ending ending)
{
	pid_t pid;
	int status;

	fresh_file();
	memset(report, 0, sizeof(*report));
	for (unsigned i = 0; i < MESSAGES; i++)
		report->cid[i] = cid_new();
	if (ending == GOES_ON) {
		fault = *f;
		session(ending);
		return report->hit;
	}
	fflush(stdout);
	if ((pid = fork()) == 0) {
		fault = *f;
		fault.hit = ending == IS_KILLED ? killed : no_power;
		session(ending);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		fail("%s at %u, %s: the worker comes to the fault, status %d",
		    kind_names[f->kind], f->n, ending_names[ending], status);
		return false;
	}
	return report->hit;
}

static void
every_place(enum fault_kind kind, bool stays, enum ending ending)
{
	/* a process of its own takes its time */
	const unsigned step =
	    ending != GOES_ON && kind <= FAULT_FULL && !thorough ? 7 : 1;
	struct fault f = { .kind = kind, .stays = stays };
	bool right = true, busy = true, on = true;

	for (; f.n < POINTS_MAX && one_place(&f, ending); f.n += step) {
		right = right && file_is_right();
		busy = busy && !report->odd;
		on = on && report->recovered;
		if (!(right && busy && (on || ending != GOES_ON)))
			break;
	}
	ok(right, "%s%s, %s: what was acked is there (up to place %u)",
	    kind_names[kind], stays ? " from then on" : "",
	    ending_names[ending], f.n);
	ok(busy, "the error is busy");
	if (ending == GOES_ON)
		ok(on, "and all that was refused is stored afterwards");
	ok(f.n > 0, "it happened");
}

/* --- what the writer gathers --- */

enum { LONG = 100, LONG_BODY = 5000 };

static void
test_one_write(void)
{
	struct db *db;

	fresh_file();
	db = fix_connect();
	fix_say(db, &room, &ani, "the first one writes the header, too");
	faulty_writes = 0;
	ok(fix_say(db, &room, &ani, "one more") > 0, "a message is stored");
	is_int(faulty_writes, 1, "its commit is one write");
	fix_close(db);
}

/* More than is gathered, or than the cache holds: it is written before the
 * commit. The error's code, or none. */
static enum err_code
say_long(struct db *db)
{
	static char body[LONG_BODY + 1];
	struct event ev[LONG];
	struct append a = { .ev = ev, .n = LONG }, *ops = &a;

	memset(body, 'x', LONG_BODY);
	for (int i = 0; i < LONG; i++)
		fix_message(&ev[i], &room, &ani, body);
	db->driver->append(db, &ops, 1);
	append_clear(&a);
	for (int i = 0; i < LONG; i++)
		event_free_body(&ev[i]);
	return a.err.code;
}

/* One write fails: the whole is refused, and nothing of it is there. */
static void
test_long(void)
{
	bool right = true, hit = true;
	unsigned n;

	for (n = 0; right && hit && n < POINTS_MAX; n++) {
		struct head h = { .room = room };
		struct db *db;
		uint64_t was;

		fresh_file();
		db = fix_connect();
		db_heads(db, &h, 1, NULL);
		was = h.seq;
		fault = (struct fault){ .kind = FAULT_WRITE, .n = n };
		right = say_long(db) == (fault.hits > 0 ? ERR_BUSY : ERR_NONE);
		hit = fault.hits > 0;
		fault.kind = FAULT_NONE;
		for (int i = 0; i < RECOVERY_TRIES && !db->ok; i++)
			db->driver->idle(db);
		right = right && (!hit || say_long(db) == ERR_NONE);
		db_heads(db, &h, 1, NULL);
		right =
		    right && h.seq == was + LONG && db_integrity(db, NULL) == 0;
		fix_close(db);
	}
	ok(right && !hit, "a long transaction is stored whole or not at all");
	ok(n > 5, "wherever one of its %u writes fails", n - 1);
}

int
main(void)
{
	struct db *db;

	thorough = getenv("BURUNG_THOROUGH") != NULL;
	log_init("store_io", LOG_ERROR);
	fix_begin();
	faulty_begin();
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	db = fix_db();
	ani = fix_user(db, "ani");
	room = fix_room(db, ROOM_PRIVATE, &ani, 1);
	sq_checkpoint((struct sq *)db);
	fix_close(db);
	remember_file();
	test_one_write();
	test_long();
	for (enum fault_kind kind = FAULT_WRITE; kind < FAULT_KINDS; kind++)
		for (int stays = 0; stays < 2; stays++)
			every_place(kind, stays, GOES_ON);
	for (enum fault_kind kind = FAULT_WRITE; kind <= FAULT_TRUNCATE; kind++)
		for (enum ending e = IS_KILLED; e < ENDINGS; e++)
			every_place(kind, false, e);
	buf_free(&before);
	return done_testing();
}
