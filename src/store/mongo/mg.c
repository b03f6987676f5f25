/* store/mongo/mg.c - one connection: the pool of the process, time-outs,
 * errors, and what must be there before anything is written. */

#include "store/mongo/mg.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/mongo/mg_known.h"

#define DATABASE   "burung"
#define AWAY_MS    500
#define RETRY_MS   1000
#define SWEEP_MS   30000
#define WTIMEOUT   3000
#define CLIENT_MAX 16

/* Whatever a URI says: nothing may block longer than this. A server that is not
 * there is looked for a shorter time: what is no append (a read, an account) is
 * told busy then, and not by patience.c's timer, but within 2 s too. */
static const struct {
	const char *name;
	int32_t ms;
} times[] = {
	{ MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 1500 },
	{ MONGOC_URI_CONNECTTIMEOUTMS, 1500 },
	{ MONGOC_URI_SOCKETTIMEOUTMS, 3000 },
	{ MONGOC_URI_WAITQUEUETIMEOUTMS, 2000 },
	{ MONGOC_URI_HEARTBEATFREQUENCYMS, 2000 },
};

static const char *const names[C_COUNT] = {
	[C_USERS] = "users",
	[C_NAMES] = "names",
	[C_SESSIONS] = "sessions",
	[C_INVITES] = "invites",
	[C_ROOMS] = "rooms",
	[C_WORDS] = "room_words",
	[C_DIRECTS] = "directs",
	[C_MEMBERS] = "members",
	[C_EVENTS] = "events",
	[C_META] = "meta",
	[C_NODES] = "nodes",
};

/* The worker's: libmongoc's pool, made at the first connection, and kept, since
 * ending its threads takes half a second. Not taken over by a process that is
 * forked later. */
static struct {
	mongoc_client_pool_t *pool;
	mongoc_uri_t *uri;
	char *text; /* the URI as it was given */
	unsigned users;
	bool serving; /* a connection that is not only for preparing was made */
	pid_t pid;
} shared;

/* libmongoc tells of everything that is wrong by errors too. */
static void
on_log(mongoc_log_level_t level, const char *domain, const char *message,
    void *arg)
{
	if (level <= MONGOC_LOG_LEVEL_CRITICAL)
		log_warn("mongo", "domain=%s text=\"%s\"", domain, message);
}

static mongoc_uri_t *
parse(const char *text, struct err *err)
{
	bson_error_t e;
	mongoc_uri_t *uri = mongoc_uri_new_with_error(text, &e);

	if (uri == NULL) {
		err_set(err, ERR_CONF, "store: %.180s", e.message);
		return NULL;
	}
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		mongoc_uri_set_option_as_int32(uri, times[i].name, times[i].ms);
	/* A write is tried again with the same cid, not by the library. */
	mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, false);
	mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false);
	mongoc_uri_set_appname(uri, "burungd");
	return uri;
}

static void
pool_close(void)
{
	mongoc_client_pool_destroy(shared.pool);
	mongoc_uri_destroy(shared.uri);
	free(shared.text);
	shared.pool = NULL;
}

static int
pool_new(const char *text, struct err *err)
{
	bson_error_t e;

	shared.uri = parse(text, err);
	if (shared.uri == NULL)
		return -1;
	shared.pool = mongoc_client_pool_new_with_error(shared.uri, &e);
	if (shared.pool == NULL) {
		mongoc_uri_destroy(shared.uri);
		return err_set(err, ERR_CONF, "store: %.180s", e.message);
	}
	mongoc_client_pool_set_error_api(shared.pool, 2);
	mongoc_client_pool_max_size(shared.pool, CLIENT_MAX);
	shared.text = mem_strdup(text);
	shared.users = 0;
	shared.serving = false;
	shared.pid = getpid();
	return 0;
}

static int
pool_open(const char *text, struct err *err)
{
	static const bson_mem_vtable_t memory = { .malloc = mem_alloc,
		.calloc = mem_calloc,
		.realloc = mem_realloc,
		.free = free };
	static bool ready;

	if (!ready) {
		bson_mem_set_vtable(&memory);
		mongoc_log_set_handler(on_log, NULL);
		mongoc_init();
		ready = true;
	}
	if (shared.pid != getpid())
		shared.pool = NULL; /* the parent's */
	if (shared.pool != NULL && strcmp(shared.text, text) == 0)
		return 0;
	if (shared.pool != NULL && shared.users > 0)
		return err_set(
		    err, ERR_CONF, "store: one MongoDB at a time is possible");
	if (shared.pool != NULL)
		pool_close();
	return pool_new(text, err);
}

