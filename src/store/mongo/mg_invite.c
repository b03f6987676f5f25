/* store/mongo/mg_invite.c - invitations to make an account. */

#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "store/making.h"
#include "store/mongo/mg.h"

#define LEFT_MS 15000 /* an account that is being made is there by then */

/* One as it is stored, and the folded name of the account it was used for. */
struct used {
	struct invite *v;
	char name[USER_NAME_MAX + 1];
};

static void
take_invite(const bson_t *doc, void *arg)
{
	struct used *u = arg;

	mg_get_invite(doc, u->v);
	mg_get_text(doc, "name", u->name, sizeof(u->name));
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

/* Whoever used it was killed before the account's name was there, which decides
 * that there is the account. 1, 0, -1. */
static int
is_abandoned(struct mg *m, const struct used *by, uint64_t now, struct err *err)
{
	const struct invite *v = by->v;
	struct user u;
	int rc;

	if (v->used == 0 ||
	    (v->used + LEFT_MS > now && !FAILPOINT_FAILS("mongo.late")))
		return 0;
	rc = mg_user_get(&m->db, &v->user, &u, err);
	if (rc == 0) {
		rc = mg_user_by_name(&m->db, by->name, &u, NULL, err);
		rc = rc == 1 ? id_eq(&u.id, &v->user) : rc;
	}
	return rc == -1 ? -1 : rc == 0;
}

/* 1, with whether it is abandoned; 0: there is none; -1. */
static int
get(struct mg *m, const uint8_t *hash, uint64_t now, struct invite *v_r,
    bool *abandoned_r, struct err *err)
{
	struct used by = { .v = v_r };
	int rc =
	    mg_get(m, C_INVITES, mg_doc("_id:h", hash), take_invite, &by, err);

	if (rc != 1)
		return rc;
	rc = is_abandoned(m, &by, now, err);
	*abandoned_r = rc == 1;
	return rc == -1 ? -1 : 1;
}

int
mg_invite_get(
    struct db *db, const uint8_t *hash, struct invite *v_r, struct err *err)
{
	bool abandoned = false;
	int rc =
	    get((struct mg *)db, hash, clock_wall_ms(), v_r, &abandoned, err);

	if (rc == 1 && abandoned) {
		v_r->used = 0;
		v_r->user = (struct id){ 0 };
	}
	return rc;
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

static int
use_again(struct mg *m, const uint8_t *hash, const struct user *u,
    const char *folded, uint64_t now, struct err *err)
{
	struct invite v = { .used = 0 };
	bool abandoned = false;
	int rc = get(m, hash, now, &v, &abandoned, err);

	if (rc != 1 || !abandoned || v.expires <= now)
		return rc == -1 ? -1 : 0;
	return mg_update(m, C_INVITES, mg_doc("_id:h user:b", hash, &v.user),
	    mg_doc("$set:{used:u user:b name:s}", now, &u->id, folded), MG_FIRM,
	    err);
}

int
mg_invite_use(struct mg *m, const uint8_t *hash, const struct user *u,
    const char *folded, struct err *err)
{
	uint64_t now = clock_wall_ms();
	int rc = mg_update(m, C_INVITES,
	    mg_doc("_id:h used:u expires:{$gt:u}", hash, (uint64_t)0, now),
	    mg_doc("$set:{used:u user:b name:s}", now, &u->id, folded), MG_FIRM,
	    err);

	if (rc == 0)
		rc = use_again(m, hash, u, folded, now, err);
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
