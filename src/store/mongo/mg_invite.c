/* store/mongo/mg_invite.c - invitations to make an account. */

#include <string.h>

#include "base/mem.h"
#include "store/making.h"
#include "store/mongo/mg.h"

#define LEFT_MS 15000 /* an account that is being made is there by then */

static void
take_invite(const bson_t *doc, void *arg)
{
	mg_get_invite(doc, arg);
}

int
mg_invite_create(
    struct db *db, const struct invite *v, const uint8_t *hash, struct err *err)
{
	static const struct id none;
	struct mg *m = (struct mg *)db;

	if (making_may_invite(db, &v->creator, err) == -1)
		return -1;
	return mg_insert(m, C_INVITES,
		   mg_doc("_id:h id:b creator:b created:u expires:u used:u "
			  "user:b",
		       hash, &v->id, &v->creator, v->created, v->expires,
		       (uint64_t)0, &none),
		   err) == -1
		   ? -1
		   : 0;
}

int
mg_invite_get(
    struct db *db, const uint8_t *hash, struct invite *v_r, struct err *err)
{
	return mg_get((struct mg *)db, C_INVITES, mg_doc("_id:h", hash),
	    take_invite, v_r, err);
}

static void
take_one(const bson_t *doc, void *arg)
{
	struct invite_list *l = arg;

	mg_get_invite(doc, &l->v[l->n++]);
}

int
mg_invites(struct db *db, const struct id *before, size_t limit,
    struct invite_list *l_r, struct err *err)
{
	struct id end;
	int rc;

	memset(&end, 0xff, sizeof(end));
	*l_r = (struct invite_list){ 0 };
	if (limit == 0)
		return 0;
	l_r->v = mem_calloc(limit, sizeof(*l_r->v));
	rc = mg_find((struct mg *)db, C_INVITES,
	    mg_doc("id:{$lt:b}", before != NULL ? before : &end),
	    mg_doc("sort:{id:-} limit:u", (uint64_t)limit), take_one, l_r, err);
	if (rc == -1)
		invite_list_free(l_r);
	return rc == -1 ? -1 : 0;
}

int
mg_invite_delete(struct db *db, const struct id *invite, struct err *err)
{
	return mg_delete((struct mg *)db, C_INVITES, mg_doc("id:b", invite),
		   err) == -1
		   ? -1
		   : 0;
}

/* Who used it was killed before there was an account. */
static int
use_again(struct mg *m, const uint8_t *hash, const struct id *user,
    uint64_t now, struct err *err)
{
	struct invite v = { .used = 0 };
	struct user u;
	int rc = mg_invite_get(&m->db, hash, &v, err);

	if (rc != 1 || v.used == 0 || v.used + LEFT_MS > now ||
	    v.expires <= now)
		return rc == -1 ? -1 : 0;
	rc = mg_user_get(&m->db, &v.user, &u, err);
	if (rc != 0)
		return rc == -1 ? -1 : 0;
	return mg_update(m, C_INVITES, mg_doc("_id:h user:b", hash, &v.user),
	    mg_doc("$set:{used:u user:b}", now, user), MG_FIRM, err);
}

int
mg_invite_use(struct mg *m, const uint8_t *hash, const struct id *user,
    uint64_t now, struct err *err)
{
	int rc = mg_update(m, C_INVITES,
	    mg_doc("_id:h used:u expires:{$gt:u}", hash, (uint64_t)0, now),
	    mg_doc("$set:{used:u user:b}", now, user), MG_FIRM, err);

	if (rc == 0)
		rc = use_again(m, hash, user, now, err);
	if (rc == 0)
		return err_set(err, ERR_FORBIDDEN,
		    "This invitation is not good any more.");
	return rc == -1 ? -1 : 0;
}

int
mg_invite_unuse(
    struct mg *m, const uint8_t *hash, const struct id *user, struct err *err)
{
	static const struct id none;

	return mg_update(m, C_INVITES, mg_doc("_id:h user:b", hash, user),
	    mg_doc("$set:{used:u user:b}", (uint64_t)0, &none), MG_FIRM, err);
}
