/* ctl/target.c - what burungctl works on: found, and whose it is. */
#include "ctl/target.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "ctl/ask.h"

#define SYSTEM_CONF "/etc/burung/burungd.conf"

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
