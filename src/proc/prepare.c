/* proc/prepare.c - the database made ready before there are workers. */
#include "proc/prepare.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "net/loop.h"
#include "store/nodes.h"
#include "store/store.h"
#include "store/users.h"

/* What the child says, through a pipe. */
struct found {
	struct err err;
	uint64_t accounts;
};

struct count {
	struct found *found;
	struct loop *loop;
};

static void
count_work(struct db *db, void *arg)
{
	struct found *f = ((struct count *)arg)->found;

	db_user_count(db, 1, &f->accounts, &f->err);
}

static void
count_done(void *arg)
{
	loop_stop(((struct count *)arg)->loop);
}

static void
look(const struct server *s, struct found *f)
{
	struct store_conf conf = { .driver = s->conf->store,
		.path = s->db_path,
		.write_lock = &s->board->store_write,
		.readers = 1 };
	struct count count = { .found = f };
	struct store *store;

	if (store_prepare(&conf, &f->err) == -1)
		return;
	count.loop = loop_new();
	store = store_open(&conf, count.loop, &f->err);
	if (store != NULL) {
		store_read(store, count_work, count_done, &count);
		loop_run(count.loop);
		store_close(&store);
	}
	loop_free(&count.loop);
}

static void
child(const struct server *s, int fd)
{
	struct found f = { 0 };
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	look(s, &f);
	n = write(fd, &f, sizeof(f)); /* below PIPE_BUF: whole or not at all */
	_exit(n == (ssize_t)sizeof(f) ? 0 : 1);
}

static int
hear(int fd, pid_t pid, struct found *f, struct err *err)
{
	int status = 0;
	ssize_t n;

	do
		n = read(fd, f, sizeof(*f));
	while (n == -1 && errno == EINTR);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (n == (ssize_t)sizeof(*f))
		return 0;
	return err_set(err, ERR_SYS,
	    "opening the database ended by %s %d; the lines above may say why",
	    WIFSIGNALED(status) ? "signal" : "exit code",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

int
prepare_store(const struct server *s, bool *empty_r, struct err *err)
{
	struct found f = { 0 };
	int fd[2], rc;
	pid_t pid;

	if (store_load(s->conf->store, err) == -1)
		return -1;
	if (pipe2(fd, O_CLOEXEC) == -1)
		return err_sys(err, "pipe");
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		child(s, fd[1]);
	}
	close(fd[1]);
	rc = pid == -1 ? err_sys(err, "fork") : hear(fd[0], pid, &f, err);
	close(fd[0]);
	if (rc == -1)
		return -1;
	if (f.err.code == ERR_BUSY && store_is_shared(s->conf->store)) {
		log_warn("store cannot be reached",
		    "action=\"started all the same; it is asked again\"");
		*empty_r = true; /* perhaps: the code works for a first one */
		return 0;
	}
	if (f.err.code != ERR_NONE) {
		*err = f.err;
		return -1;
	}
	*empty_r = f.accounts == 0;
	return 0;
}
