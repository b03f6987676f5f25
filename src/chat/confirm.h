/* chat/confirm.h - commands for which one must show one's password again. */
#ifndef CHAT_CONFIRM_H
#define CHAT_CONFIRM_H

#include <stddef.h>
#include <stdint.h>

#include "chat/notice.h"
#include "chat/request.h"
#include "store/users.h"

struct secret {
	size_t len;
	char text[PASSWORD_MAX + 1];
};

/* req->data of these commands; wiped when freed. */
struct confirm {
	struct secret password; /* what was shown */
	struct secret fresh;    /* password: the new one; else len 0 */
	uint32_t memory;        /* MiB of a hash */
	char passhash[PASSHASH_MAX];
	char fresh_hash[PASSHASH_MAX];
	struct event_list more; /* what was written */
	struct notice notice;
	request_work_cb *work;
	request_done_cb *done;
};

/* A new one as req->data. */
struct confirm *confirm_new(struct request *req);

/* Reads a password of the request, and wipes it there. 0, or -1 with req->err.
 */
int confirm_read(struct request *req, const char *field, struct secret *s);

/* Checks c->password and makes c->fresh_hash, if there is a fresh one; then
 * runs work on the writer thread and calls done. Answers itself when the
 * password is wrong or was so too often. */
void confirm_run(
    struct request *req, request_work_cb *work, request_done_cb *done);

#endif
