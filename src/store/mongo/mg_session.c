/* store/mongo/mg_session.c - devices that are logged in. A session ends in
 * steps that can be repeated: it is over at once (expires 0), the entry of the
 * self room tells of it, then it is deleted. */

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/making.h"
#include "store/mongo/mg_known.h"

#define SWEEP 10

struct sessions {
	struct id *v;    /* ids */
	struct id *user; /* and whose they are */
	size_t n;
};

static int
check_account(
    struct mg *m, const struct session *v, const char *want, struct err *err)
{
	char passhash[PASSHASH_MAX] = "";
	struct user u;
	int rc = mg_user_get(&m->db, &v->user, &u, err);

	if (rc == -1)
		return -1;
	if (rc == 0 || u.state != USER_ACTIVE)
		return err_set(
		    err, ERR_FORBIDDEN, "This account has been disabled.");
	if (want == NULL)
		return 0;
	if (mg_user_passhash(&m->db, &v->user, passhash, err) == -1)
		return -1;
	if (strcmp(passhash, want) != 0)
		return err_set(err, ERR_UNAUTHORIZED,
		    "The name or the password is wrong.");
	return 0;
}

/* Looked at before and after: who changes the password ends the sessions that
 * are there then. */
int
mg_session_create(struct db *db, const struct session *v, const uint8_t *hash,
    const char *passhash, struct err *err)
{
	struct mg *m = (struct mg *)db;

	if (check_account(m, v, passhash, err) == -1)
		return -1;
	if (mg_insert(m, C_SESSIONS,
		mg_doc("_id:h id:b user:b created:u used:u expires:u device:s",
		    hash, &v->id, &v->user, v->created, v->used, v->expires,
		    v->device),
		err) == -1)
		return -1;
	if (check_account(m, v, passhash, err) == 0)
		return 0;
	mg_delete(m, C_SESSIONS, mg_doc("_id:h", hash), NULL);
	return -1;
}

static void
take_session(const bson_t *doc, void *arg)
{
	mg_get_session(doc, arg);
}

int
mg_session_get(struct db *db, const uint8_t *hash, uint64_t now,
    struct session *s_r, struct user *u_r, struct err *err)
{
	int rc = mg_get((struct mg *)db, C_SESSIONS, mg_doc("_id:h", hash),
	    take_session, s_r, err);

	if (rc == 1 && s_r->expires <= now)
		rc = 0;
	return rc == 1 ? mg_user_get(db, &s_r->user, u_r, err) : rc;
}

int
mg_session_alive(struct db *db, const struct id *user, const struct id *session,
    struct err *err)
{
	struct session s = { 0 };
	int rc = mg_get((struct mg *)db, C_SESSIONS,
	    mg_doc("user:b id:b", user, session), take_session, &s, err);

	return rc == 1 ? s.expires > 0 : rc;
}

int
mg_sessions_touch(struct db *db, const struct session_key *keys, size_t n,
    uint64_t used, uint64_t expires, struct err *err)
{
	struct mg *m = (struct mg *)db;
	mongoc_bulk_operation_t *b;

	if (n == 0)
		return 0;
	b = mg_bulk(m, C_SESSIONS, MG_SOON);
	for (size_t i = 0; i < n; i++)
		mg_bulk_update(b,
		    mg_doc("user:b id:b expires:{$gt:u}", &keys[i].user,
			&keys[i].session, (uint64_t)0),
		    mg_doc("$max:{used:u expires:u}", used, expires),
		    MG_BY_ANY);
	return mg_bulk_run(m, b, err);
}

/* The entry that tells the user's other devices. */
static int
put_revoked(struct mg *m, const struct id *user, const struct id *session,
    struct event_list *more, struct err *err)
{
	struct event ev;

	making_revoked(&ev, user, session);
	if (mg_put_entries(m, &ev, 1, err) == -1) {
		event_free_body(&ev);
		return -1;
	}
	if (more != NULL && ev.seq > 0)
		event_list_push(more, &ev);
	else
		event_free_body(&ev);
	return 0;
}

static int
end_session(struct mg *m, const struct id *user, const struct id *session,
    struct event_list *more, struct err *err)
{
	int rc = mg_update(m, C_SESSIONS, mg_doc("user:b id:b", user, session),
	    mg_doc("$set:{expires:u}", (uint64_t)0), MG_BY_ANY, err);

	if (rc <= 0)
		return rc;
	if (put_revoked(m, user, session, more, err) == -1)
		return -1;
	return mg_delete(m, C_SESSIONS, mg_doc("user:b id:b", user, session),
		   err) == -1
		   ? -1
		   : 0;
}

