/* proc/handed.c - listening sockets that whoever started us holds open. */
#include "proc/handed.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { FIRST = 3, ADDRESS = 64 };

/* A variable's value as a number from 0 to max; 0 also when it is none. */
static long
number_of(const char *name, long max)
{
	const char *text = getenv(name);
	char *end;
	long n;

	if (text == NULL || *text == '\0')
		return 0;
	n = strtol(text, &end, 10);
	return *end == '\0' && n > 0 && n <= max ? n : 0;
}

int
handed_count(void)
{
	if (number_of("LISTEN_PID", INT32_MAX) != (long)getpid())
		return 0;
	return (int)number_of("LISTEN_FDS", LISTEN_MAX);
}

static bool
is_option(int fd, int option, int wanted)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 &&
	       value == wanted;
}

static bool
make_ours(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return is_option(fd, SO_TYPE, SOCK_STREAM) &&
	       is_option(fd, SO_ACCEPTCONN, 1) && flags != -1 &&
	       fcntl(fd, F_SETFL, flags | O_NONBLOCK) != -1 &&
	       fcntl(fd, F_SETFD, FD_CLOEXEC) != -1;
}

void
handed_take(struct listen_set *h)
{
	int end = FIRST + handed_count();

	h->n = 0;
	for (int fd = FIRST; fd < end; fd++) {
		if (make_ours(fd)) {
			h->fd[h->n++] = fd;
			continue;
		}
		log_warn("descriptor not taken",
		    "fd=%d why=\"no listening stream socket\"", fd);
		close(fd);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

static bool
same_address(const struct sockaddr *a, const struct sockaddr *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return a4->sin_port == b4->sin_port &&
		       a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a->sa_family == AF_INET6 && a6->sin6_port == b6->sin6_port &&
	       a6->sin6_scope_id == b6->sin6_scope_id &&
	       IN6_ARE_ADDR_EQUAL(&a6->sin6_addr, &b6->sin6_addr);
}

int
handed_find(struct listen_set *h, const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_storage own;
	struct sockaddr *mine = (void *)&own;
	socklen_t size;

	for (size_t i = 0; i < h->n; i++) {
		int fd = h->fd[i];

		memset(&own, 0, sizeof(own));
		size = sizeof(own);
		if (getsockname(fd, mine, &size) == -1 || size < len ||
		    !same_address(mine, sa))
			continue;
		h->fd[i] = h->fd[--h->n];
		return fd;
	}
	return -1;
}

static void
name_of(int fd, char *out, size_t size)
{
	struct sockaddr_storage own = { 0 };
	socklen_t len = sizeof(own);
	char host[ADDRESS - 16], port[8];

	snprintf(out, size, "?");
	if (getsockname(fd, (struct sockaddr *)&own, &len) == 0 &&
	    getnameinfo((struct sockaddr *)&own, len, host, sizeof(host), port,
		sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(out, size, "%s port %s", host, port);
}

void
handed_close(struct listen_set *h)
{
	char name[ADDRESS];

	while (h->n > 0) {
		int fd = h->fd[--h->n];

		name_of(fd, name, sizeof(name));
		log_warn("socket handed over but not in the configuration",
		    "address=\"%s\" action=\"make `listen` and the socket unit "
		    "agree\"",
		    name);
		close(fd);
	}
}
