/* store/mongo/mg.h - one thread's connection to MongoDB: documents, calls,
 * errors. Private to store/mongo. */
#ifndef STORE_MONGO_MG_H
#define STORE_MONGO_MG_H

#include <mongoc/mongoc.h>

#include "base/map.h"
#include "store/driver.h"

enum mg_coll {
	C_USERS,
	C_NAMES,
	C_SESSIONS,
	C_INVITES,
	C_ROOMS,
	C_WORDS,
	C_DIRECTS,
	C_MEMBERS,
	C_EVENTS,
	C_META,
	C_NODES,
	C_COUNT
};

struct mg_cache;

struct mg {
	struct db db; /* first */
	bool writer;
	bool prepared; /* the indexes are there */
	bool whole;    /* what answers is no mongos: there are no shards */
	bool probing;  /* trying whether the server is back */
	uint64_t away_until; /* ms: it failed a moment ago, so do not ask */
	uint64_t sweep_at;   /* ms: next look for what a crash left */
	mongoc_client_t *client;
	mongoc_collection_t *coll[C_COUNT];
	uint64_t batch;         /* counts mg_append */
	struct mg_cache *cache; /* rooms as this connection knows them */
	unsigned reading;       /* mg_snapshots that have not ended */
	struct map seen;        /* struct mg_seen, while reading */
};

/* mg.c ------------------------------------------------------------------- */

struct mg *mg_open(const struct store_conf *conf, bool writer, struct err *err);
void mg_close(struct mg *m);

/* Turns libmongoc's answer into *err: BUSY for whatever may pass (away, fail
 * over, time-out: what was written may be stored or not), else INTERNAL and a
 * line in the log. Returns -1. */
int mg_fail(struct mg *m, const bson_error_t *e, struct err *err);

/* An error of the database itself, not a refusal of what was asked. */
bool mg_is_failure(const struct err *err);

/* Has it failed a moment ago? Then *err. */
bool mg_away(struct mg *m, struct err *err);

/* The writes of others may be lost until then: BUSY as *err. -1. */
int mg_busy(struct mg *m, struct err *err);

int mg_prepare(const struct store_conf *conf, struct err *err);
/* Makes the indexes; nothing may be written before. 0 or -1. */
int mg_need_indexes(struct mg *m, struct err *err);
bool mg_idle(struct db *db);

/* The rows with these keys (an array, freed), of members of these n rooms, each
 * size bytes behind the other. A cluster is told the rooms, too, which are what
 * it spreads members by; others are not: there are servers that speak MongoDB's
 * protocol and read all rows when they are asked for more than a key. */
bson_t *mg_members_query(
    struct mg *m, bson_t *keys, const struct id *rooms, size_t n, size_t size);
/* The same with one key. */
bson_t *mg_member_query(
    struct mg *m, const struct id *room, const struct id *user);

/* mg_doc.c --------------------------------------------------------------- */

/* A document of name:type pairs, one letter each: b const struct id *, c const
 * struct cid *, h const uint8_t * (TOKEN_HASH bytes), m two const struct id *
 * (room, user: the key of a member), e const struct id * and uint64_t (room,
 * seq: the key of an event), s const char *, t const char * and size_t, u
 * uint64_t, i int, d bson_t * (a document, freed), a bson_t * (an array,
 * freed); without arguments + (1), - (-1) and y (true). name:{ … } nests,
 * name:[ … ] is an array of types without names. To be freed with
 * bson_destroy. */
bson_t *mg_doc(const char *form, ...);

/* The key of an event: its room, then its seq with the high bytes first. */
#define MG_EVENT_KEY (sizeof(struct id) + 8)
void mg_event_key(
    const struct id *room, uint64_t seq, uint8_t key_r[MG_EVENT_KEY]);

/* Fields; absent or of another type: zero. */
void mg_get_id(const bson_t *d, const char *name, struct id *id_r);
void mg_get_cid(const bson_t *d, const char *name, struct cid *cid_r);
void mg_get_hash(const bson_t *d, uint8_t hash[TOKEN_HASH]); /* its _id */
uint64_t mg_get_u64(const bson_t *d, const char *name);
void mg_get_text(const bson_t *d, const char *name, char *out, size_t size);
void mg_get_user(const bson_t *d, struct user *u_r);
void mg_get_session(const bson_t *d, struct session *s_r);
void mg_get_invite(const bson_t *d, struct invite *v_r);
void mg_get_room(const bson_t *d, struct room *r);
void mg_get_member(const bson_t *d, struct member *m_r);
void mg_get_event(const bson_t *d, struct event *ev_r);
bson_t *mg_put_event(const struct event *ev);
/* An array of ids; of what is n times size bytes apart. */
bson_t *mg_ids(const struct id *first, size_t n, size_t size);

/* mg_call.c: documents handed over (query, opts, update, doc) are freed. --- */

typedef void mg_row_fn(const bson_t *doc, void *arg);

/* fn for each that matches; opts may be NULL. How many, or -1. */
int mg_find(struct mg *m, enum mg_coll c, bson_t *query, bson_t *opts,
    mg_row_fn *fn, void *arg, struct err *err);
