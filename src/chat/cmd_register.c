/* chat/cmd_register.c - a new account; the first one needs the setup code. */

#include <bsd/string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "chat/commands.h"
#include "chat/login.h"
#include "chat/throttle.h"
#include "store/invites.h"

static int
read_display(struct request *req, struct user *u)
{
	const char *s;
	size_t len;
	int found = json_get_str(req->args, "display", &s, &len, &req->err);

	if (found < 1)
		return found;
	if (user_check_display(s, len, &req->err) == -1)
		return -1;
	strlcpy(u->display, s, sizeof(u->display));
	return 0;
}

static int
check_first(struct request *req, struct login *l)
{
	const char *given = "";
	size_t len;

	if (json_get_str(req->args, "setup", &given, &len, &req->err) == -1)
		return -1;
	if (!auth_setup_ok(login_setup_code(req->chat), given))
		return err_set(&req->err, ERR_FORBIDDEN,
		    "The first account needs the setup code that the server "
		    "printed at its start.");
	l->first = true;
	l->user.admin = true;
	return 0;
}

static int
bad_invite(struct err *err)
{
	return err_set(
	    err, ERR_FORBIDDEN, "This invitation is not good (any more).");
}

static int
read_invite(struct request *req, struct login *l)
{
	const char *token;
	size_t len;
	int found = json_get_str(req->args, "invite", &token, &len, &req->err);

	if (found == -1)
		return -1;
	if (found == 0)
		return err_set(&req->err, ERR_FORBIDDEN,
		    "An account needs an invitation here.");
	if (auth_token_hash(token, len, l->invite) == -1)
		return bad_invite(&req->err);
	l->invited = true;
	return 0;
}

static int
register_read(struct request *req)
{
	enum conf_registration registration = req->chat->conf->registration;
	bool setup = login_setup_code(req->chat)[0] != '\0';
	struct login *l;

	if (!setup && registration == REGISTRATION_CLOSED)
		return err_set(&req->err, ERR_FORBIDDEN,
		    "Accounts are made by the administrator here.");
	if (login_read(req) == -1)
		return -1;
	l = req->data;
	l->user.id = id_new();
	l->user.created = clock_wall_ms();
	strlcpy(l->user.name, l->name, sizeof(l->user.name));
	if (read_display(req, &l->user) == -1)
		return -1;
	if (setup)
		return check_first(req, l);
	return registration == REGISTRATION_INVITE ? read_invite(req, l) : 0;
}

static void
store_work(struct db *db, struct request *req)
{
	struct login *l = req->data;
	int rc = l->invited ? db_user_create_invited(db, &l->user, l->passhash,
				  l->invite, &req->err)
			    : db_user_create(db, &l->user, l->passhash,
				  l->first, &req->err);

	if (rc == 0) {
		l->known = true;
		login_session(db, req);
	}
}

static void
stored(struct request *req)
{
	const struct login *l = req->data;

	FAILPOINT("register.stored");
	if (l->first && l->known)
		login_setup_over(req->chat);
	login_reply(req);
}

static void
hash_work(struct db *db, struct request *req)
{
	struct login *l = req->data;

	auth_password_hash(
	    l->password, l->password_len, l->memory, l->passhash, &req->err);
}

/* Accounts that are made from an address count, and names that were tried. */
static int
take_turn(struct request *req)
{
	uint8_t net[16];
	struct limit_key key = { RATE_REGISTRATIONS, net, sizeof(net) };

	limit_net(req->peer, net);
	return throttle(req->chat, &key, 1, &req->err);
}

static void
hashed(struct request *req)
{
	if (req->err.code != ERR_NONE)
		request_reply(req);
	else
		request_write(req, store_work, stored);
}

static int
check_invite(struct db *db, struct login *l, struct err *err)
{
	struct invite v;
	int found = db_invite_get(db, l->invite, &v, err);

	if (found == -1)
		return -1;
	if (found == 0 || v.used > 0 || v.expires <= clock_wall_ms())
		return bad_invite(err);
	return 0;
}

/* What speaks against it is told before a hash is paid for; whether a name is
 * taken only to those who may have one. */
static void
find_work(struct db *db, struct request *req)
{
	struct login *l = req->data;
	struct user other;

	if (l->invited && check_invite(db, l, &req->err) == -1)
		return;

	if (db_user_by_name(db, l->name, &other, NULL, &req->err) == 1)
		err_set(&req->err, ERR_CONFLICT, "This name is taken.");
}

static void
found(struct request *req)
{
	if (req->err.code != ERR_NONE)
		request_reply(req);
	else
		request_hash(req, hash_work, hashed);
}

static void
register_begin(struct request *req)
{
	if (register_read(req) == -1 || take_turn(req) == -1)
		request_reply(req);
	else
		request_read(req, find_work, found);
}

static void
register_run(struct request *req)
{
	login_setup_check(req, register_begin);
}

const struct chat_cmd cmd_register = {
	.name = "register",
	.flags = CMD_PUBLIC | CMD_HTTP_ONLY,
	.run = register_run,
};