/* A pool that only prepared something is used soon again. */
static void
pool_leave(void)
{
	if (--shared.users == 0 && shared.serving)
		pool_close();
}

/* Majority and journal for what is written, majority for what is read: what a
 * fail-over could take back is neither acked nor delivered. */
static void
set_concerns(mongoc_collection_t *coll)
{
	mongoc_write_concern_t *w = mongoc_write_concern_new();
	mongoc_read_concern_t *r = mongoc_read_concern_new();
	mongoc_read_prefs_t *p = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);

	mongoc_write_concern_set_wmajority(w, WTIMEOUT);
	mongoc_write_concern_set_journal(w, true);
	mongoc_read_concern_set_level(r, MONGOC_READ_CONCERN_LEVEL_MAJORITY);
	mongoc_collection_set_write_concern(coll, w);
	mongoc_collection_set_read_concern(coll, r);
	mongoc_collection_set_read_prefs(coll, p);
	mongoc_write_concern_destroy(w);
	mongoc_read_concern_destroy(r);
	mongoc_read_prefs_destroy(p);
}

struct mg *
mg_open(const struct store_conf *conf, bool writer, struct err *err)
{
	const char *database;
	struct mg *m;

	if (pool_open(conf->driver, err) == -1)
		return NULL;
	MEM_NEW(m);
	shared.users++;
	shared.serving = true;
	m->writer = writer;
	m->client = mongoc_client_pool_pop(shared.pool);
	if (m->client == NULL)
		log_fatal("mongo: the pool has no client left");
	database = mongoc_uri_get_database(shared.uri);
	for (int i = 0; i < C_COUNT; i++) {
		m->coll[i] = mongoc_client_get_collection(m->client,
		    database != NULL ? database : DATABASE, names[i]);
		set_concerns(m->coll[i]);
	}
	m->cache = mg_cache_new();
	m->sweep_at = clock_mono_ms() + SWEEP_MS;
	return m;
}

void
mg_close(struct mg *m)
{
	for (int i = 0; i < C_COUNT; i++)
		mongoc_collection_destroy(m->coll[i]);
	mg_cache_free(&m->cache);
	mongoc_client_pool_push(shared.pool, m->client);
	free(m);
	pool_leave();
}

bool
mg_is_failure(const struct err *err)
{
	return err->code == ERR_BUSY || err->code == ERR_INTERNAL;
}

int
mg_busy(struct mg *m, struct err *err)
{
	err_set(err, ERR_BUSY, "The store cannot be reached; try again.");
	if (err != NULL)
		err->retry_ms = RETRY_MS;
	return -1;
}

bool
mg_away(struct mg *m, struct err *err)
{
	if (m->away_until == 0 || m->probing ||
	    clock_mono_ms() >= m->away_until)
		return false;
	mg_busy(m, err);
	return true;
}

/* Errors of the server that say nothing about what was asked: it is starting,
 * stepping down, too slow … */
static bool
may_pass(const bson_error_t *e)
{
	static const uint32_t codes[] = { 6, 7, 24, 50, 63, 64, 79, 89, 91, 112,
		133, 134, 150, 175, 189, 202, 234, 246, 262, 314, 317, 9001,
		10058, 10107, 11600, 11601, 11602, 13388, 13435, 13436, 14031 };

	if (e->domain == MONGOC_ERROR_WRITE_CONCERN ||
	    e->domain == MONGOC_ERROR_STREAM ||
	    e->domain == MONGOC_ERROR_SERVER_SELECTION ||
	    e->domain == MONGOC_ERROR_CLIENT)
		return true;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (e->code == codes[i])
			return true;
	return false;
}

int
mg_fail(struct mg *m, const bson_error_t *e, struct err *err)
{
	if (!may_pass(e)) {
		log_error("database error", "domain=%u code=%u error=\"%s\"",
		    e->domain, e->code, e->message);
		return err_set(err, ERR_INTERNAL,
		    "The store made an error; the log has more.");
	}
	if (m->db.ok)
		log_warn("database error", "domain=%u code=%u error=\"%s\"",
		    e->domain, e->code, e->message);
	m->db.ok = false;
	m->away_until = clock_mono_ms() + AWAY_MS;
	mg_cache_clear(m->cache);
	return mg_busy(m, err);
}