int
mg_session_delete(struct db *db, const struct id *user,
    const struct id *session, struct event_list *more, struct err *err)
{
	*more = (struct event_list){ 0 };
	if (end_session((struct mg *)db, user, session, more, err) == 0)
		return 0;
	event_list_free(more);
	return -1;
}

static void
take_key(const bson_t *doc, void *arg)
{
	struct sessions *l = arg;

	if ((l->n & (l->n - 1)) == 0) {
		size_t cap = l->n == 0 ? 1 : l->n * 2;

		l->v = mem_reallocarray(l->v, cap, sizeof(*l->v));
		l->user = mem_reallocarray(l->user, cap, sizeof(*l->user));
	}
	mg_get_id(doc, "id", &l->v[l->n]);
	mg_get_id(doc, "user", &l->user[l->n++]);
}

int
mg_revoke_sessions(struct mg *m, const struct id *user, const struct id *keep,
    struct event_list *more, struct err *err)
{
	struct sessions l = { 0 };
	int rc = mg_find(m, C_SESSIONS, mg_doc("user:b", user),
	    mg_doc("sort:{id:+}"), take_key, &l, err);

	for (size_t i = 0; i < l.n && rc != -1; i++)
		if (keep == NULL || !id_eq(keep, &l.v[i]))
			rc = end_session(m, user, &l.v[i], more, err);
	free(l.v);
	free(l.user);
	return rc == -1 ? -1 : 0;
}

int
mg_sessions_delete(struct db *db, const struct id *user, const struct id *keep,
    struct event_list *more, struct err *err)
{
	int rc;

	*more = (struct event_list){ 0 };
	rc = mg_revoke_sessions((struct mg *)db, user, keep, more, err);
	if (rc == -1)
		event_list_free(more);
	return rc;
}

/* Those that are over at 0 have been ended, and somebody was killed before it
 * was told. */
int
mg_sweep_sessions(struct mg *m, struct err *err)
{
	struct sessions l = { 0 };
	int rc = mg_find(m, C_SESSIONS, mg_doc("expires:{$lte:u}", (uint64_t)0),
	    mg_doc("limit:i singleBatch:y", SWEEP), take_key, &l, err);

	for (size_t i = 0; i < l.n && rc != -1; i++)
		rc = end_session(m, &l.user[i], &l.v[i], NULL, err);
	free(l.v);
	free(l.user);
	if (rc != -1)
		rc = mg_delete(m, C_SESSIONS,
		    mg_doc(
			"expires:{$gt:u $lte:u}", (uint64_t)0, clock_wall_ms()),
		    err);
	return rc == -1 ? -1 : 0;
}

static void
take_one(const bson_t *doc, void *arg)
{
	struct session_list *l = arg;

	mg_get_session(doc, &l->v[l->n++]);
}

int
mg_sessions_of(struct db *db, const struct id *user, size_t limit,
    struct session_list *l_r, struct err *err)
{
	int rc;

	*l_r = (struct session_list){ 0 };
	if (limit == 0)
		return 0;
	l_r->v = mem_calloc(limit, sizeof(*l_r->v));
	rc = mg_find((struct mg *)db, C_SESSIONS,
	    mg_doc("user:b expires:{$gt:u}", user, (uint64_t)0),
	    mg_doc("sort:{used:- id:+} limit:u", (uint64_t)limit), take_one,
	    l_r, err);
	if (rc == -1)
		session_list_free(l_r);
	return rc == -1 ? -1 : 0;
}

/* Many tokens at once. */
struct tokens {
	struct session_ask *const *v;
	size_t n;
	uint64_t now;
};

static void
take_token(const bson_t *doc, void *arg)
{
	struct tokens *t = arg;
	uint8_t hash[TOKEN_HASH] = { 0 };

	if (mg_get_u64(doc, "expires") <= t->now)
		return;
	mg_get_hash(doc, hash);
	for (size_t i = 0; i < t->n; i++)
		if (memcmp(t->v[i]->hash, hash, sizeof(hash)) == 0) {
			t->v[i]->found = 1;
			mg_get_session(doc, &t->v[i]->session);
		}
}

void
mg_sessions_get(
    struct db *db, struct session_ask *const *v, size_t n, uint64_t now)
{
	struct mg_pick hashes = { .a = bson_new() };
	struct tokens t = { v, n, now };
	struct err err = { 0 };
	int rc;

	for (size_t i = 0; i < n; i++) {
		v[i]->found = 0;
		mg_pick_hash(&hashes, v[i]->hash);
	}
	rc = mg_find((struct mg *)db, C_SESSIONS,
	    mg_doc("_id:{$in:a}", hashes.a), NULL, take_token, &t, &err);
	for (size_t i = 0; i < n && rc == -1; i++) {
		v[i]->found = -1;
		v[i]->err = err;
	}
}
