/* t/lib/store_fixture.h - a store in a temporary folder, and short ways to ask
 * it. Included by the one file of a test program. */
#ifndef T_LIB_STORE_FIXTURE_H
#define T_LIB_STORE_FIXTURE_H

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <bsd/string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/loop.h"
#include "store/driver.h"
#include "tap.h"

/* Shared with the children that a test forks. */
struct shared {
	struct shlock lock;
	_Atomic uint64_t count;
	_Atomic uint64_t flag;
	uint64_t seqs[4096];
};

static char fix_dir[] = "/tmp/store_test_XXXXXX";
static char fix_path[96];
static struct shared *fix_shared;
static struct store_conf fix_conf = { .driver = "sqlite", .readers = 2 };

static char fix_uri[200]; /* of a MongoDB; "": the store is SQLite */

static void fix_begin(void) __attribute__((unused));
static bool fix_is_file(void) __attribute__((unused));
static void fix_file(const char *name) __attribute__((unused));
static struct db *fix_connect(void) __attribute__((unused));
static struct db *fix_db(void) __attribute__((unused));
static void fix_close(struct db *db) __attribute__((unused));
static struct id fix_user(struct db *db, const char *name)
    __attribute__((unused));
static struct id fix_room(struct db *db, enum room_kind kind,
    const struct id *users, size_t n) __attribute__((unused));
static int64_t fix_say(struct db *db, const struct id *room,
    const struct id *from, const char *text) __attribute__((unused));
static void fix_message(struct event *ev, const struct id *room,
    const struct id *from, const char *text) __attribute__((unused));
static int64_t fix_append_known(struct db *db, struct event *ev, uint64_t known)
    __attribute__((unused));
static int64_t fix_append(struct db *db, struct event *ev)
    __attribute__((unused));
static void fix_asked(struct event *ev, enum event_kind kind,
    const struct id *room, const struct id *from, const struct event_subject *s)
    __attribute__((unused));
static int64_t fix_change(struct db *db, enum event_kind kind,
    const struct id *room, const struct id *from, const struct event_subject *s)
    __attribute__((unused));

static void
fix_remove(void)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", fix_dir);
	if (system(cmd) != 0)
		perror("rm");
}

static pid_t fix_owner;

static void
fix_at_exit(void)
{
	if (getpid() == fix_owner)
		fix_remove();
}

static void
fix_begin(void)
{
	if (mkdtemp(fix_dir) == NULL)
		bail_out("no temporary folder");
	fix_owner = getpid();
	atexit(fix_at_exit);
	fix_shared = mmap(NULL, sizeof(*fix_shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fix_shared == MAP_FAILED)
		bail_out("no shared memory");
	shlock_init(&fix_shared->lock);
	fix_conf.write_lock = &fix_shared->lock;
	fix_file("burung.db");
}

static bool
fix_is_file(void)
{
	return fix_uri[0] == '\0';
}

/* From now on the database is this file of the folder; of a MongoDB one that
 * has its name. BURUNG_TEST_STORE_URI says where that is, up to the name. */
static void
fix_file(const char *name)
{
	const char *uri = getenv("BURUNG_TEST_STORE_URI");
	int length = (int)strcspn(name, "."), folder = (int)strlen(fix_dir);

	snprintf(fix_path, sizeof(fix_path), "%s/%s", fix_dir, name);
	fix_conf.path = fix_path;
	if (uri == NULL)
		return;
	snprintf(fix_uri, sizeof(fix_uri), "%s/t_%s_%.*s", uri,
	    fix_dir + folder - 6, length, name);
	fix_conf.driver = fix_uri;
}

/* A connection that may write, of this thread, to a file that is there. */
static struct db *
fix_connect(void)
{
	struct err err = { 0 };
	const struct db_driver *driver = driver_find(fix_conf.driver, &err);
	struct db *db =
	    driver == NULL ? NULL : driver->open(&fix_conf, true, &err);

	if (db == NULL)
		bail_out(err.text);
	db->driver = driver;
	db->ok = true;
	return db;
}

/* The same, the file made where it is missing. */
static struct db *
fix_db(void)
{
	struct err err = { 0 };

	if (store_prepare(&fix_conf, &err) == -1)
		bail_out(err.text);
	return fix_connect();
}

static void
fix_close(struct db *db)
{
	db->driver->close(db);
}

static struct id
fix_user(struct db *db, const char *name)
{
	struct user u = { .id = id_new(), .created = 1 };
	struct err err = { 0 };

	strlcpy(u.name, name, sizeof(u.name));
	if (db_user_create(db, &u, "hash", false, &err) == -1)
		bail_out(err.text);
	return u.id;
}

/* users[0] is the creator. */
static struct id
fix_room(struct db *db, enum room_kind kind, const struct id *users, size_t n)
{
	struct room_new r = { .room = { .id = id_new(), .kind = kind },
		.creator = users[0],
		.cid = cid_new(),
		.users = users + 1,
		.nusers = n - 1 };
	struct event_list more;
	struct err err = { 0 };
	struct id id;

	if (kind != ROOM_DIRECT)
		strcpy(r.room.label, "Room");
	if (db_room_create(db, &r, &id, &more, &err) == -1)
		bail_out(err.text);
	event_list_free(&more);
	return id;
}

static void
fix_message(struct event *ev, const struct id *room, const struct id *from,
    const char *text)
{
	*ev = (struct event){ .room = *room,
		.kind = EV_MESSAGE,
		.from = *from,
		.cid = cid_new() };
	event_set_body(ev, text, strlen(text));
}

/* Appends *ev alone, decided on when the room was known up to there (0:
 * whenever): its seq, 0 if there was nothing to do, or the error's code
 * negated. */
static int64_t
fix_append_known(struct db *db, struct event *ev, uint64_t known)
{
	struct append a = { .ev = ev, .n = 1, .known = known }, *ops = &a;

	db->driver->append(db, &ops, 1);
	append_clear(&a);
	if (a.err.code != ERR_NONE)
		return -(int64_t)a.err.code;
	return a.nothing ? 0 : (int64_t)ev->seq;
}

static int64_t
fix_append(struct db *db, struct event *ev)
{
	return fix_append_known(db, ev, 0);
}

static int64_t
fix_say(struct db *db, const struct id *room, const struct id *from,
    const char *text)
{
	struct event ev;
	int64_t rc;

	fix_message(&ev, room, from, text);
	rc = fix_append(db, &ev);
	event_free_body(&ev);
	return rc;
}

/* Anything but a message, by from; not appended yet. */
static void
fix_asked(struct event *ev, enum event_kind kind, const struct id *room,
    const struct id *from, const struct event_subject *s)
{
	struct buf body = { 0 };

	*ev = (struct event){
		.room = *room, .kind = kind, .from = *from, .cid = cid_new()
	};
	if (kind == EV_JOIN)
		event_body_join(&body, s, "name", "Name");
	else if (kind == EV_LEAVE)
		event_body_leave(&body, s);
	else if (kind == EV_ROLE)
		event_body_role(&body, s);
	else if (kind == EV_RENAME || kind == EV_TOPIC || kind == EV_VISIBILITY)
		event_body_room(&body, kind, s);
	else
		event_body_self(&body, kind, s);
	event_set_body(ev, body.data, body.len);
	buf_free(&body);
}

static int64_t
fix_change(struct db *db, enum event_kind kind, const struct id *room,
    const struct id *from, const struct event_subject *s)
{
	struct event ev;
	int64_t rc;

	fix_asked(&ev, kind, room, from, s);
	rc = fix_append(db, &ev);
	event_free_body(&ev);
	return rc;
}

#endif
