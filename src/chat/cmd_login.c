/* chat/cmd_login.c - a name and a password become a session. */

#include <arpa/inet.h>
#include <string.h>

#include "base/clock.h"
#include "chat/commands.h"
#include "chat/limit.h"
#include "chat/login.h"

/* The name and whoever tries it: the address, of IPv6 the network, since all of
 * that belongs to one. */
struct try_key {
	char name[USER_NAME_MAX + 1];
	uint8_t net[16];
};

static struct try_key
key_of(const struct request *req)
{
	const struct login *l = req->data;
	struct try_key key = { 0 };
	uint8_t *net = key.net;

	user_fold_name(l->name, key.name);
	if (req->peer == NULL || inet_pton(AF_INET, req->peer, net) == 1)
		return key;
	if (inet_pton(AF_INET6, req->peer, net) == 1)
		memset(net + 8, 0, 8);
	return key;
}

/* 0, or -1 with req->err when there were too many wrong ones. */
static int
take_try(struct request *req)
{
	struct try_key key = key_of(req);
	uint32_t wait =
	    limit_take(req->chat->logins, &key, sizeof(key), clock_mono_ms());

	if (wait == 0)
		return 0;
	err_set(&req->err, ERR_SLOW_DOWN,
	    "Too many wrong passwords; wait a little.");
	req->err.retry_ms = (int)wait;
	return -1;
}

static void
give_try(struct request *req)
{
	struct try_key key = key_of(req);

	limit_give(req->chat->logins, &key, sizeof(key));
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

	if (!auth_password_ok(l->known ? l->passhash : NULL, l->password,
		l->password_len, l->memory))
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
