/* store/mongo/mg_call.c - the calls that go to the server. */

#include <string.h>

#include "store/mongo/mg.h"

#define DUPLICATE 11000

static bool
is_duplicate(const bson_error_t *e)
{
	return e->code == DUPLICATE && (e->domain == MONGOC_ERROR_COLLECTION ||
					   e->domain == MONGOC_ERROR_SERVER ||
					   e->domain == MONGOC_ERROR_COMMAND);
}

int
mg_find(struct mg *m, enum mg_coll c, bson_t *query, bson_t *opts,
    mg_row_fn *fn, void *arg, struct err *err)
{
	mongoc_cursor_t *cur;
	const bson_t *doc;
	bson_error_t e;
	int n = 0;

	if (mg_away(m, err)) {
		n = -1;
		goto out;
	}
	cur = mongoc_collection_find_with_opts(m->coll[c], query, opts, NULL);
	for (; mongoc_cursor_next(cur, &doc); n++)
		if (fn != NULL)
			fn(doc, arg);
	if (mongoc_cursor_error(cur, &e))
		n = mg_fail(m, &e, err);
	else
		m->db.ok = true;
	mongoc_cursor_destroy(cur);
out:
	bson_destroy(query);
	if (opts != NULL)
		bson_destroy(opts);
	return n;
}

int
mg_get(struct mg *m, enum mg_coll c, bson_t *query, mg_row_fn *fn, void *arg,
    struct err *err)
{
	return mg_find(
	    m, c, query, mg_doc("limit:+ singleBatch:y"), fn, arg, err);
}

int
mg_any(struct mg *m, enum mg_coll c, bson_t *query, struct err *err)
{
	return mg_find(m, c, query,
	    mg_doc("limit:+ singleBatch:y projection:{_id:+}"), NULL, NULL,
	    err);
}

int
mg_insert(struct mg *m, enum mg_coll c, bson_t *doc, struct err *err)
{
	bson_error_t e;
	int rc = 1;

	if (mg_away(m, err))
		rc = -1;
	else if (mongoc_collection_insert_one(m->coll[c], doc, NULL, NULL, &e))
		m->db.ok = true;
	else
		rc = is_duplicate(&e) ? 0 : mg_fail(m, &e, err);
	bson_destroy(doc);
	return rc;
}

static bson_t *
write_opts(int how)
{
	bson_t *opts =
	    how & MG_SOON ? mg_doc("writeConcern:{w:+}") : bson_new();

	if (how & MG_UPSERT)
		BSON_APPEND_BOOL(opts, "upsert", true);
	return opts;
}

int
mg_update(struct mg *m, enum mg_coll c, bson_t *query, bson_t *update, int how,
    struct err *err)
{
	bson_t *opts = write_opts(how), reply;
	bson_error_t e;
	bool good;
	int rc = -1;

	if (mg_away(m, err))
		goto out;
	good = how & MG_BY_ANY ? mongoc_collection_update_many(m->coll[c],
				     query, update, opts, &reply, &e)
			       : mongoc_collection_update_one(m->coll[c], query,
				     update, opts, &reply, &e);
	if (good) {
		m->db.ok = true;
		rc = (int)(mg_get_u64(&reply, "matchedCount") +
			   mg_get_u64(&reply, "upsertedCount"));
	} else {
		rc = is_duplicate(&e) ? 0 : mg_fail(m, &e, err);
	}
	bson_destroy(&reply);
out:
	bson_destroy(query);
	bson_destroy(update);
	bson_destroy(opts);
	return rc;
}

int
mg_delete(struct mg *m, enum mg_coll c, bson_t *query, struct err *err)
{
	bson_error_t e;
	bson_t reply;
	int rc = -1;

	if (mg_away(m, err))
		goto out;
	if (mongoc_collection_delete_many(
		m->coll[c], query, NULL, &reply, &e)) {
		m->db.ok = true;
		rc = (int)mg_get_u64(&reply, "deletedCount");
	} else {
		rc = mg_fail(m, &e, err);
	}
	bson_destroy(&reply);
out:
	bson_destroy(query);
	return rc;
}

mongoc_bulk_operation_t *
mg_bulk(struct mg *m, enum mg_coll c, int how)
{
	bson_t *opts = write_opts(how & MG_SOON);
	mongoc_bulk_operation_t *b;

	BSON_APPEND_BOOL(opts, "ordered", false);
	b = mongoc_collection_create_bulk_operation_with_opts(m->coll[c], opts);
	bson_destroy(opts);
	return b;
}

