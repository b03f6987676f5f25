/* ctl/target_call.c - one command: asked of the server or run on the store. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "ctl/target_own.h"
#include "store/nodes.h"

#define WAIT_S 60

void
target_tell_part(uint64_t done, uint64_t total, void *arg)
{
	const struct part *p = arg;

	if (p->t->progress != NULL)
		p->t->progress(p->what, done, total, p->t->progress_arg);
}

void
target_parts_over(const struct target *t)
{
	if (t->progress != NULL)
		t->progress(NULL, 0, 0, t->progress_arg);
}

/* The message of {"error":{…}} becomes *err. */
static void
take_error(const struct buf *body, int status, struct err *err)
{
	struct json *doc = json_parse(body->data, body->len, body->len, NULL);
	const struct json *e;
	const char *text;
	size_t len;

	err_set(err, ERR_INTERNAL, "the server answers %d", status);
	if (doc != NULL && json_get_object(doc, "error", &e, NULL) == 1 &&
	    json_get_str(e, "message", &text, &len, NULL) == 1)
		err_set(err, ERR_INTERNAL, "%s", text);
	json_free(&doc);
}

int
target_ask(struct target *t, const char *op, const struct buf *args,
    struct answer *a_r, struct err *err)
{
	bool copy = strcmp(op, "backup") == 0;
	bool slow = copy || strcmp(op, "check") == 0;
	struct part part = { t, copy ? "copying" : "checking" };
	struct buf body = { 0 }, text = { 0 };
	int fd = ask_connect(t->conf->data), rc;

	if (fd == -1)
		return err_sys(err, "the server is gone");
	buf_addc(&body, '{');
	if (args != NULL)
		buf_add(&body, args->data, args->len);
	else if (slow && t->progress != NULL)
		buf_addf(&body, "\"progress\":true");
	buf_addc(&body, '}');
	a_r->progress =
	    (struct ask_progress){ .cb = target_tell_part, .arg = &part };
	rc = ask_post(fd, op, &body, slow ? 0 : WAIT_S, a_r, err);
	explicit_bzero(body.data, body.len);
	buf_free(&body);
	if (rc == -1 || a_r->status == 200)
		return rc;
	if (answer_body(a_r, &text, err) == 0)
		take_error(&text, a_r->status, err);
	buf_free(&text);
	answer_end(a_r);
	return -1;
}

static int
call_server(struct target *t, const char *op, const struct buf *args,
    struct buf *answer, struct err *err)
{
	struct answer a = { .fd = -1 };
	int rc;

	if (target_ask(t, op, args, &a, err) == -1)
		return -1;
	rc = answer_body(&a, answer, err);
	answer_end(&a);
	return rc;
}

int
target_open_db(
    struct target *t, const char *path, struct db **db_r, struct err *err)
{
	struct store_conf conf = { .driver = t->conf->store, .path = path };

	if (store_prepare(&conf, err) == -1)
		return -1;
	*db_r = store_open_alone(&conf, err);
	return *db_r == NULL ? -1 : 0;
}

static void
run(struct db *db, const struct admin_op *op, struct admin_call *call)
{
	if (op->prepare != NULL)
		op->prepare(call);
	if (call->err->code == ERR_NONE)
		op->run(db, call);
	admin_call_clear(call);
}

static int
call_store(struct target *t, const char *path, const struct admin_op *op,
    const struct json *args, struct buf *answer, struct err *err)
{
	struct buf out = { 0 };
	struct part part = { t, "checking" };
	struct admin_call call = { .args = args,
		.out = &out,
		.conf = t->conf,
		.err = err,
		.progress = target_tell_part,
		.progress_arg = &part };
	struct db *db = NULL;

	err_clear(err);
	target_become_owner(t, true);
	if ((op->flags & ADMIN_NO_STORE) ||
	    target_open_db(t, path, &db, err) == 0)
		run(db, op, &call);
	store_close_alone(&db);
	target_become_owner(t, false);
	buf_addc(answer, '{');
	buf_add(answer, out.data, out.len);
	buf_addc(answer, '}');
	buf_free(&out);
	return err->code == ERR_NONE ? 0 : -1;
}

int
target_need_file(
    const struct target *t, const char *path, const char *op, struct err *err)
{
	if (store_is_shared(t->conf->store) || access(path, F_OK) == 0 ||
	    strcmp(op, "user_add") == 0 || strcmp(op, "config") == 0)
		return 0;
	return err_set(err, ERR_NOT_FOUND,
	    "there is no database %s yet: start burungd once, or add a user",
	    path);
}

static int
call_alone(struct target *t, const char *path, const char *name,
    const struct buf *args, struct buf *answer, struct err *err)
{
	const struct admin_op *op = admin_op_find(name);
	struct buf body = { 0 };
	struct json *doc;
	int rc = -1;

	if (op == NULL)
		return target_need_server(t, err);
	if (target_need_file(t, path, name, err) == -1)
		return -1;
	buf_addc(&body, '{');
	if (args != NULL)
		buf_add(&body, args->data, args->len);
	buf_addc(&body, '}');
	doc = json_parse(body.data, body.len, body.len, err);
	if (doc != NULL)
		rc = call_store(t, path, op, doc, answer, err);
	json_free(&doc);
	explicit_bzero(body.data, body.len);
	buf_free(&body);
	return rc;
}

int
target_call(struct target *t, const char *op, const struct buf *args,
    struct buf *answer, struct err *err)
{
	int rc;

	if (target_find(t, err) == -1)
		return -1;
	rc = t->online ? call_server(t, op, args, answer, err)
		       : call_alone(t, t->db_path, op, args, answer, err);
	target_parts_over(t);
	return rc;
}

int
target_call_file(struct target *t, const char *path, const char *op,
    struct buf *answer, struct err *err)
{
	int rc = call_alone(t, path, op, NULL, answer, err);

	target_parts_over(t);
	return rc;
}
