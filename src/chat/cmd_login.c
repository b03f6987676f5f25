/* chat/cmd_login.c - a name and a password become a session. */

#include "chat/commands.h"
#include "chat/login.h"
#include "chat/throttle.h"

/* The name and whoever tries it: the address, of IPv6 the network, since all of
 * that belongs to one. */
struct
try {
	char name[USER_NAME_MAX + 1];
	uint8_t net[16];
};

#define TRIES 3

static struct try
try_of(const struct request *req)
{
	const struct login *l = req->data;
	struct try t = { 0 };

	user_fold_name(l->name, t.name);
	limit_net(req->peer, t.net);
	return t;
}

/* A wrong password counts for the two together and for each. */
static void
keys_of(const struct try *t, struct limit_key keys[TRIES])
{
	keys[0] = (struct limit_key){ RATE_LOGINS, t, sizeof(*t) };
	keys[1] =
	    (struct limit_key){ RATE_LOGINS_ADDRESS, t->net, sizeof(t->net) };
	keys[2] =
	    (struct limit_key){ RATE_LOGINS_ACCOUNT, t->name, sizeof(t->name) };
}

/* 0, or -1 with req->err when there were too many wrong ones. */
static int
take_try(struct request *req)
{
	struct try t = try_of(req);
	struct limit_key keys[TRIES];

	keys_of(&t, keys);
	for (size_t i = 0; i < TRIES; i++) {
		if (throttle(req->chat, &keys[i], 1, &req->err) == 0)
			continue;
		while (i-- > 0)
			throttle_undo(req->chat, &keys[i], 1);
		return -1;
	}
	return 0;
}

static void
give_try(struct request *req)
{
	struct try t = try_of(req);
	struct limit_key keys[TRIES];

	keys_of(&t, keys);
	for (size_t i = 0; i < TRIES; i++)
		throttle_undo(req->chat, &keys[i], 1);
}

static void
session_work(struct db *db, struct request *req)
{
	login_session(db, req);
}

static void
hash_work(struct db *db, struct request *req)
{
	struct login *l = req->data;

	if (auth_password_ok(l->known ? l->passhash : NULL, l->password,
		l->password_len, l->memory, &req->err) == 0)
		err_set(&req->err, ERR_UNAUTHORIZED,
		    "The name or the password is wrong.");
}

/* Only wrong passwords count. */
static void
hashed(struct request *req)
{
	if (req->err.code != ERR_UNAUTHORIZED)
		give_try(req);
	if (req->err.code != ERR_NONE)
		request_reply(req);
	else
		request_write(req, session_work, login_reply);
}

static void
find_work(struct db *db, struct request *req)
{
	struct login *l = req->data;

	l->known =
	    db_user_by_name(db, l->name, &l->user, l->passhash, &req->err) == 1;
}

static void
found(struct request *req)
{
	if (req->err.code != ERR_NONE) {
		give_try(req);
		request_reply(req);
	} else {
		request_hash(req, hash_work, hashed);
	}
}

static void
login_run(struct request *req)
{
	if (login_read(req) == -1 || take_try(req) == -1)
		request_reply(req);
	else
		request_read(req, find_work, found);
}

const struct chat_cmd cmd_login = {
	.name = "login",
	.flags = CMD_PUBLIC | CMD_HTTP_ONLY,
	.run = login_run,
};