/* Until somebody has answered, it may be a mongos. */
static bool
is_whole(struct mg *m)
{
	mongoc_server_description_t **all;
	const char *type;
	size_t n;

	if (FAILPOINT_FAILS("mongo.cluster"))
		return false;
	if (m->whole)
		return true;
	all = mongoc_client_get_server_descriptions(m->client, &n);
	for (size_t i = 0; i < n; i++) {
		type = mongoc_server_description_type(all[i]);
		if (strcmp(type, "Standalone") == 0 ||
		    strcmp(type, "RSPrimary") == 0)
			m->whole = true;
	}
	mongoc_server_descriptions_destroy_all(all, n);
	return m->whole;
}

bson_t *
mg_members_query(
    struct mg *m, bson_t *keys, const struct id *rooms, size_t n, size_t size)
{
	if (is_whole(m))
		return mg_doc("_id:{$in:a}", keys);
	return mg_doc("_id:{$in:a} room:{$in:a}", keys, mg_ids(rooms, n, size));
}

bson_t *
mg_member_query(struct mg *m, const struct id *room, const struct id *user)
{
	if (is_whole(m))
		return mg_doc("_id:m", room, user);
	return mg_doc("_id:m room:b", room, user, room);
}

/* Before anything is written --------------------------------------------- */

static const struct {
	enum mg_coll c;
	const char *name, *keys;
	bool unique;
} indexes[] = {
	{ C_USERS, "folded", "folded:+ _id:+", false },
	{ C_USERS, "display", "display_folded:+ folded:+", false },
	{ C_SESSIONS, "user", "user:+ id:+", false },
	{ C_SESSIONS, "expires", "expires:+", false },
	{ C_INVITES, "id", "id:+", false },
	{ C_ROOMS, "public", "kind:+ folded:+ _id:+", false },
	{ C_MEMBERS, "room", "room:+ joined:+", false },
	{ C_MEMBERS, "user", "user:+ role:+", false },
	{ C_EVENTS, "room_seq", "room:+ seq:+", true },
	{ C_EVENTS, "room_from_cid", "room:+ from:+ cid:+", true },
};

static int
make_index(struct mg *m, size_t i, struct err *err)
{
	bson_t *cmd = mg_doc("createIndexes:s indexes:[ { key:d name:s } ]",
	    names[indexes[i].c], mg_doc(indexes[i].keys), indexes[i].name);
	bson_error_t e;
	bool good;

	if (indexes[i].unique) {
		bson_destroy(cmd);
		cmd = mg_doc(
		    "createIndexes:s indexes:[ { key:d name:s unique:y } ]",
		    names[indexes[i].c], mg_doc(indexes[i].keys),
		    indexes[i].name);
	}
	good = mongoc_collection_write_command_with_opts(
	    m->coll[indexes[i].c], cmd, NULL, NULL, &e);
	bson_destroy(cmd);
	return good ? 0 : mg_fail(m, &e, err);
}

int
mg_need_indexes(struct mg *m, struct err *err)
{
	if (m->prepared)
		return 0;
	if (mg_away(m, err))
		return -1;
	for (size_t i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++)
		if (make_index(m, i, err) == -1)
			return -1;
	m->prepared = true;
	m->db.ok = true;
	return 0;
}

int
mg_prepare(const struct store_conf *conf, struct err *err)
{
	struct mg *m = mg_open(conf, true, err);
	bool serving = shared.users > 1;
	int rc;

	if (m == NULL)
		return -1;
	rc = mg_need_indexes(m, err);
	shared.serving = serving;
	mg_close(m);
	return rc;
}

static bool
ping(struct mg *m)
{
	bson_t *cmd = mg_doc("ping:+");
	bson_error_t e;
	bool good;

	m->probing = true;
	good = mongoc_client_command_simple(
	    m->client, "admin", cmd, NULL, NULL, &e);
	m->probing = false;
	bson_destroy(cmd);
	return good;
}

bool
mg_idle(struct db *db)
{
	struct mg *m = (struct mg *)db;
	uint64_t now = clock_mono_ms();

	if (!db->ok && ping(m)) {
		db->ok = true;
		m->away_until = 0;
	}
	if (m->writer && !m->prepared)
		mg_need_indexes(m, NULL);
	if (!db->ok)
		return true;
	if (m->writer && m->prepared && now >= m->sweep_at) {
		m->sweep_at = now + SWEEP_MS;
		mg_sweep_sessions(m, NULL);
	}
	return m->writer;
}
