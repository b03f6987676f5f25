/* chat/confirm.c - commands for which one must show one's password again. */

#include "chat/confirm.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/auth.h"
#include "chat/throttle.h"

static void
confirm_free(void *data)
{
	struct confirm *c = data;

	event_list_free(&c->more);
	notice_free(&c->notice);
	sodium_memzero(c, sizeof(*c));
	free(c);
}

struct confirm *
confirm_new(struct request *req)
{
	struct confirm *c;

	MEM_NEW(c);
	c->memory = req->chat->conf->limit_login_memory;
	req->data = c;
	req->data_free = confirm_free;
	return c;
}

/* The strings of a parsed document are its own memory. */
int
confirm_read(struct request *req, const char *field, struct secret *s)
{
	const char *text;
	size_t len;
	int rc;

	if (json_need_str(req->args, field, &text, &len, &req->err) == -1)
		return -1;
	rc = user_check_password(text, len, &req->err);
	if (rc == 0) {
		memcpy(s->text, text, len);
		s->len = len;
	}
	sodium_memzero((void *)(uintptr_t)text, len);
	return rc;
}

/* Only wrong passwords count. */
static void
hashed(struct request *req)
{
	struct confirm *c = req->data;

	if (req->err.code != ERR_UNAUTHORIZED)
		throttle_user_undo(req, RATE_LOGINS, 1);
	if (req->err.code != ERR_NONE)
		request_reply(req);
	else
		request_write(req, c->work, c->done);
}

static int
is_right(struct request *req, const struct secret *s)
{
	struct confirm *c = req->data;

	return auth_password_ok(
	    c->passhash, s->text, s->len, c->memory, &req->err);
}

/* Who asks again for a new password, because the answer was lost, has it
 * already: it stays, and what else belongs to the change is finished. */
static bool
is_repeated(struct request *req)
{
	struct confirm *c = req->data;

	if (c->fresh.len == 0 || is_right(req, &c->fresh) != 1)
		return false;
	memcpy(c->fresh_hash, c->passhash, sizeof(c->fresh_hash));
	return true;
}

static void
hash_work(struct db *db, struct request *req)
{
	struct confirm *c = req->data;
	int rc = is_right(req, &c->password);

	if (rc == 0 && is_repeated(req))
		return;
	if (rc == 0 && req->err.code == ERR_NONE)
		err_set(&req->err, ERR_UNAUTHORIZED, "The password is wrong.");
	else if (rc == 1 && c->fresh.len > 0)
		auth_password_hash(c->fresh.text, c->fresh.len, c->memory,
		    c->fresh_hash, &req->err);
}

static void
found(struct request *req)
{
	if (req->err.code == ERR_NONE) {
		request_hash(req, hash_work, hashed);
		return;
	}
	throttle_user_undo(req, RATE_LOGINS, 1);
	request_reply(req);
}

static void
find_work(struct db *db, struct request *req)
{
	struct confirm *c = req->data;

	if (db_user_passhash(db, &req->user, c->passhash, &req->err) == 0)
		err_set(&req->err, ERR_NOT_FOUND,
		    "This account does not exist any more.");
}

void
confirm_run(struct request *req, request_work_cb *work, request_done_cb *done)
{
	struct confirm *c = req->data;

	c->work = work;
	c->done = done;
	if (throttle_user(req, RATE_LOGINS, 1) == -1)
		request_reply(req);
	else
		request_read(req, find_work, found);
}
