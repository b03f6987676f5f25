/* proc/child.c - work in a child of the master. */
#include "proc/child.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/coverage.h"

static void
child(
    const struct server *s, child_work *work, void *result, size_t size, int fd)
{
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	work(s, result);
	n = write(fd, result, size); /* whole or not at all */
	COVERAGE_WRITE();
	_exit(n == (ssize_t)size ? 0 : 1);
}

static int
hear(int fd, pid_t pid, const char *what, void *result, size_t size,
    struct err *err)
{
	int status = 0;
	ssize_t n;

	do
		n = read(fd, result, size);
	while (n == -1 && errno == EINTR);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (n == (ssize_t)size)
		return 0;
	return err_set(err, ERR_SYS,
	    "%s ended by %s %d; the lines above may say why", what,
	    WIFSIGNALED(status) ? "signal" : "exit code",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

int
child_run(const struct server *s, const char *what, child_work *work,
    void *result, size_t size, struct err *err)
{
	int fd[2], rc;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) == -1)
		return err_sys(err, "pipe");
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		child(s, work, result, size, fd[1]);
	}
	close(fd[1]);
	rc = pid == -1 ? err_sys(err, "fork")
		       : hear(fd[0], pid, what, result, size, err);
	close(fd[0]);
	return rc;
}
