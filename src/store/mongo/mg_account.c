/* store/mongo/mg_account.c - what becomes of accounts: another password,
 * disabled, administrator, deleted. */

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/mem.h"
#include "model/text.h"
#include "store/making.h"
#include "store/mongo/mg_known.h"

#define LEAVING_MS 30000 /* a deletion takes less */

/* rows: how many an update found. */
static int
need_row(int rows, struct err *err)
{
	if (rows == 0)
		return err_set(err, ERR_NOT_FOUND, "There is no such user.");
	return rows == -1 ? -1 : 0;
}

/* Who is not gone. */
static bson_t *
account(const struct id *user)
{
	return mg_doc("_id:b state:{$lt:i}", user, (int)USER_GONE);
}

/* need_row of an account whose password has to be was, if that is not NULL. */
static int
need_password(int rows, const char *was, struct err *err)
{
	if (rows == 0 && was != NULL)
		return err_set(
		    err, ERR_UNAUTHORIZED, "The old password is wrong.");
	return need_row(rows, err);
}

/* The account, as long as its password is was; NULL: whatever it is. */
static bson_t *
with_password(const struct id *user, const char *was)
{
	bson_t *query = account(user);

	if (was != NULL)
		BSON_APPEND_UTF8(query, "passhash", was);
	return query;
}

/* The other sessions end before the password is another, so that whoever is cut
 * off in between can ask for the same again; and once more behind it: somebody
 * may have logged in with the former one meanwhile. */
int
mg_user_set_password(struct db *db, const struct id *user, const char *was,
    const char *passhash, const struct id *keep, struct event_list *more,
    struct err *err)
{
	struct mg *m = (struct mg *)db;
	int rows;

	*more = (struct event_list){ 0 };
	rows = mg_any(m, C_USERS, with_password(user, was), err);
	if (need_password(rows, was, err) == 0 &&
	    mg_revoke_sessions(m, user, keep, more, err) == 0) {
		FAILPOINT("mongo.before_password");
		rows = mg_update(m, C_USERS, with_password(user, was),
		    mg_doc("$set:{passhash:s}", passhash), MG_FIRM, err);
		FAILPOINT("mongo.after_password");
		if (need_password(rows, was, err) == 0 &&
		    mg_revoke_sessions(m, user, keep, more, err) == 0)
			return 0;
	}
	event_list_free(more);
	return -1;
}

int
mg_user_set_display(
    struct db *db, const struct id *user, const char *display, struct err *err)
{
	struct mg *m = (struct mg *)db;
	struct buf folded = { 0 };
	struct user u;
	int rc = mg_user_get(db, user, &u, err);

	if (rc != 1)
		return need_row(rc, err);
	text_fold(&folded, display[0] != '\0' ? display : u.name);
	rc = mg_update(m, C_USERS, account(user),
	    mg_doc("$set:{display:s display_folded:s}", display,
		buf_cstr(&folded)),
	    MG_FIRM, err);
	buf_free(&folded);
	return need_row(rc, err);
}

int
mg_user_disable(struct db *db, const struct id *user, bool on,
    struct event_list *more, struct err *err)
{
	struct mg *m = (struct mg *)db;
	int rows;

	*more = (struct event_list){ 0 };
	rows = mg_update(m, C_USERS, account(user),
	    mg_doc("$set:{state:i}", on ? USER_DISABLED : USER_ACTIVE), MG_FIRM,
	    err);
	if (need_row(rows, err) == -1)
		return -1;
	if (!on || mg_revoke_sessions(m, user, NULL, more, err) == 0)
		return 0;
	event_list_free(more);
	return -1;
}

int
mg_user_set_admin(
    struct db *db, const struct id *user, bool admin, struct err *err)
{
	return need_row(mg_update((struct mg *)db, C_USERS, account(user),
			    mg_doc("$set:{admin:i}", (int)admin), MG_FIRM, err),
	    err);
}

/* Deleting ----------------------------------------------------------------- */

/* Ids of the groups somebody is in. */
struct rooms {
	struct id *v;
	size_t n;
};

static void
push_id(struct rooms *l, const struct id *id)
{
	if ((l->n & (l->n - 1)) == 0)
		l->v = mem_reallocarray(
		    l->v, l->n == 0 ? 1 : l->n * 2, sizeof(*l->v));
	l->v[l->n++] = *id;
}

static void
take_place(const bson_t *doc, void *arg)
{
	struct id room;

	mg_get_id(doc, "room", &room);
	push_id(arg, &room);
}

static void
take_room(const bson_t *doc, void *arg)
{
	struct id room;

	mg_get_id(doc, "_id", &room);
	push_id(arg, &room);
}

static int
find_groups(
    struct mg *m, const struct id *user, struct rooms *l, struct err *err)
{
	struct rooms all = { 0 };
	int rc = mg_find(m, C_MEMBERS,
	    mg_doc("user:b role:{$gt:i}", user, (int)ROLE_NONE), NULL,
	    take_place, &all, err);

