/* store/mongo/mg_first.c - the first account: whoever's host it is made on,
 * there is one of it, and one setup code for it. */

#include "base/clock.h"
#include "store/mongo/mg.h"

#define CLAIM_MS 15000 /* a first account takes less to be made */

struct claim {
	struct id user;
	uint64_t at;
};

static void
take_claim(const bson_t *doc, void *arg)
{
	struct claim *c = arg;

	mg_get_id(doc, "user", &c->user);
	c->at = mg_get_u64(doc, "at");
}

static int
not_first(struct err *err)
{
	return err_set(err, ERR_FORBIDDEN, "There is an account already.");
}

int
mg_first_claim(struct mg *m, const struct id *user, struct err *err)
{
	uint64_t now = clock_wall_ms(), n;
	struct claim c;
	int rc;

	if (mg_user_count(&m->db, 1, &n, err) == -1)
		return -1;
	if (n > 0)
		return not_first(err);
	rc = mg_insert(
	    m, C_META, mg_doc("_id:s user:b at:u", "first", user, now), err);
	if (rc != 0)
		return rc == 1 ? 0 : -1;
	rc = mg_get(m, C_META, mg_doc("_id:s", "first"), take_claim, &c, err);
	if (rc == 1 && now < c.at + CLAIM_MS)
		return not_first(err);
	if (rc == 1)
		rc = mg_update(m, C_META,
		    mg_doc("_id:s user:b at:u", "first", &c.user, c.at),
		    mg_doc("$set:{user:b at:u}", user, now), MG_FIRM, err);
	return rc == 1 ? 0 : rc == 0 ? not_first(err) : -1;
}

static void
take_code(const bson_t *doc, void *arg)
{
	mg_get_text(doc, "code", arg, SETUP_CODE);
}

/* The first that was put; who put it does not matter. */
int
mg_setup_code(struct db *db, const char *mine, char *code_r, struct err *err)
{
	struct mg *m = (struct mg *)db;
	int rc = mg_need_indexes(m, err);

	if (rc != -1)
		rc = mg_insert(
		    m, C_META, mg_doc("_id:s code:s", "setup", mine), err);
	if (rc != -1)
		rc = mg_get(m, C_META, mg_doc("_id:s", "setup"), take_code,
		    code_r, err);
	if (rc == 0) /* the first account was made at this moment */
		return not_first(err);
	return rc == -1 ? -1 : 0;
}

void
mg_first_over(struct mg *m)
{
	mg_delete(m, C_META, mg_doc("_id:s", "setup"), NULL);
}
