/* chat/request.h - one command that somebody asked, over either protocol, and
 * the table of all commands. */
#ifndef CHAT_REQUEST_H
#define CHAT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/json.h"
#include "chat/chat.h"
#include "model/event.h"
#include "model/user.h"
#include "store/append.h"

struct device;
struct request;

/* Given by the gate. Each ends the request's life there. */
struct request_ops {
	/* fields: the members of the answer object without its braces, e.g.
	 * "seq":1,"no":1 ; may be empty. */
	void (*ok)(struct request *req, const struct buf *fields);
	void (*fail)(struct request *req, const struct err *err);
	/* Before ok: sets (token) or clears (NULL) the session cookie. NULL
	 * when the protocol has none. */
	void (*cookie)(struct request *req, const char *token);
};

struct request {
	struct chat *chat;
	const struct request_ops *ops;
	void *gate;         /* the gate's */
	struct device *dev; /* WebSocket only; kept alive by the request */
	struct id user;     /* zero: not logged in (CMD_PUBLIC only) */
	struct id session;
	const char *peer;  /* address of who asks, or NULL; the gate's */
	struct json *args; /* owned; never NULL */
	const struct chat_cmd *cmd;

	/* A command's own, freed with the request. */
	struct buf out; /* the fields of the answer */
	struct err err; /* code set: the answer is this error */
	void *data;     /* freed by data_free (NULL: free()) */
	void (*data_free)(void *data);

	/* request.c's */
	void (*work)(struct db *db, struct request *req);
	void (*done)(struct request *req);
	struct append append;
	struct event ev;
	uint64_t known; /* as in struct append */
	bool repeated;  /* ev was stored before, under the same cid */
};

enum {
	CMD_PUBLIC = 1, /* works without a session */
	CMD_HTTP_ONLY = 2,
	CMD_WS_ONLY = 4,
	CMD_EARLY = 8, /* allowed before hello is answered */
};

struct chat_cmd {
	const char *name;
	unsigned flags;
	/* On the loop. Must lead to exactly one request_reply, now or later. */
	void (*run)(struct request *req);
	/* Instead of run, before the reply: refused with slow_down. Or NULL. */
	void (*refused)(struct request *req);
};

/* By name, or NULL. The table is in chat/commands.c. */
const struct chat_cmd *chat_cmd_find(const char *name);
/* For tests and documents: all of them, NULL at the end. */
extern const struct chat_cmd *const chat_cmds[];

/* Answers with req->err if its code is set, else with req->out, and frees req.
 * The gate allocates it (mem_zalloc), counts it in chat->requests and holds its
 * dev; all of that ends here. */
void request_reply(struct request *req);

/* Runs work on a reader (writer) thread: it may use req->user, session, args,
 * data, out and err, nothing else. Then done on the loop; done NULL:
 * request_reply. */
typedef void request_work_cb(struct db *db, struct request *req);
typedef void request_done_cb(struct request *req);
void request_read(
    struct request *req, request_work_cb *work, request_done_cb *done);
void request_write(
    struct request *req, request_work_cb *work, request_done_cb *done);
/* The same on a thread for hashing passwords, holding one of the host's hash
 * slots; db is NULL. Fails with SLOW_DOWN, without done, when too many wait. */
void request_hash(
    struct request *req, request_work_cb *work, request_done_cb *done);

/* Appends req->ev (room, kind, body are set by the caller; from, and cid when
 * it is zero, here), hands what was written to the hub, then calls done (NULL:
 * request_reply). In done req->ev has its seq, req->append.nothing tells
 * whether anything was written; req->err is set if it failed. */
void request_append(struct request *req, request_done_cb *done);

#endif
