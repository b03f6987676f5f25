/* ctl/target.c - what burungctl works on. */
#include "ctl/target.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/mem.h"
#include "ctl/ask.h"
#include "store/nodes.h"

#define SYSTEM_CONF "/etc/burung/burungd.conf"
#define WAIT_S      60

int
target_open(struct target *t, struct err *err)
{
	const char *path = t->conf_path;

	t->lock = -1;
	if (path == NULL && t->data == NULL && access(SYSTEM_CONF, R_OK) == 0)
		path = SYSTEM_CONF;
	if (conf_load(path, &t->conf, err) == -1)
		return -1;
	if (t->data != NULL) {
		free(t->conf->data);
		t->conf->data = mem_strdup(t->data);
	}
	if (snprintf(t->db_path, sizeof(t->db_path), "%s/burung.db",
		t->conf->data) >= (int)sizeof(t->db_path))
		return err_set(err, ERR_CONF, "data: the path is too long");
	return 0;
}

void
target_close(struct target *t)
{
	if (t->lock != -1)
		close(t->lock);
	conf_free(&t->conf);
}

void
target_become_owner(const struct target *t, bool owner)
{
	if (getuid() != 0 || t->online)
		return;
	if (seteuid(0) == -1 || setegid(owner ? t->group : getgid()) == -1 ||
	    (owner && seteuid(t->owner) == -1)) {
		perror("burungctl: changing the user");
		exit(1);
	}
}

/* Finding -------------------------------------------------------------------
 */

static int
no_folder(const struct target *t, struct err *err)
{
	if (errno == EACCES)
		return err_set(err, ERR_FORBIDDEN,
		    "%s may only be entered by the user that runs burungd, and "
		    "by root: try it with sudo",
		    t->conf->data);
	return err_set(err, ERR_NOT_FOUND,
	    "there is no data folder %s (%s): name the configuration with -c "
	    "FILE, or the folder with --data DIR",
	    t->conf->data, strerror(errno));
}

/* Nobody listens: then the folder must be ours. */
static int
take_lock(struct target *t, struct err *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.4000s/burungd.lock", t->conf->data);
	target_become_owner(t, true);
	t->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	target_become_owner(t, false);
	if (t->lock == -1)
		return no_folder(t, err);
	if (flock(t->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	close(t->lock);
	t->lock = -1;
	return err_set(err, ERR_BUSY,
	    "a burungd or burungctl is at work in %s, but its admin socket "
	    "(run/admin.sock) does not answer: wait until it has started or "
	    "ended, or look into its log",
	    t->conf->data);
}

int
target_find(struct target *t, struct err *err)
{
	struct stat st;
	int fd;

	if (t->known)
		return 0;
	if (stat(t->conf->data, &st) == -1)
		return no_folder(t, err);
	t->owner = st.st_uid;
	t->group = st.st_gid;
	fd = ask_connect(t->conf->data);
	t->online = fd != -1;
	if (fd == -1 && errno == EACCES)
		return no_folder(t, err);
	if (fd == -1 && take_lock(t, err) == -1)
		return -1;
	if (fd != -1)
		close(fd);
	t->known = true;
	return 0;
}

int
target_need_server(struct target *t, struct err *err)
{
	if (target_find(t, err) == -1)
		return -1;
	if (t->online)
		return 0;
	return err_set(err, ERR_BUSY,
	    "no burungd is at work in %s; start it, or name another folder "
	    "with --data or -c",
	    t->conf->data);
}

int
target_need_none(struct target *t, struct err *err)
{
	if (target_find(t, err) == -1)
		return -1;
	if (!t->online)
		return 0;
	return err_set(err, ERR_BUSY,
	    "a burungd is at work in %s; stop it first (its pid is in "
	    "burungd.pid)",
	    t->conf->data);
}

/* Progress ------------------------------------------------------------------
 */

/* One part of the work, for those who count. */
struct part {
	const struct target *t;
	const char *what;
};

static void
tell_part(uint64_t done, uint64_t total, void *arg)
{
	const struct part *p = arg;

	if (p->t->progress != NULL)
		p->t->progress(p->what, done, total, p->t->progress_arg);
}

static void
parts_over(const struct target *t)
{
	if (t->progress != NULL)
		t->progress(NULL, 0, 0, t->progress_arg);
}

/* Calling -------------------------------------------------------------------
 */

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

static int
ask(struct target *t, const char *op, const struct buf *args,
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
	a_r->progress = (struct ask_progress){ .cb = tell_part, .arg = &part };
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

	if (ask(t, op, args, &a, err) == -1)
		return -1;
	rc = answer_body(&a, answer, err);
	answer_end(&a);
	return rc;
}

static int
open_db(struct target *t, const char *path, struct db **db_r, struct err *err)
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
		.progress = tell_part,
		.progress_arg = &part };
	struct db *db = NULL;

	err_clear(err);
	target_become_owner(t, true);
	if ((op->flags & ADMIN_NO_STORE) || open_db(t, path, &db, err) == 0)
		run(db, op, &call);
	store_close_alone(&db);
	target_become_owner(t, false);
	buf_addc(answer, '{');
	buf_add(answer, out.data, out.len);
	buf_addc(answer, '}');
	buf_free(&out);
	return err->code == ERR_NONE ? 0 : -1;
}

