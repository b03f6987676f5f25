/* gate/gate_private.h - what the files of src/gate share. */
#ifndef GATE_GATE_PRIVATE_H
#define GATE_GATE_PRIVATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "chat/chat.h"
#include "gate/gate.h"
#include "http/server.h"
#include "http/static.h"
#include "http/wsconn.h"
#include "net/loop.h"

struct gather;

struct gate {
	struct chat *chat;
	struct http_server *http;
	struct wspool *pool;
	struct gather *entries;     /* that wait to be known */
	struct static_files *files; /* NULL: no client is served */
	const char *version;
	void (*not_ready)(struct buf *why, void *arg);
	void *not_ready_arg;
	struct gate_admin admin;
	bool draining;
	loop_cb *drained;
	void *drained_arg;
};

/* Counts the error and appends {"code":…,"message":…,"retry_ms":…?}, the error
 * as clients get it. What went wrong inside goes to the log instead: clients
 * read `internal`. */
void gate_error_json(struct chat *chat, struct buf *b, const struct err *err);

#endif
