/* t/unit/store_durable.c - nothing is answered before it is on disk: the system
 * calls by which SQLite writes and syncs go through here. */

#include <sys/syscall.h>

#include <errno.h>
#include <stdatomic.h>

#include "../lib/store_fixture.h"

static atomic_bool unsynced; /* the log was written to since its last sync */
static atomic_bool broken;   /* syncs fail */
static atomic_uint syncs;

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at);
int fsync(int fd);
int fdatasync(int fd);

static bool
is_log(int fd)
{
	char link[40], path[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return n > 4 && memcmp(path + n - 4, "-wal", 4) == 0;
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	if (is_log(fd))
		unsynced = true;
	return syscall(SYS_pwrite64, fd, p, n, at);
}

static int
sync_file(int fd, long call)
{
	int rc;

	if (broken) {
		errno = EIO;
		return -1;
	}
	rc = (int)syscall(call, fd);
	if (is_log(fd)) {
		unsynced = false;
		syncs++;
	}
	return rc;
}

int
fsync(int fd)
{
	return sync_file(fd, SYS_fsync);
}

int
fdatasync(int fd)
{
	return sync_file(fd, SYS_fdatasync);
}

#define APPENDS 200

static struct loop *loop;
static struct store *st;
static struct id ani, room;
static struct event ev[APPENDS];
static struct append a[APPENDS];
static size_t answered, early, failed;

static void
done(struct append *x)
{
	early += unsynced;
	failed += x->err.code == ERR_BUSY;
	append_clear(x);
	if (++answered < APPENDS)
		store_append(st, &a[answered]);
	else
		loop_stop(loop);
}

/* One after another, so that the log is quiet when each is answered. */
static void
append_each(void)
{
	answered = early = failed = 0;
	for (size_t i = 0; i < APPENDS; i++) {
		event_free_body(&ev[i]);
		fix_message(&ev[i], &room, &ani, "x");
		a[i] = (struct append){ .ev = &ev[i], .n = 1, .done = done };
	}
	store_append(st, &a[0]);
	loop_run(loop);
}

static void
make_room(struct db *db, void *arg)
{
	ani = fix_user(db, "ani");
	room = fix_room(db, ROOM_PRIVATE, &ani, 1);
}

static void
stop(void *arg)
{
	loop_stop(loop);
}

static void
test_synced(void)
{
	unsigned before = syncs;

	append_each();
	is_int(early, 0, "each answer comes after its sync");
	is_int(failed, 0, "and is a good one");
	ok(syncs - before >= APPENDS, "there was one sync for each commit");
}

static void
test_shared(void)
{
	unsigned before = syncs;

	answered = early = failed = 0;
	for (size_t i = 0; i < APPENDS; i++) {
		event_free_body(&ev[i]);
		fix_message(&ev[i], &room, &ani, "x");
	}
	a[0] = (struct append){ .ev = ev, .n = 50, .done = done };
	answered = APPENDS - 1;
	store_append(st, &a[0]);
	loop_run(loop);
	ok(ev[49].seq == ev[0].seq + 49 && syncs - before == 1,
	    "what is appended together shares one sync");
}

static void
test_failing_sync(void)
{
	uint64_t seq = ev[49].seq;

	broken = true;
	append_each();
	is_int(failed, APPENDS, "a sync that fails is never answered well");
	broken = false;
	append_each();
	is_int(failed, 0, "and afterwards it goes on");
	is_int(ev[0].seq, seq + 1, "nothing of the failed ones was kept");
	is_int(early, 0, "synced again");
}

int
main(void)
{
	struct err err = { 0 };

	fix_begin();
	fix_close(fix_db());
	loop = loop_new();
	st = store_open(&fix_conf, loop, &err);
	if (st == NULL)
		bail_out(err.text);
	store_write(st, make_room, stop, NULL);
	loop_run(loop);
	test_synced();
	test_shared();
	test_failing_sync();
	for (size_t i = 0; i < APPENDS; i++)
		event_free_body(&ev[i]);
	store_close(&st);
	loop_free(&loop);
	return done_testing();
}