void
mg_bulk_update(
    mongoc_bulk_operation_t *b, bson_t *query, bson_t *update, int how)
{
	bson_t *opts = write_opts(how & MG_UPSERT);

	if (how & MG_BY_ANY)
		mongoc_bulk_operation_update_many_with_opts(
		    b, query, update, opts, NULL);
	else
		mongoc_bulk_operation_update_one_with_opts(
		    b, query, update, opts, NULL);
	bson_destroy(query);
	bson_destroy(update);
	bson_destroy(opts);
}

/* What a reply says was wrong with single documents: the first that is not a
 * duplicate into *e. False: none. */
static bool
real_error(const bson_t *reply, bson_error_t *e)
{
	bson_iter_t it, each, field;

	if (!bson_iter_init_find(&it, reply, "writeErrors") ||
	    !bson_iter_recurse(&it, &each))
		return false;
	while (bson_iter_next(&each)) {
		if (!bson_iter_recurse(&each, &field) ||
		    !bson_iter_find(&field, "code"))
			continue;
		e->domain = MONGOC_ERROR_SERVER;
		e->code = (uint32_t)bson_iter_as_int64(&field);
		if (e->code != DUPLICATE)
			return true;
	}
	return false;
}

static bool
has_elements(const bson_t *reply, const char *name)
{
	bson_iter_t it, each;

	return bson_iter_init_find(&it, reply, name) &&
	       bson_iter_recurse(&it, &each) && bson_iter_next(&each);
}

int
mg_bulk_run(struct mg *m, mongoc_bulk_operation_t *b, struct err *err)
{
	bson_error_t e;
	bson_t reply;
	int rc = -1;

	if (mg_away(m, err)) {
		mongoc_bulk_operation_destroy(b);
		return -1;
	}
	if (mongoc_bulk_operation_execute(b, &reply, &e) > 0 ||
	    (is_duplicate(&e) && !real_error(&reply, &e) &&
		!has_elements(&reply, "writeConcernErrors"))) {
		m->db.ok = true;
		rc = 0;
	} else {
		mg_fail(m, &e, err);
	}
	bson_destroy(&reply);
	mongoc_bulk_operation_destroy(b);
	return rc;
}

/* The number of the document that was a duplicate, and the server's words. */
static bool
first_duplicate(const bson_t *reply, size_t *index_r, const char **words_r)
{
	bson_iter_t it, each, field;
	bool found = false;

	*words_r = "";
	if (!bson_iter_init_find(&it, reply, "writeErrors") ||
	    !bson_iter_recurse(&it, &each) || !bson_iter_next(&each) ||
	    !bson_iter_recurse(&each, &field))
		return false;
	while (bson_iter_next(&field)) {
		const char *key = bson_iter_key(&field);

		if (strcmp(key, "index") == 0)
			*index_r = (size_t)bson_iter_as_int64(&field);
		else if (strcmp(key, "code") == 0)
			found = bson_iter_as_int64(&field) == DUPLICATE;
		else if (strcmp(key, "errmsg") == 0 &&
			 BSON_ITER_HOLDS_UTF8(&field))
			*words_r = bson_iter_utf8(&field, NULL);
	}
	return found;
}

int
mg_insert_many(struct mg *m, enum mg_coll c, const bson_t **docs, size_t n,
    size_t *n_r, bool *seq_taken_r, struct err *err)
{
	const char *words;
	bson_error_t e;
	bson_t reply;
	int rc = -1;

	*n_r = 0;
	if (mg_away(m, err))
		return -1;
	if (mongoc_collection_insert_many(
		m->coll[c], docs, n, NULL, &reply, &e)) {
		m->db.ok = true;
		*n_r = n;
		rc = 1;
	} else if (is_duplicate(&e) && first_duplicate(&reply, n_r, &words) &&
		   !has_elements(&reply, "writeConcernErrors")) {
		m->db.ok = true;
		*seq_taken_r = strstr(words, "room_from_cid") == NULL;
		rc = 0;
	} else {
		*n_r = 0;
		mg_fail(m, &e, err);
	}
	bson_destroy(&reply);
	return rc;
}
