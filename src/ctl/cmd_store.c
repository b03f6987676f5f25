/* ctl/cmd_store.c - burungctl backup, restore, check. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "ctl/ctl.h"
#include "ctl/table.h"

static void
show_progress(struct ctl *c, struct progress *p)
{
	*p = (struct progress){ 0 };
	c->target.progress = c->json ? NULL : progress_show;
	c->target.progress_arg = p;
}

/* check ---------------------------------------------------------------------
 */

static void
print_problems(const struct json *doc)
{
	const struct json *l = NULL, *v;
	const char *s;
	size_t len;

	json_get_array(doc, "problems", &l, NULL);
	for (size_t i = 0; l != NULL && (v = json_at(l, i)) != NULL; i++)
		if (json_as_str(v, &s, &len) == 0)
			printf("wrong: %s\n", s);
	if (l != NULL && ctl_u64(doc, "problems_found") > json_len(l))
		printf("… and %" PRIu64 " more\n",
		    ctl_u64(doc, "problems_found") - json_len(l));
}

static void
print_check(const struct json *doc)
{
	print_problems(doc);
	printf("users %" PRIu64 ", rooms %" PRIu64 ", events %" PRIu64
	       ", messages %" PRIu64 "\ndigest %s\n%s\n",
	    ctl_u64(doc, "users"), ctl_u64(doc, "rooms"),
	    ctl_u64(doc, "events"), ctl_u64(doc, "messages"),
	    ctl_text(doc, "digest"),
	    ctl_u64(doc, "problems_found") == 0 ? "All is well."
						: "Not all is well.");
}

int
cmd_check(struct ctl *c)
{
	struct progress p;
	struct json *doc;
	bool good;

	show_progress(c, &p);
	doc = ctl_ask(c, "check", NULL);
	if (doc == NULL)
		return CTL_FAILED;
	if (!c->json)
		print_check(doc);
	good = ctl_u64(doc, "problems_found") == 0;
	json_free(&doc);
	return good ? CTL_OK : CTL_FAILED;
}

/* backup --------------------------------------------------------------------
 */

/* Never over something: a copy that fails must not cost the former one. */
static int
create(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd != -1)
		return fd;
	if (errno == EEXIST)
		return err_set(err, ERR_CONFLICT,
		    "%s is there already; name another file", path);
	return err_sys(err, "%s", path);
}

static void
say_copied(const struct ctl *c, const char *what, const char *path, int fd)
{
	struct stat st = { .st_size = 0 };
	struct buf b = { 0 };
	char size[TEXT_MAX];

	fstat(fd, &st);
	if (!c->json) {
		printf("%s: %s, %s\n", what, path,
		    text_bytes((uint64_t)st.st_size, size));
		return;
	}
	json_open(&b, '{');
	json_kstr(&b, "file", path);
	json_ku64(&b, "bytes", (uint64_t)st.st_size);
	json_close(&b, '}');
	puts(buf_cstr(&b));
	buf_free(&b);
}

int
cmd_backup(struct ctl *c)
{
	const char *path = c->argv[0];
	struct err err = { 0 };
	struct progress p;
	int fd;

	if (target_find(&c->target, &err) == -1 ||
	    (fd = create(path, &err)) == -1)
		return ctl_fail(&err);
	show_progress(c, &p);
	if (target_backup(&c->target, fd, &err) == -1) {
		unlink(path);
		close(fd);
		return ctl_fail(&err);
	}
	say_copied(c, "copied to", path, fd);
	close(fd);
	return CTL_OK;
}

/* restore: the copy is brought into the data folder under another name, checked
 * there, and only then put in the database's place. ---------------------------
 */

struct restore {
	struct ctl *c;
	const char *from;
	char path[PATH_MAX]; /* of the copy in the data folder */
	char *digest;
	bool had_one; /* there was a database before */
	struct progress p;
};