/* The same with the first one. 1, 0 or -1. */
int mg_get(struct mg *m, enum mg_coll c, bson_t *query, mg_row_fn *fn,
    void *arg, struct err *err);
/* Does one match? 1, 0 or -1. */
int mg_any(struct mg *m, enum mg_coll c, bson_t *query, struct err *err);
/* 1, 0: its key is there already, -1. */
int mg_insert(struct mg *m, enum mg_coll c, bson_t *doc, struct err *err);

enum mg_how {
	MG_FIRM = 0,   /* majority and journal */
	MG_SOON = 1,   /* may be lost: found again from the logs */
	MG_UPSERT = 2, /* made when nothing matches; 0 if the key is there */
	MG_BY_ANY = 4, /* found by more than its _id or shard key: on all shards
			*/
};
/* The one that matches. How many (0 or 1), or -1. */
int mg_update(struct mg *m, enum mg_coll c, bson_t *query, bson_t *update,
    int how, struct err *err);
/* All that match. How many, or -1. */
int mg_delete(struct mg *m, enum mg_coll c, bson_t *query, struct err *err);

/* Several updates in one call, in any order. */
mongoc_bulk_operation_t *mg_bulk(struct mg *m, enum mg_coll c, int how);
void mg_bulk_update(
    mongoc_bulk_operation_t *b, bson_t *query, bson_t *update, int how);
/* Runs and frees it; what is there already (upsert) is no error. 0 or -1. */
int mg_bulk_run(struct mg *m, mongoc_bulk_operation_t *b, struct err *err);

/* In order, until one fails. *n_r: how many are stored for sure. 1: all; 0: a
 * key of the next one is there already, in *seq_taken_r whether it was the
 * number; -1: *err, and whether those behind *n_r are stored is unknown. */
int mg_insert_many(struct mg *m, enum mg_coll c, const bson_t **docs, size_t n,
    size_t *n_r, bool *seq_taken_r, struct err *err);

/* mg_driver.c's table ------------------------------------------------------
 */

void mg_append(struct db *db, struct append **ops, size_t n);
/* There is one first account: who puts the claim. One that led to nothing is
 * given to the next after a while. 0 or -1 (FORBIDDEN). */
int mg_first_claim(struct mg *m, const struct id *user, struct err *err);
void mg_first_over(struct mg *m); /* it is made: the setup code is deleted */
int mg_setup_code(
    struct db *db, const char *mine, char *code_r, struct err *err);
int mg_user_count(
    struct db *db, uint64_t limit, uint64_t *n_r, struct err *err);
int mg_user_create(struct db *db, const struct user *u, const char *passhash,
    bool first, const uint8_t *invite, struct err *err);
int mg_user_by_name(struct db *db, const char *name, struct user *u_r,
    char *passhash, struct err *err);
int mg_user_get(
    struct db *db, const struct id *id, struct user *u_r, struct err *err);
int mg_users_get(struct db *db, const struct id *ids, size_t n,
    struct user_list *l_r, struct err *err);
int mg_users_prefix(struct db *db, const char *prefix, const char *after,
    size_t limit, struct user_list *l_r, struct err *err);
int mg_users_seen(struct db *db, const struct id *ids, size_t n, uint64_t at,
    struct err *err);
int mg_users_scan(struct db *db, const struct id *after, size_t limit,
    struct user_list *l_r, struct err *err);
int mg_user_passhash(
    struct db *db, const struct id *user, char *passhash, struct err *err);
int mg_user_set_display(
    struct db *db, const struct id *user, const char *display, struct err *err);
int mg_user_set_password(struct db *db, const struct id *user, const char *was,
    const char *passhash, const struct id *keep, struct event_list *more,
    struct err *err);
int mg_user_disable(struct db *db, const struct id *user, bool on,
    struct event_list *more, struct err *err);
int mg_user_set_admin(
    struct db *db, const struct id *user, bool admin, struct err *err);
int mg_user_remove(struct db *db, const struct id *user, bool spare_admin,
    struct event_list *more, struct err *err);
int mg_session_create(struct db *db, const struct session *v,
    const uint8_t *hash, const char *passhash, struct err *err);
int mg_session_get(struct db *db, const uint8_t *hash, uint64_t now,
    struct session *s_r, struct user *u_r, struct err *err);
int mg_session_alive(struct db *db, const struct id *user,
    const struct id *session, struct err *err);
void mg_sessions_get(
    struct db *db, struct session_ask *const *v, size_t n, uint64_t now);
int mg_sessions_touch(struct db *db, const struct session_key *keys, size_t n,
    uint64_t used, uint64_t expires, struct err *err);
int mg_session_delete(struct db *db, const struct id *user,
    const struct id *session, struct event_list *more, struct err *err);
int mg_sessions_delete(struct db *db, const struct id *user,
    const struct id *keep, struct event_list *more, struct err *err);
int mg_sessions_of(struct db *db, const struct id *user, size_t limit,
    struct session_list *l_r, struct err *err);
int mg_invite_create(struct db *db, const struct invite *v, const uint8_t *hash,
    struct err *err);
