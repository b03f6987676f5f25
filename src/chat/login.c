/* chat/login.c - what register and login share. */

#include "chat/login.h"

#include <bsd/string.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void
login_free(void *data)
{
	sodium_memzero(data, sizeof(struct login));
	free(data);
}

/* The strings of a parsed document are its own memory. */
static void
wipe(const char *s, size_t len)
{
	sodium_memzero((void *)(uintptr_t)s, len);
}

static int
read_password(struct request *req, struct login *l)
{
	const char *s;
	size_t len;
	int rc;

	if (json_need_str(req->args, "password", &s, &len, &req->err) == -1)
		return -1;
	rc = user_check_password(s, len, &req->err);
	if (rc == 0) {
		memcpy(l->password, s, len);
		l->password_len = len;
	}
	wipe(s, len);
	return rc;
}

static int
read_device(struct request *req, struct login *l)
{
	const char *s;
	size_t len;
	int found = json_get_str(req->args, "device", &s, &len, &req->err);

	if (found < 1)
		return found;
	if (user_check_device(s, len, &req->err) == -1)
		return -1;
	strlcpy(l->device, s, sizeof(l->device));
	return 0;
}

int
login_read(struct request *req)
{
	struct login *l;
	const char *name;
	size_t len;

	MEM_NEW(l);
	l->memory = req->chat->conf->limit_login_memory;
	req->data = l;
	req->data_free = login_free;
	if (read_password(req, l) == -1 ||
	    json_need_str(req->args, "name", &name, &len, &req->err) == -1 ||
	    user_check_name(name, len, &req->err) == -1 ||
	    json_get_bool(req->args, "token", &l->want_token, &req->err) == -1)
		return -1;
	strlcpy(l->name, name, sizeof(l->name));
	return read_device(req, l);
}

int
login_session(struct db *db, struct request *req)
{
	struct login *l = req->data;

	auth_token_new(l->token, l->token_hash);
	auth_session_begin(&l->session, &l->user.id, l->device);
	return db_session_login(
	    db, &l->session, l->token_hash, l->passhash, &req->err);
}

void
login_reply(struct request *req)
{
	const struct login *l = req->data;

	if (req->err.code == ERR_NONE) {
		json_key(&req->out, "user");
		user_json(&req->out, &l->user);
		if (l->want_token)
			json_kstr(&req->out, "token", l->token);
		else if (req->ops->cookie != NULL)
			req->ops->cookie(req, l->token);
	}
	request_reply(req);
}

const char *
login_setup_code(const struct chat *chat)
{
	return chat->c.setup_code;
}

void
login_setup_over(struct chat *chat)
{
	sodium_memzero(chat->c.setup_code, strlen(chat->c.setup_code));
}

struct setup_check {
	request_done_cb *next;
	uint64_t accounts;
};

static void
check_work(struct db *db, struct request *req)
{
	struct setup_check *check = req->data;

	db_user_count(db, 1, &check->accounts, &req->err);
}

static void
checked(struct request *req)
{
	struct setup_check *check = req->data;
	request_done_cb *next = check->next;

	if (check->accounts > 0)
		login_setup_over(req->chat);
	free(check);
	req->data = NULL;
	if (req->err.code != ERR_NONE)
		request_reply(req);
	else
		next(req);
}

void
login_setup_check(struct request *req, request_done_cb *next)
{
	struct setup_check *check;

	if (login_setup_code(req->chat)[0] == '\0') {
		next(req);
		return;
	}
	MEM_NEW(check);
	check->next = next;
	req->data = check;
	request_read(req, check_work, checked);
}
