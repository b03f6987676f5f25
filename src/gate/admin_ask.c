/* gate/admin_ask.c - one of src/admin's commands under way: its work on the
 * store's threads, how far it is, and its answer. */
#include "gate/admin_ask.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "chat/hub.h"
#include "chat/request.h"
#include "gate/gate_private.h"

#define PROGRESS_MS 100

/* One command under way: the data of its request. */
struct ask {
	struct gate *gate;
	struct http_request *http;
	const struct admin_op *op; /* NULL: a backup */
	struct admin_call call;
	char path[PATH_MAX]; /* backup: the copy, opened and unlinked */
	int fd;
	/* When the client wants to be told: what the store's thread wrote down,
	 * and the timer that tells it. */
	_Atomic uint64_t done, total;
	uint64_t told; /* of done */
	struct loop_timer *timer;
};

/* Answers -------------------------------------------------------------------
 */

static void
reply_json(struct http_request *http, int status, const struct buf *json)
{
	http_reply(http, status, "application/json", json->data, json->len);
}

void
admin_reply_error(struct http_request *http, int status, const struct err *err)
{
	struct buf json = { 0 };

	json_open(&json, '{');
	json_key(&json, "error");
	json_open(&json, '{');
	json_kstr(&json, "code", err_name(err->code));
	json_kstr(&json, "message", err->text);
	json_close(&json, '}');
	json_close(&json, '}');
	reply_json(http, status, &json);
	buf_free(&json);
}

void
admin_reply_fields(struct http_request *http, const struct buf *fields)
{
	struct buf json = { 0 };

	json_open(&json, '{');
	buf_add(&json, fields->data, fields->len);
	json_close(&json, '}');
	reply_json(http, 200, &json);
	buf_free(&json);
}

/* Commands of src/admin -----------------------------------------------------
 */

static void
ask_free(void *data)
{
	struct ask *ask = data;

	loop_timer_free(&ask->timer);
	admin_call_clear(&ask->call);
	if (ask->fd != -1)
		close(ask->fd);
	free(ask);
}

static void
ask_ok(struct request *req, const struct buf *fields)
{
	struct ask *ask = req->data;
	struct stat st;

	if (ask->op != NULL) {
		admin_reply_fields(ask->http, fields);
		return;
	}
	if (fstat(ask->fd, &st) == -1)
		st.st_size = 0;
	http_reply_file(ask->http, 200, "application/vnd.sqlite3", ask->fd,
	    (size_t)st.st_size);
	ask->fd = -1;
}

static void
ask_fail(struct request *req, const struct err *err)
{
	struct ask *ask = req->data;

	admin_reply_error(ask->http, err_status(err->code), err);
}

static const struct request_ops ask_ops = { .ok = ask_ok, .fail = ask_fail };

/* On a store thread. */
static void
note_progress(uint64_t done, uint64_t total, void *arg)
{
	struct ask *ask = arg;

	atomic_store(&ask->total, total);
	atomic_store(&ask->done, done);
	FAILPOINT("admin.progress");
}

static void
tell_progress(void *arg)
{
	struct ask *ask = arg;
	uint64_t done = atomic_load(&ask->done);
	uint64_t total = atomic_load(&ask->total);
	char text[64];

	if (done == ask->told || done > total)
		return;
	ask->told = done;
	snprintf(
	    text, sizeof(text), "%ju/%ju", (uintmax_t)done, (uintmax_t)total);
	http_reply_interim(ask->http, "Progress", text);
}

/* Who asks with "progress": true is told in interim answers. */
static void
progress_begin(struct ask *ask, struct request *req)
{
	bool wanted = false;

	if (json_get_bool(req->args, "progress", &wanted, NULL) != 1 || !wanted)
		return;
	ask->call.progress = note_progress;
	ask->call.progress_arg = ask;
	ask->timer = loop_timer_new(
	    req->chat->loop, PROGRESS_MS, true, tell_progress, ask);
}

static void
ask_call(struct ask *ask, struct request *req)
{
	progress_begin(ask, req);
	ask->call.args = req->args;
	ask->call.conf = req->chat->conf;
	ask->call.out = &req->out;
	ask->call.err = &req->err;
}

static void
run_work(struct db *db, struct request *req)
{
	struct ask *ask = req->data;

	ask->op->run(db, &ask->call);
}

/* What was written goes to all devices, on all workers. */
static void
run_done(struct request *req)
{
	struct ask *ask = req->data;
	struct chat *chat = req->chat;

	*chat->c.counters.stored += ask->call.more.n;
	hub_commit_list(chat->hub, &ask->call.more);
	if (req->err.code == ERR_NONE && (ask->op->flags & ADMIN_WRITE))
		log_info("admin command", "op=%s", ask->op->name);
	request_reply(req);
}

static void
run_op(struct request *req)
{
	struct ask *ask = req->data;

	if (req->err.code != ERR_NONE) {
		request_reply(req);
	} else if (ask->op->flags & ADMIN_NO_STORE) {
		ask->op->run(NULL, &ask->call);
		request_reply(req);
	} else if (ask->op->flags & ADMIN_WRITE) {
		request_write(req, run_work, run_done);
	} else {
		request_read(req, run_work, run_done);
	}
}

static void
prepare_work(struct db *db, struct request *req)
{
	struct ask *ask = req->data;

	ask->op->prepare(&ask->call);
}

/* Backup: a copy made by a store thread, sent from an open file that has no
 * name any more, so that nothing is left whatever happens. ------------------
 */

static void
backup_work(struct db *db, struct request *req)
{
	struct ask *ask = req->data;

	if (db_backup(db, ask->path, ask->call.progress, ask, &req->err) == -1)
		return;
	ask->fd = open(ask->path, O_RDONLY | O_CLOEXEC);
	if (ask->fd == -1)
		err_sys(&req->err, "%.100s", ask->path);
	unlink(ask->path);
}

static void
run_backup(struct request *req)
{
	struct ask *ask = req->data;
	struct id name = id_new();
	char hex[ID_HEX];

	snprintf(ask->path, sizeof(ask->path), "%s/backup.%s",
	    ask->gate->admin.run_dir, id_hex(&name, hex));
	log_info("backup begins", "by=admin");
	request_read(req, backup_work, NULL);
}

void
admin_ask_begin(struct gate *gate, struct http_request *http, const char *name,
    struct json *args)
{
	struct request *req;
	struct ask *ask;

	MEM_NEW(ask);
	ask->gate = gate;
	ask->http = http;
	ask->op = admin_op_find(name);
	ask->fd = -1;
	MEM_NEW(req);
	req->chat = gate->chat;
	req->ops = &ask_ops;
	req->args = args;
	req->data = ask;
	req->data_free = ask_free;
	req->chat->requests++;
	ask_call(ask, req);
	if (ask->op == NULL)
		run_backup(req);
	else if (ask->op->prepare != NULL)
		request_hash(req, prepare_work, run_op);
	else
		run_op(req);
}
