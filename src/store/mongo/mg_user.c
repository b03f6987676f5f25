/* store/mongo/mg_user.c - accounts. A name belongs to who inserts it first into
 * `names`; that entry carries the whole account until the rest is written, so
 * that whoever finds it can finish what was begun. */

#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "model/text.h"
#include "store/mongo/mg_known.h"
#include "store/words.h"

static void
take_count(const bson_t *doc, void *arg)
{
}

int
mg_user_count(struct db *db, uint64_t limit, uint64_t *n_r, struct err *err)
{
	int n = mg_find((struct mg *)db, C_NAMES, mg_doc(""),
	    mg_doc("limit:u projection:{_id:+}", limit), take_count, NULL, err);

	*n_r = n > 0 ? (uint64_t)n : 0;
	return n == -1 ? -1 : 0;
}

struct found {
	struct user *u;
	uint64_t leaving;
	char *passhash; /* PASSHASH_MAX, or NULL */
};

static void
take_user(const bson_t *doc, void *arg)
{
	struct found *f = arg;

	mg_get_user(doc, f->u);
	f->leaving = mg_get_u64(doc, "leaving");
	if (f->passhash != NULL)
		mg_get_text(doc, "passhash", f->passhash, PASSHASH_MAX);
}

static int
get_user(struct mg *m, const struct id *id, struct user *u_r, char *passhash,
    struct err *err)
{
	struct found f = { .u = u_r, .passhash = passhash };

	return mg_get(m, C_USERS, mg_doc("_id:b", id), take_user, &f, err);
}

int
mg_user_get(
    struct db *db, const struct id *id, struct user *u_r, struct err *err)
{
	return get_user((struct mg *)db, id, u_r, NULL, err);
}

/* Names ------------------------------------------------------------------- */

struct name {
	struct id user;
	bson_t *doc; /* the account, while it is not there */
};

static void
take_name(const bson_t *doc, void *arg)
{
	struct name *n = arg;
	const uint8_t *p;
	bson_iter_t it;
	uint32_t len;

	mg_get_id(doc, "user", &n->user);
	if (!bson_iter_init_find(&it, doc, "doc") ||
	    !BSON_ITER_HOLDS_DOCUMENT(&it))
		return;
	bson_iter_document(&it, &len, &p);
	n->doc = bson_new_from_data(p, len);
}

/* What the name promises is there: the self room, then the account. */
static int
complete(struct mg *m, const char *folded, struct name *n, struct err *err)
{
	uint64_t created = mg_get_u64(n->doc, "created");
	static const struct cid none;
	int rc;

	rc = mg_insert(m, C_ROOMS,
	    mg_doc("_id:b kind:i label:s folded:s topic:s members:u seq:u no:u "
		   "at:u cid:c last_message:u",
		&n->user, (int)ROOM_SELF, "", "", "", (uint64_t)1, (uint64_t)0,
		(uint64_t)0, created, &none, (uint64_t)0),
	    err);
	if (rc != -1)
		rc = mg_insert(m, C_USERS, bson_copy(n->doc), err);
	if (rc != -1)
		rc = mg_update(m, C_NAMES,
		    mg_doc("_id:s user:b", folded, &n->user),
		    mg_doc("$unset:{doc:s}", ""), MG_SOON, err);
	return rc == -1 ? -1 : 0;
}

/* The account of a name. 1, 0 or -1. */
static int
by_name(struct mg *m, const char *folded, struct user *u_r, char *passhash,
    struct err *err)
{
	struct name n = { .doc = NULL };
	int rc =
	    mg_get(m, C_NAMES, mg_doc("_id:s", folded), take_name, &n, err);

	if (n.doc != NULL) {
		rc = complete(m, folded, &n, err) == -1 ? -1 : 1;
		bson_destroy(n.doc);
	}
	if (rc == 1)
		rc = get_user(m, &n.user, u_r, passhash, err);
	if (rc != 1 || u_r->state != USER_GONE)
		return rc;
	/* Deleting it was not finished. */
	return mg_delete(m, C_NAMES, mg_doc("_id:s user:b", folded, &n.user),
		   err) == -1
		   ? -1
		   : 0;
}

int
mg_user_by_name(struct db *db, const char *name, struct user *u_r,
    char *passhash, struct err *err)
{
	char folded[USER_NAME_MAX + 1];

	if (strlen(name) > USER_NAME_MAX)
		return 0;
	user_fold_name(name, folded);
	return by_name((struct mg *)db, folded, u_r, passhash, err);
}

/* Making one --------------------------------------------------------------- */

static bson_t *
account(const struct user *u, const char *folded, const char *passhash)
{
	const char *shown = u->display[0] != '\0' ? u->display : u->name;
	struct buf display = { 0 };
	bson_t *doc;

	text_fold(&display, shown);
	doc =
	    mg_doc("_id:b name:s folded:s display:s display_folded:s "
		   "passhash:s admin:i created:u last_seen:u state:i leaving:u",
		&u->id, u->name, folded, u->display, buf_cstr(&display),
		passhash, (int)u->admin, u->created, u->last_seen,
		(int)u->state, (uint64_t)0);
	buf_free(&display);
	return doc;
}

static int
name_taken(struct err *err)
{
	return err_set(err, ERR_CONFLICT, "This name is taken.");
}

/* The name is the decision. */
static int
add_user(struct mg *m, const struct user *u, const char *passhash,
    const char *folded, struct err *err)
{
	struct name n = { .user = u->id, .doc = account(u, folded, passhash) };
	int rc = mg_insert(m, C_NAMES,
	    mg_doc("_id:s user:b doc:d", folded, &u->id, bson_copy(n.doc)),
	    err);

	FAILPOINT("mongo.named");
	if (rc == 1)
		rc = complete(m, folded, &n, err);
	else if (rc == 0)
		rc = name_taken(err);
	bson_destroy(n.doc);
	return rc;
}

