/* admin/session.c - devices that are logged in: add, list, revoke. */

#include <string.h>

#include "admin/ops.h"
#include "chat/auth.h"

#define SESSIONS_MAX 1000 /* of one answer */

static void
put_session(struct buf *b, const struct session *s)
{
	json_open(b, '{');
	json_kid(b, "id", &s->id);
	json_kid(b, "user", &s->user);
	json_kstr(b, "device", s->device);
	json_ku64(b, "created", s->created);
	json_ku64(b, "used", s->used);
	json_ku64(b, "expires", s->expires);
	json_close(b, '}');
}

static void
add_run(struct db *db, struct admin_call *call)
{
	char token[AUTH_TOKEN];
	uint8_t hash[TOKEN_HASH];
	const char *device = "burungctl";
	size_t len = strlen(device);
	struct session s;
	struct user u;

	if (json_get_str(call->args, "device", &device, &len, call->err) ==
		-1 ||
	    user_check_device(device, len, call->err) == -1 ||
	    admin_need_user(db, call, &u) == -1)
		return;
	auth_token_new(token, hash);
	auth_session_begin(&s, &u.id, device);
	if (db_session_create(db, &s, hash, call->err) == 0) {
		json_kstr(call->out, "token", token);
		json_key(call->out, "session");
		put_session(call->out, &s);
	}
	explicit_bzero(token, sizeof(token));
}

const struct admin_op admin_session_add = {
	.name = "session_add", .flags = ADMIN_WRITE, .run = add_run
};

static void
list_run(struct db *db, struct admin_call *call)
{
	struct session_list l;
	struct user u;

	if (admin_need_user(db, call, &u) == -1 ||
	    db_sessions_of(db, &u.id, SESSIONS_MAX, &l, call->err) == -1)
		return;
	json_key(call->out, "sessions");
	json_open(call->out, '[');
	for (size_t i = 0; i < l.n; i++)
		put_session(call->out, &l.v[i]);
	json_close(call->out, ']');
	session_list_free(&l);
}

const struct admin_op admin_session_list = { .name = "session_list",
	.run = list_run };

static int
revoke_one(struct db *db, struct admin_call *call, const struct id *user,
    const struct id *session)
{
	int alive = db_session_alive(db, user, session, call->err);

	if (alive == 0)
		return err_set(
		    call->err, ERR_NOT_FOUND, "This user has no such session.");
	if (alive == -1)
		return -1;
	return db_session_delete(db, user, session, &call->more, call->err);
}

/* One, or without `session` all. */
static void
revoke_run(struct db *db, struct admin_call *call)
{
	struct id session;
	struct user u;
	int found = json_get_id(call->args, "session", &session, call->err), rc;

	if (found == -1 || admin_need_user(db, call, &u) == -1)
		return;
	rc = found == 1
		 ? revoke_one(db, call, &u.id, &session)
		 : db_sessions_delete(db, &u.id, NULL, &call->more, call->err);
	if (rc == 0)
		json_ku64(call->out, "revoked", call->more.n);
}

const struct admin_op admin_session_revoke = {
	.name = "session_revoke", .flags = ADMIN_WRITE, .run = revoke_run
};
