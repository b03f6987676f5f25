/* proc/datadir.c - the data folder, and that only one server works in it. */
#include "proc/datadir.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <bsd/libutil.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { LOCK_TRIES = 40, LOCK_PAUSE_US = 50000 };

static int
in_folder(
    char out[PATH_MAX], const char *folder, const char *name, struct err *err)
{
	if (snprintf(out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
		return err_set(err, ERR_CONF, "data: the path is too long");
	return 0;
}

static int
make_folder(const char *path, const struct identity *id, struct err *err)
{
	struct stat st;

	if (mkdir(path, 0700) == 0) {
		if (geteuid() == 0 && chown(path, id->uid, id->gid) == -1)
			return err_sys(err, "data: chown %s", path);
		return 0;
	}
	if (errno != EEXIST)
		return err_set(err, ERR_CONF,
		    "data: the folder %s cannot be made: %s", path,
		    strerror(errno));
	if (stat(path, &st) == -1)
		return err_sys(err, "data: %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_CONF, "data: %s is not a folder", path);
	if (st.st_mode & 077)
		log_warn("data folder is open to others",
		    "path=%s mode=%04o wanted=0700", path,
		    (unsigned)st.st_mode & 07777);
	return 0;
}

static int
take_lock(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		usleep(LOCK_PAUSE_US);
	}
	errno = EWOULDBLOCK;
	return -1;
}

static int
say_taken(const char *folder, const char *pid_path, struct err *err)
{
	char who[32] = "";
	pid_t other = 0;
	struct pidfh *pf = pidfile_open(pid_path, 0600, &other);

	if (pf != NULL)
		pidfile_remove(pf);
	else if (errno == EEXIST && other > 0)
		snprintf(who, sizeof(who), " (pid %d)", (int)other);
	return err_set(err, ERR_CONF,
	    "data: another burungd%s is at work in %s; stop it first, or set "
	    "another folder",
	    who, folder);
}

static int
open_pidfile(struct datadir *d, const char *folder, const char *path,
    const struct identity *id, struct err *err)
{
	pid_t other = 0;

	d->pidfile = pidfile_open(path, 0600, &other);
	if (d->pidfile == NULL && errno == EEXIST)
		return say_taken(folder, path, err);
	if (d->pidfile == NULL)
		return err_sys(err, "data: %s", path);
	if (geteuid() == 0 && chown(path, id->uid, id->gid) == -1)
		return err_sys(err, "data: chown %s", path);
	return 0;
}

int
datadir_open(struct datadir *d, const char *path, const struct identity *id,
    struct err *err)
{
	char lock_path[PATH_MAX], pid_path[PATH_MAX];

	*d = (struct datadir){ .lock = -1 };
	if (in_folder(lock_path, path, "burungd.lock", err) == -1 ||
	    in_folder(pid_path, path, "burungd.pid", err) == -1 ||
	    make_folder(path, id, err) == -1)
		return -1;
	d->lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->lock == -1)
		return err_set(err, ERR_CONF,
		    "data: %s cannot be written: %s; it must belong to the "
		    "user that the server runs as",
		    lock_path, strerror(errno));
	if (geteuid() == 0 && fchown(d->lock, id->uid, id->gid) == -1)
		return err_sys(err, "data: chown %s", lock_path);
	if (take_lock(d->lock) == -1) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, "data: locking %s", lock_path);
		return say_taken(path, pid_path, err);
	}
	return open_pidfile(d, path, pid_path, id, err);
}

/* 1 read, 0 absent, -1. */
static int
read_host_id(const char *path, struct id *id_r, struct err *err)
{
	char text[64] = "";
	FILE *f = fopen(path, "re");

	if (f == NULL && errno == ENOENT)
		return 0;
	if (f == NULL)
		return err_sys(err, "data: %s", path);
	(void)!fgets(text, sizeof(text), f);
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	if (id_parse(text, strlen(text), id_r) == 0 && !id_is_zero(id_r))
		return 1;
	return err_set(err, ERR_CONF,
	    "data: %s does not hold a host's id; remove it, and a new one is "
	    "made",
	    path);
}

static int
write_host_id(const char *path, const struct id *id, struct err *err)
{
	char fresh[PATH_MAX + 8], hex[ID_HEX];
	int fd, rc = -1;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		return err_sys(err, "data: %s", fresh);
	if (dprintf(fd, "%s\n", id_hex(id, hex)) == ID_HEX && fsync(fd) == 0 &&
	    rename(fresh, path) == 0)
		rc = 0;
	else
		err_sys(err, "data: %s", path);
	close(fd);
	return rc;
}

int
datadir_host_id(const char *folder, struct id *id_r, struct err *err)
{
	char path[PATH_MAX];
	int rc;

	if (in_folder(path, folder, "host.id", err) == -1)
		return -1;
	rc = read_host_id(path, id_r, err);
	if (rc != 0)
		return rc == 1 ? 0 : -1;
	*id_r = id_new();
	return write_host_id(path, id_r, err);
}

void
datadir_write_pid(struct datadir *d)
{
	if (pidfile_write(d->pidfile) == -1)
		log_warn("pid file not written", "errno=%d", errno);
}

void
datadir_inherited(struct datadir *d)
{
	pidfile_close(d->pidfile);
	d->pidfile = NULL;
}

void
datadir_close(struct datadir *d)
{
	if (d->pidfile != NULL)
		pidfile_remove(d->pidfile);
	if (d->lock != -1)
		close(d->lock);
	*d = (struct datadir){ .lock = -1 };
}
