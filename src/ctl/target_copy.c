/* ctl/target_copy.c - a copy of the whole store: fetched from the server, or
 * made of the database. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/target_own.h"

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
		target_tell_part(done, size, p);
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

	target_parts_over(t);
	return rc;
}

static int
backup_server(struct target *t, int fd, struct err *err)
{
	struct answer a = { .fd = -1 };
	struct part part = { t, "fetching" };
	int rc;

	if (target_ask(t, "backup", NULL, &a, err) == -1)
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

	if (target_need_file(t, t->db_path, "backup", err) == -1)
		return -1;
	snprintf(path, sizeof(path), "%.4000s/burung.db.copy", t->conf->data);
	target_become_owner(t, true);
	unlink(path);
	rc = target_open_db(t, t->db_path, &db, err);
	if (rc == 0)
		rc = db_backup(db, path, target_tell_part, &copying, err);
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
	target_parts_over(t);
	return rc;
}