	if (rc > 0)
		rc = mg_find(m, C_ROOMS,
		    mg_doc("_id:{$in:a} kind:{$lte:i}",
			mg_ids(all.v, all.n, sizeof(*all.v)),
			(int)ROOM_PRIVATE),
		    mg_doc("sort:{_id:+}"), take_room, l, err);
	free(all.v);
	return rc;
}

/* As if the user had asked for it. */
static int
leave(struct mg *m, const struct id *user, const struct id *room,
    struct event_list *more, struct err *err)
{
	struct event ev;
	struct append a = { .ev = &ev, .n = 1 };
	bool failed;
	int rc;

	making_leave(&ev, user, room);
	rc = mg_append_one(m, &a, err);
	failed = rc == -1 && mg_is_failure(&a.err);
	making_left(&a, rc, more);
	return failed ? -1 : 0; /* or out already */
}

int
mg_leave_all(struct mg *m, const struct id *user, struct event_list *more,
    struct err *err)
{
	struct rooms l = { 0 };
	int rc = find_groups(m, user, &l, err);

	for (size_t i = 0; i < l.n && rc != -1; i++)
		rc = leave(m, user, &l.v[i], more, err);
	free(l.v);
	return rc == -1 ? -1 : 0;
}

static int
mark(struct mg *m, const struct id *user, uint64_t leaving, struct err *err)
{
	return need_row(mg_update(m, C_USERS, account(user),
			    mg_doc("$set:{leaving:u}", leaving), MG_FIRM, err),
	    err);
}

/* One at a time deletes it; another may go on when the first was killed. */
static int
claim(struct mg *m, const struct id *user, struct err *err)
{
	uint64_t now = clock_wall_ms();

	return need_row(mg_update(m, C_USERS,
			    mg_doc("_id:b state:{$lt:i} leaving:{$lte:u}", user,
				(int)USER_GONE, now - LEAVING_MS),
			    mg_doc("$set:{leaving:u}", now), MG_FIRM, err),
	    err);
}

/* Without an administrator nobody could make one. Who is about to leave does
 * not count, so that two do not leave at the same time. */
static int
check_spare(struct mg *m, const struct id *user, struct err *err)
{
	struct user u;
	int rc = mg_user_get(&m->db, user, &u, err);

	if (rc != 1 || !u.admin)
		return rc == -1 ? -1 : 0;
	rc = mg_any(m, C_USERS,
	    mg_doc("admin:+ state:i leaving:u _id:{$ne:b}", (int)USER_ACTIVE,
		(uint64_t)0, user),
	    err);
	if (rc != 0)
		return rc == -1 ? -1 : 0;
	if (mark(m, user, 0, err) == -1)
		return -1;
	return err_set(err, ERR_FORBIDDEN,
	    "You are the only administrator: let somebody else "
	    "become one first.");
}

struct name {
	char folded[USER_NAME_MAX + 1];
};

static void
take_name(const bson_t *doc, void *arg)
{
	struct name *n = arg;

	mg_get_text(doc, "folded", n->folded, sizeof(n->folded));
}

/* Names begin with a letter, a digit or one of . _ -, so this is none. */
static int
take_name_away(struct mg *m, const struct id *user, struct err *err)
{
	char hex[ID_HEX], folded[ID_HEX + 1];
	struct name n = { .folded = "" };

	if (mg_get(m, C_USERS, mg_doc("_id:b", user), take_name, &n, err) == -1)
		return -1;
	snprintf(folded, sizeof(folded), "#%s", id_hex(user, hex));
	if (need_row(
		mg_update(m, C_USERS, mg_doc("_id:b", user),
		    mg_doc("$set:{state:i admin:i name:s folded:s "
			   "display:s display_folded:s passhash:s "
			   "last_seen:u}",
			(int)USER_GONE, 0, "", folded, "", "", "", (uint64_t)0),
		    MG_FIRM, err),
		err) == -1)
		return -1;
	return mg_delete(m, C_NAMES, mg_doc("_id:s user:b", n.folded, user),
		   err) == -1
		   ? -1
		   : 0;
}

/* In an order that can be begun again: who is about to leave is added nowhere
 * any more; the name goes last. */
static int
remove_user(struct mg *m, const struct id *user, bool spare_admin,
    struct event_list *more, struct err *err)
{
	if (mg_need_indexes(m, err) == -1 || claim(m, user, err) == -1)
		return -1;
	if ((!spare_admin || check_spare(m, user, err) == 0) &&
	    mg_leave_all(m, user, more, err) == 0 &&
	    mg_revoke_sessions(m, user, NULL, more, err) == 0 &&
	    take_name_away(m, user, err) == 0)
		return 0;
	mark(m, user, 0, NULL); /* to be tried again at once */
	return -1;
}

int
mg_user_remove(struct db *db, const struct id *user, bool spare_admin,
    struct event_list *more, struct err *err)
{
	*more = (struct event_list){ 0 };
	if (remove_user((struct mg *)db, user, spare_admin, more, err) == 0)
		return 0;
	event_list_free(more);
	return -1;
}