int mg_invite_get(
    struct db *db, const uint8_t *hash, struct invite *v_r, struct err *err);
int mg_invites(struct db *db, const struct id *before, size_t limit,
    struct invite_list *l_r, struct err *err);
int mg_invite_delete(struct db *db, const struct id *invite, struct err *err);
int mg_room_create(struct db *db, const struct room_new *n, struct id *id_r,
    struct event_list *more, struct err *err);
int mg_room_get(
    struct db *db, const struct id *id, struct room *r, struct err *err);
int mg_member_get(struct db *db, const struct id *room, const struct id *user,
    struct member *m_r, struct err *err);
int mg_room_view(struct db *db, const struct id *room, const struct id *user,
    struct room_view *v_r, struct err *err);
int mg_rooms_of(struct db *db, const struct id *user,
    const struct room_pos *after, size_t limit, struct room_views *l_r,
    struct err *err);
int mg_groups_prefix(struct db *db, const struct id *user, const char *prefix,
    const struct room *after, size_t limit, struct room_views *l_r,
    struct err *err);
int mg_groups_words(struct db *db, const struct id *user, const char *words,
    struct group_pos *pos, size_t limit, struct room_views *l_r,
    struct err *err);
int mg_members(struct db *db, const struct id *room, uint64_t after,
    size_t limit, struct member_views *l_r, struct err *err);
int mg_heads_of(struct db *db, const struct id *user, struct head_list *l_r,
    struct err *err);
int mg_heads(struct db *db, struct head *v, size_t n, struct err *err);
int mg_events(struct db *db, const struct id *room,
    const struct event_range *range, struct event_list *l_r, struct err *err);
int mg_cids(struct db *db, struct event_at *v, size_t n, struct err *err);
void mg_greet(struct db *db, struct greeting *const *v, size_t n);
int mg_rooms_scan(struct db *db, const struct id *after, bool self,
    size_t limit, struct room_rows *l_r, struct err *err);
int mg_node_put(struct db *db, const struct node *n, struct err *err);
int mg_node_drop(struct db *db, const struct node *n, struct err *err);
int mg_nodes(struct db *db, struct node_list *l_r, struct err *err);
int mg_copy_list(struct db *db, enum copy_kind kind,
    const struct copy_row *after, size_t limit, struct copy_row *rows,
    struct err *err);
int mg_copy_put(struct db *db, enum copy_kind kind, const struct copy_row *rows,
    size_t n, bool first, struct err *err);
int mg_copy_events(
    struct db *db, const struct event *ev, size_t n, struct err *err);
int mg_copy_room(struct db *db, const struct room *r,
    const struct member *members, size_t n, struct err *err);
int mg_snapshot(struct db *db, struct err *err);
void mg_snapshot_end(struct db *db);

/* Across files. mg_user.c: NOT_FOUND when there is no such user, or no more. */
int mg_need_user(struct mg *m, const struct id *user, struct err *err);
/* mg_account.c: as if the user had left each group. 0 or -1. */
int mg_leave_all(struct mg *m, const struct id *user, struct event_list *more,
    struct err *err);
/* mg_session.c: ends the sessions of a user but keep (NULL: all); what is
 * written of it is pushed to more. */
int mg_revoke_sessions(struct mg *m, const struct id *user,
    const struct id *keep, struct event_list *more, struct err *err);
/* mg_session.c: ends what is over, and what a crash left half ended. */
int mg_sweep_sessions(struct mg *m, struct err *err);
/* mg_invite.c: the invitation is used up by user, whose folded name this is;
 * FORBIDDEN. And not. */
int mg_invite_use(struct mg *m, const uint8_t *hash, const struct user *user,
    const char *folded, struct err *err);
int mg_invite_unuse(
    struct mg *m, const uint8_t *hash, const struct id *user, struct err *err);
/* mg_list.c: what the views of groups lack: user's place in each. */
int mg_complete(struct mg *m, const struct id *user, struct room_views *l,
    bool with_me, struct err *err);
/* mg_views.c: views of rooms of any users, to be completed by last messages and
 * peers. Those that one is not in (me) are left out. */
struct mg_views {
	struct room_view **v;
	size_t n, cap;
};
void mg_views_add(struct mg_views *l, struct room_view *v);
int mg_views_complete(struct mg *m, struct mg_views *l, struct err *err);
void mg_views_free(struct mg_views *l);
/* A bson array of keys that grows. */
struct mg_pick {
	bson_t *a;
	uint32_t n;
};
void mg_pick_event(struct mg_pick *p, const struct id *room, uint64_t seq);
void mg_pick_member(
    struct mg_pick *p, const struct id *room, const struct id *user);
void mg_pick_id(struct mg_pick *p, const struct id *id);
void mg_pick_hash(struct mg_pick *p, const uint8_t *hash);
/* One event by its seq, and by its cid. 1, 0 or -1. */
int mg_event_at(struct mg *m, const struct id *room, uint64_t seq,
    struct event *ev_r, struct err *err);
int mg_event_by_cid(struct mg *m, const struct event *like, struct event *ev_r,
    struct err *err);

#endif
