/* t/lib/redis_fixture.h - a Redis of a test's own, on a free port, that can be
 * killed, stopped and started again. */
#ifndef T_LIB_REDIS_FIXTURE_H
#define T_LIB_REDIS_FIXTURE_H

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

struct redis_fixture {
	pid_t pid; /* 0: not running */
	int port;
	const char *more[12]; /* arguments, NULL at the end */
	char url[64];
};

/* Starts one that drops subscribers 2 MB behind; more: further arguments, NULL
 * at the end, or NULL. False: there is no redis-server on this machine. */
static bool redis_start(struct redis_fixture *f, const char *const *more)
    __attribute__((unused));
/* On the same port as before; waits until it answers. */
static void redis_again(struct redis_fixture *f) __attribute__((unused));
static void redis_kill(struct redis_fixture *f) __attribute__((unused));
static void redis_end(struct redis_fixture *f) __attribute__((unused));
/* One command, as words separated by blanks; the first line of the answer into
 * out. Whether there was one. */
static bool redis_say(struct redis_fixture *f, const char *command, char *out,
    size_t size) __attribute__((unused));

static struct sockaddr_in
redis_addr(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sin;
}

static int
redis_free_port(void)
{
	struct sockaddr_in sin = redis_addr(0);
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&sin, len) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		abort();
	close(fd);
	return ntohs(sin.sin_port);
}

static void
redis_exec(const struct redis_fixture *f)
{
	char port[16];
	const char *argv[40] = { "redis-server", "--port", port, "--bind",
		"127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
		"/tmp", "--client-output-buffer-limit", "pubsub", "2mb", "2mb",
		"0" };
	int n = 16, null = open("/dev/null", O_RDWR);

	snprintf(port, sizeof(port), "%d", f->port);
	for (int i = 0; f->more[i] != NULL; i++)
		argv[n++] = f->more[i];
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static bool
redis_say(struct redis_fixture *f, const char *command, char *out, size_t size)
{
	struct sockaddr_in sin = redis_addr(f->port);
	struct pollfd p = { .events = POLLIN };
	char line[512];
	ssize_t n = -1;
	int len;

	p.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	len = snprintf(line, sizeof(line), "%s\r\n", command);
	if (connect(p.fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 &&
	    write(p.fd, line, (size_t)len) == len && poll(&p, 1, 2000) == 1)
		n = read(p.fd, out, size - 1);
	close(p.fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return n > 0;
}

static bool
redis_run(struct redis_fixture *f)
{
	uint64_t until = clock_mono_ms() + 10000;
	char out[128];
	int status;

	f->pid = fork();
	if (f->pid == 0)
		redis_exec(f);
	while (!redis_say(f, "PING", out, sizeof(out))) {
		if (waitpid(f->pid, &status, WNOHANG) == f->pid ||
		    clock_mono_ms() > until)
			return false;
		poll(NULL, 0, 5);
	}
	return true;
}

static bool
redis_start(struct redis_fixture *f, const char *const *more)
{
	size_t n = 0;

	*f = (struct redis_fixture){ .port = redis_free_port() };
	for (; more != NULL && more[n] != NULL; n++)
		f->more[n] = more[n];
	snprintf(f->url, sizeof(f->url), "redis://127.0.0.1:%d", f->port);
	return redis_run(f);
}

static void
redis_again(struct redis_fixture *f)
{
	if (!redis_run(f))
		abort();
}

static void
redis_kill(struct redis_fixture *f)
{
	if (f->pid <= 0)
		return;
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	f->pid = 0;
}

static void
redis_end(struct redis_fixture *f)
{
	redis_kill(f);
}

#endif