/* Only a first account may make the database. */
static int
need_file(
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
	if (need_file(t, path, name, err) == -1)
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
	parts_over(t);
	return rc;
}

int
target_call_file(struct target *t, const char *path, const char *op,
    struct buf *answer, struct err *err)
{
	int rc = call_alone(t, path, op, NULL, answer, err);

	parts_over(t);
	return rc;
}

/* Copies --------------------------------------------------------------------
 */

static int
write_all(int fd, const uint8_t *p, size_t n, struct err *err)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return err_sys(err, "writing the copy");
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

/* Those already there count as done. */
static int
copy_rest(struct part *p, int from, int to, uint64_t had, uint64_t size,
    struct err *err)
{
	uint8_t piece[65536];
	uint64_t done = had;
	ssize_t n;

	while ((n = read(from, piece, sizeof(piece))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(err, "reading the copy");
		if (write_all(to, piece, (size_t)n, err) == -1)
			return -1;
		done += (uint64_t)n;
		tell_part(done, size, p);
	}
	if (size > 0 && done != size)
		return err_set(err, ERR_BUSY, "the copy ends too early");
	if (fsync(to) == -1 && errno != EINVAL && errno != EROFS)
		return err_sys(err, "writing the copy");
	return 0;
}

int
target_copy(struct target *t, int from, int to, uint64_t size, struct err *err)
{
	struct part part = { t, "copying" };
	int rc = copy_rest(&part, from, to, 0, size, err);

	parts_over(t);
	return rc;
}

static int
backup_server(struct target *t, int fd, struct err *err)
{
	struct answer a = { .fd = -1 };
	struct part part = { t, "fetching" };
	int rc;

	if (ask(t, "backup", NULL, &a, err) == -1)
		return -1;
	rc = write_all(fd, a.first.data, a.first.len, err);
	if (rc == 0)
		rc = copy_rest(&part, a.fd, fd, a.first.len, a.length, err);
	answer_end(&a);
	return rc;
}

/* By way of a file in the data folder: the place of the copy may be one that
 * the folder's owner cannot write to. */
static int
backup_alone(struct target *t, int fd, struct err *err)
{
	char path[PATH_MAX];
	struct stat st = { .st_size = 0 };
	struct part copying = { t, "copying" }, writing = { t, "writing" };
	struct db *db = NULL;
	int from = -1, rc;

	if (need_file(t, t->db_path, "backup", err) == -1)
		return -1;
	snprintf(path, sizeof(path), "%.4000s/burung.db.copy", t->conf->data);
	target_become_owner(t, true);
	unlink(path);
	rc = open_db(t, t->db_path, &db, err);
	if (rc == 0)
		rc = db_backup(db, path, tell_part, &copying, err);
	store_close_alone(&db);
	if (rc == 0 && (from = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		rc = err_sys(err, "%.120s", path);
	unlink(path);
	target_become_owner(t, false);
	if (rc == 0 && fstat(from, &st) == 0)
		rc =
		    copy_rest(&writing, from, fd, 0, (uint64_t)st.st_size, err);
	if (from != -1)
		close(from);
	return rc;
}

int
target_backup(struct target *t, int fd, struct err *err)
{
	int rc;

	if (target_find(t, err) == -1)
		return -1;
	rc = t->online ? backup_server(t, fd, err) : backup_alone(t, fd, err);
	parts_over(t);
	return rc;
}
