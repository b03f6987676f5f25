/* admin/user.c - accounts: add, list, show, passwd, disable, enable, admin,
 * remove. */

#include <bsd/string.h>
#include <string.h>

#include "admin/ops.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "chat/auth.h"
#include "store/rooms.h"

int
admin_need_user(struct db *db, struct admin_call *call, struct user *u_r)
{
	const char *name;
	struct id id;
	size_t len;
	int found;

	if (json_need_str(call->args, "user", &name, &len, call->err) == -1)
		return -1;
	found = db_user_by_name(db, name, u_r, NULL, call->err);
	if (found == 0 && id_parse(name, len, &id) == 0)
		found = db_user_get(db, &id, u_r, call->err);
	if (found == 0)
		return err_set(call->err, ERR_NOT_FOUND,
		    "There is no user ‘%.*s’.", (int)utf8_cut(name, len, 64),
		    name);
	return found == -1 ? -1 : 0;
}

static void
put_user(struct buf *b, const struct user *u)
{
	json_open(b, '{');
	json_kid(b, "id", &u->id);
	json_kstr(b, "name", u->name);
	json_kstr(b, "display", u->display);
	json_kbool(b, "admin", u->admin);
	json_kstr(b, "state", user_state_name(u->state));
	json_ku64(b, "created", u->created);
	json_ku64(b, "last_seen", u->last_seen);
	json_close(b, '}');
}

static void
answer_user(struct admin_call *call, const struct user *u)
{
	json_key(call->out, "user");
	put_user(call->out, u);
}

/* The account as it is after a change. */
static void
answer_changed(struct db *db, struct admin_call *call, const struct id *user)
{
	struct user u;

	if (db_user_get(db, user, &u, call->err) == 1)
		answer_user(call, &u);
}

/* Into call->passhash. */
static void
hash_password(struct admin_call *call)
{
	const char *s;
	size_t len;

	if (json_need_str(call->args, "password", &s, &len, call->err) == -1 ||
	    user_check_password(s, len, call->err) == -1)
		return;
	auth_password_hash(
	    s, len, call->conf->limit_login_memory, call->passhash, call->err);
}

/* add ---------------------------------------------------------------------- */

static int
read_new(struct admin_call *call, struct user *u)
{
	const char *s;
	size_t len;
	int found;

	*u = (struct user){ .id = id_new(), .created = clock_wall_ms() };
	if (json_need_str(call->args, "user", &s, &len, call->err) == -1 ||
	    user_check_name(s, len, call->err) == -1 ||
	    json_get_bool(call->args, "admin", &u->admin, call->err) == -1)
		return -1;
	strlcpy(u->name, s, sizeof(u->name));
	found = json_get_str(call->args, "display", &s, &len, call->err);
	if (found < 1)
		return found;
	if (user_check_display(s, len, call->err) == -1)
		return -1;
	strlcpy(u->display, s, sizeof(u->display));
	return 0;
}

/* What is wrong with the rest is told before a hash is paid for. */
static void
add_prepare(struct admin_call *call)
{
	struct user u;

	if (read_new(call, &u) == 0)
		hash_password(call);
}

static void
add_run(struct db *db, struct admin_call *call)
{
	struct user u;

	if (read_new(call, &u) == 0 &&
	    db_user_create(db, &u, call->passhash, false, call->err) == 0)
		answer_user(call, &u);
}

const struct admin_op admin_user_add = { .name = "user_add",
	.flags = ADMIN_WRITE,
	.prepare = add_prepare,
	.run = add_run };

/* list, show --------------------------------------------------------------- */

static void
list_run(struct db *db, struct admin_call *call)
{
	const char *prefix = "", *after = "";
	struct user_list l;
	size_t len;

	if (json_get_str(call->args, "prefix", &prefix, &len, call->err) ==
		-1 ||
	    json_get_str(call->args, "after", &after, &len, call->err) == -1 ||
	    db_users_prefix(db, prefix, after, ADMIN_PAGE, &l, call->err) == -1)
		return;
	json_key(call->out, "users");
	json_open(call->out, '[');
	for (size_t i = 0; i < l.n; i++)
		put_user(call->out, &l.v[i]);
	json_close(call->out, ']');
	if (l.n == ADMIN_PAGE)
		json_kstr(call->out, "next", l.v[l.n - 1].name);
	user_list_free(&l);
}

const struct admin_op admin_user_list = { .name = "user_list",
	.run = list_run };

static void
show_run(struct db *db, struct admin_call *call)
{
	struct head_list rooms;
	struct session_list sessions;
	struct user u;

	if (admin_need_user(db, call, &u) == -1 ||
	    db_heads_of(db, &u.id, &rooms, call->err) == -1)
		return;
	if (db_sessions_of(db, &u.id, ADMIN_PAGE, &sessions, call->err) == 0) {
		answer_user(call, &u);
		json_ku64(call->out, "rooms", rooms.n);
		json_ku64(call->out, "sessions", sessions.n);
		session_list_free(&sessions);
	}
	head_list_free(&rooms);
}

const struct admin_op admin_user_show = { .name = "user_show",
	.run = show_run };

/* Changes ------------------------------------------------------------------ */

static void
passwd_run(struct db *db, struct admin_call *call)
{
	struct user u;

	if (admin_need_user(db, call, &u) == 0 &&
	    db_user_set_password(
		db, &u.id, call->passhash, NULL, &call->more, call->err) == 0)
		answer_changed(db, call, &u.id);
}

const struct admin_op admin_user_passwd = { .name = "user_passwd",
	.flags = ADMIN_WRITE,
	.prepare = hash_password,
	.run = passwd_run };

static void
set_disabled(struct db *db, struct admin_call *call, bool on)
{
	struct user u;

	if (admin_need_user(db, call, &u) == 0 &&
	    db_user_disable(db, &u.id, on, &call->more, call->err) == 0)
		answer_changed(db, call, &u.id);
}

static void
disable_run(struct db *db, struct admin_call *call)
{
	set_disabled(db, call, true);
}

static void
enable_run(struct db *db, struct admin_call *call)
{
	set_disabled(db, call, false);
}

const struct admin_op admin_user_disable = {
	.name = "user_disable", .flags = ADMIN_WRITE, .run = disable_run
};
const struct admin_op admin_user_enable = {
	.name = "user_enable", .flags = ADMIN_WRITE, .run = enable_run
};

static void
admin_run(struct db *db, struct admin_call *call)
{
	bool on = true;
	struct user u;

	if (json_get_bool(call->args, "on", &on, call->err) == -1 ||
	    admin_need_user(db, call, &u) == -1 ||
	    db_user_set_admin(db, &u.id, on, call->err) == -1)
		return;
	answer_changed(db, call, &u.id);
}

const struct admin_op admin_user_admin = {
	.name = "user_admin", .flags = ADMIN_WRITE, .run = admin_run
};

static void
remove_run(struct db *db, struct admin_call *call)
{
	struct user u;

	if (admin_need_user(db, call, &u) == 0 &&
	    db_user_remove(db, &u.id, &call->more, call->err) == 0)
		answer_user(call, &u);
}

const struct admin_op admin_user_remove = {
	.name = "user_remove", .flags = ADMIN_WRITE, .run = remove_run
};
