/* chat/login.h - what register and login share: their fields, the new session
 * and the answer; and whether the first account is still to be made. */
#ifndef CHAT_LOGIN_H
#define CHAT_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat/auth.h"
#include "chat/request.h"

struct login {
	char name[USER_NAME_MAX + 1];
	char password[PASSWORD_MAX + 1]; /* wiped when freed */
	size_t password_len;
	char device[DEVICE_MAX * 4 + 1];
	bool want_token; /* in the answer, no cookie */
	uint32_t memory; /* MiB of a hash */
	char passhash[PASSHASH_MAX];
	bool known;   /* login: there is such an account */
	bool first;   /* register: only as the first account */
	bool invited; /* register: with this invitation */
	uint8_t invite[TOKEN_HASH];
	struct user user;
	struct session session;
	char token[AUTH_TOKEN];
	uint8_t token_hash[TOKEN_HASH];
};

/* Reads name, password, token and device into a new struct login, req->data,
 * and wipes the password in the request. 0, or -1 with req->err. */
int login_read(struct request *req);

/* On a store thread: makes the session of login->user, if login->passhash is
 * still theirs. 0, or -1 with req->err. */
int login_session(struct db *db, struct request *req);

/* Answers with the user and the token, or req->err. */
void login_reply(struct request *req);

/* The setup code, "" once there is an account. */
const char *login_setup_code(const struct chat *chat);

/* There is an account: the setup code is over, on all workers. */
void login_setup_over(struct chat *chat);

/* Calls next at once when the setup is over, else after a look whether an
 * account was made by a worker that could not say so any more. On the loop. */
void login_setup_check(struct request *req, request_done_cb *next);

#endif