int
mg_user_create(struct db *db, const struct user *u, const char *passhash,
    bool first, const uint8_t *invite, struct err *err)
{
	struct mg *m = (struct mg *)db;
	char folded[USER_NAME_MAX + 1];
	struct user other;
	int rc;

	if (mg_need_indexes(m, err) == -1 ||
	    (first && mg_first_claim(m, &u->id, err) == -1))
		return -1;
	user_fold_name(u->name, folded);
	rc = by_name(m, folded, &other, NULL, err);
	if (rc != 0)
		return rc == 1 ? name_taken(err) : -1;
	if (invite != NULL && mg_invite_use(m, invite, u, folded, err) == -1)
		return -1;
	FAILPOINT("mongo.invite_used");
	rc = add_user(m, u, passhash, folded, err);
	if (rc == 0 && first)
		mg_first_over(m);
	if (rc == -1 && invite != NULL && !mg_is_failure(err))
		mg_invite_unuse(m, invite, &u->id, NULL);
	return rc;
}

/* Lists -------------------------------------------------------------------- */

static void
take_one(const bson_t *doc, void *arg)
{
	struct user_list *l = arg;

	mg_get_user(doc, &l->v[l->n++]);
}

int
mg_users_get(struct db *db, const struct id *ids, size_t n,
    struct user_list *l_r, struct err *err)
{
	int rc;

	l_r->n = 0;
	l_r->v = mem_calloc(n > 0 ? n : 1, sizeof(*l_r->v));
	if (n == 0)
		return 0;
	rc = mg_find((struct mg *)db, C_USERS,
	    mg_doc("_id:{$in:a}", mg_ids(ids, n, sizeof(*ids))), NULL, take_one,
	    l_r, err);
	if (rc == -1)
		user_list_free(l_r);
	return rc == -1 ? -1 : 0;
}

static int
list_users(struct mg *m, bson_t *query, bson_t *opts, size_t limit,
    struct user_list *l_r, struct err *err)
{
	int rc;

	*l_r = (struct user_list){ 0 };
	l_r->v = mem_calloc(limit > 0 ? limit : 1, sizeof(*l_r->v));
	rc = mg_find(m, C_USERS, query, opts, take_one, l_r, err);
	if (rc == -1)
		user_list_free(l_r);
	return rc == -1 ? -1 : 0;
}

int
mg_users_prefix(struct db *db, const char *prefix, const char *after,
    size_t limit, struct user_list *l_r, struct err *err)
{
	struct buf from = { 0 }, to = { 0 }, behind = { 0 };
	bson_t *query;
	int rc;

	*l_r = (struct user_list){ 0 };
	if (limit == 0)
		return 0;
	words_prefix(&from, &to, prefix);
	text_fold(&behind, after);
	query = *prefix == '\0'
		    ? mg_doc("folded:{$gt:s} state:{$lt:i}", buf_cstr(&behind),
			  (int)USER_GONE)
		    : mg_doc("folded:{$gt:s} state:{$lt:i} $or:[ { "
			     "folded:{$gte:s $lt:s} } { "
			     "display_folded:{$gte:s $lt:s} } ]",
			  buf_cstr(&behind), (int)USER_GONE, buf_cstr(&from),
			  buf_cstr(&to), buf_cstr(&from), buf_cstr(&to));
	rc = list_users((struct mg *)db, query,
	    mg_doc("sort:{folded:+ _id:+} limit:u", (uint64_t)limit), limit,
	    l_r, err);
	buf_free(&from);
	buf_free(&to);
	buf_free(&behind);
	return rc;
}

int
mg_users_scan(struct db *db, const struct id *after, size_t limit,
    struct user_list *l_r, struct err *err)
{
	static const struct id start;

	*l_r = (struct user_list){ 0 };
	if (limit == 0)
		return 0;
	return list_users((struct mg *)db,
	    mg_doc("_id:{$gt:b}", after != NULL ? after : &start),
	    mg_doc("sort:{_id:+} limit:u", (uint64_t)limit), limit, l_r, err);
}

int
mg_need_user(struct mg *m, const struct id *user, struct err *err)
{
	struct user u = { .state = USER_GONE };
	struct found f = { .u = &u };
	int rc = mg_get(m, C_USERS, mg_doc("_id:b", user), take_user, &f, err);

	if (rc == 0 || (rc == 1 && (u.state == USER_GONE || f.leaving > 0)))
		return err_set(err, ERR_NOT_FOUND, "There is no such user.");
	return rc == -1 ? -1 : 0;
}

int
mg_user_passhash(
    struct db *db, const struct id *user, char *passhash, struct err *err)
{
	char hash[PASSHASH_MAX];
	struct user u;
	int rc = get_user((struct mg *)db, user, &u, hash, err);

	if (rc != 1 || u.state == USER_GONE)
		return rc == -1 ? -1 : 0;
	memcpy(passhash, hash, sizeof(hash));
	return 1;
}

int
mg_users_seen(
    struct db *db, const struct id *ids, size_t n, uint64_t at, struct err *err)
{
	struct mg *m = (struct mg *)db;
	mongoc_bulk_operation_t *b;

	if (n == 0)
		return 0;
	b = mg_bulk(m, C_USERS, MG_SOON);
	for (size_t i = 0; i < n; i++)
		mg_bulk_update(b, mg_doc("_id:b", &ids[i]),
		    mg_doc("$max:{last_seen:u}", at), 0);
	return mg_bulk_run(m, b, err);
}