static int
bring(struct restore *r, struct err *err)
{
	struct target *t = &r->c->target;
	int from = open(r->from, O_RDONLY | O_CLOEXEC), to, rc;
	struct stat st = { .st_size = 0 };

	if (from == -1)
		return err_sys(err, "%s", r->from);
	target_become_owner(t, true);
	unlink(r->path);
	to = create(r->path, err);
	target_become_owner(t, false);
	show_progress(r->c, &r->p);
	if (to == -1 || fstat(from, &st) == -1)
		rc = -1;
	else if (st.st_size == 0)
		rc = err_set(err, ERR_BAD_REQUEST, "%s is empty", r->from);
	else
		rc = target_copy(t, from, to, (uint64_t)st.st_size, err);
	close(from);
	if (to != -1)
		close(to);
	return rc;
}

/* The digest of the database at path, which must be without faults. */
static int
check_file(
    struct restore *r, const char *path, char **digest_r, struct err *err)
{
	struct target *t = &r->c->target;
	struct buf answer = { 0 };
	struct json *doc = NULL;
	int rc = -1;

	show_progress(r->c, &r->p);
	if (target_call_file(t, path, "check", &answer, err) == 0)
		doc = json_parse(answer.data, answer.len, answer.len, err);
	if (doc == NULL)
		goto out;
	*digest_r = mem_strdup(ctl_text(doc, "digest"));
	rc = 0;
	if (ctl_u64(doc, "problems_found") == 0)
		goto out;
	print_problems(doc);
	if (!(r->c->opts & OPT_FORCE))
		rc = err_set(err, ERR_CONFLICT,
		    "%s has faults; nothing was changed. --force takes it all "
		    "the same",
		    r->from);
out:
	json_free(&doc);
	buf_free(&answer);
	return rc;
}

static int
swap(struct restore *r, struct err *err)
{
	struct target *t = &r->c->target;
	struct store_conf conf = { .driver = t->conf->store,
		.path = t->db_path };
	int rc;

	target_become_owner(t, true);
	r->had_one = access(t->db_path, F_OK) == 0;
	rc = store_swap(&conf, r->path, err);
	target_become_owner(t, false);
	return rc;
}

static void
forget(const struct restore *r)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char path[PATH_MAX + 8];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", r->path, ends[i]);
		unlink(path);
	}
}

static int
compare(struct restore *r, struct err *err)
{
	char *now = NULL;
	int rc = check_file(r, r->c->target.db_path, &now, err);

	if (rc == 0 && strcmp(now, r->digest) != 0)
		rc = err_set(err, ERR_INTERNAL,
		    "the restored database is not the same as the copy; the "
		    "former one is %.120s.old",
		    r->c->target.db_path);
	free(now);
	return rc;
}

static int
restore(struct restore *r, struct err *err)
{
	struct target *t = &r->c->target;

	if (target_need_none(t, err) == -1)
		return -1;
	snprintf(r->path, sizeof(r->path), "%.4000s/burung.db.restore",
	    t->conf->data);
	if (bring(r, err) == -1 ||
	    check_file(r, r->path, &r->digest, err) == -1 ||
	    swap(r, err) == -1) {
		forget(r);
		return -1;
	}
	forget(r); /* its side files */
	return compare(r, err);
}

static void
print_restored(const struct restore *r)
{
	printf("restored from %s, digest %s\n", r->from, r->digest);
	if (r->had_one)
		printf(
		    "The former database is %s.old.\n", r->c->target.db_path);
	puts("Now burungd can be started.");
}

int
cmd_restore(struct ctl *c)
{
	struct restore r = { .c = c, .from = c->argv[0] };
	struct err err = { 0 };
	int rc = restore(&r, &err);

	if (rc == -1)
		ctl_fail(&err);
	else if (c->json)
		printf("{\"digest\":\"%s\"}\n", r.digest);
	else
		print_restored(&r);
	free(r.digest);
	return rc == -1 ? CTL_FAILED : CTL_OK;
}
