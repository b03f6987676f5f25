/* proc/listen.c - the sockets that clients connect to. */
#include "proc/listen.h"

#include <sys/socket.h>

#include <bsd/string.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/handed.h"

enum { BACKLOG = 4096 }; /* clamped to net.core.somaxconn */

/* "[::1]:8080" → "::1", "8080". Both point into buf. */
static int
split(char *buf, char **host_r, char **port_r)
{
	char *colon = strrchr(buf, ':');
	size_t len;

	if (colon == NULL)
		return -1;
	*colon = '\0';
	*port_r = colon + 1;
	*host_r = buf;
	len = strlen(buf);
	if (len >= 2 && buf[0] == '[' && buf[len - 1] == ']') {
		buf[len - 1] = '\0';
		*host_r = buf + 1;
	}
	return 0;
}

static struct addrinfo *
resolve(const char *key, const char *address, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	char buf[128], *host, *port;
	struct addrinfo *ai = NULL;
	int rc = EAI_NONAME;

	strlcpy(buf, address, sizeof(buf));
	if (split(buf, &host, &port) == 0)
		rc = getaddrinfo(host, port, &hints, &ai);
	if (rc == 0)
		return ai;
	err_set(err, ERR_CONF, "%s: %s: %s", key, address, gai_strerror(rc));
	return NULL;
}

static int
say_why(const char *key, const char *address, struct err *err)
{
	const char *port = strrchr(address, ':');

	if (errno == EADDRINUSE)
		return err_set(err, ERR_CONF,
		    "%s: port %s is in use: another program listens on %s; "
		    "stop it, or choose another port (who it is: ss -ltnp "
		    "'sport = %s')",
		    key, port + 1, address, port);
	if (errno == EACCES)
		return err_set(err, ERR_CONF,
		    "%s: %s: ports below 1024 need root (with `user` set) "
		    "or CAP_NET_BIND_SERVICE",
		    key, address);
	if (errno == EADDRNOTAVAIL)
		return err_set(err, ERR_CONF,
		    "%s: %s: this host does not have that address", key,
		    address);
	return err_sys(err, "%s: %s", key, address);
}

static int
open_one(const struct addrinfo *ai)
{
	int fd = socket(
	    ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, saved;

	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (ai->ai_family != AF_INET6 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) ==
		    0) &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* 0 also when there is no IPv6 here. */
static int
add(struct listen_set *s, struct listen_set *handed, const char *key,
    const char *address, struct err *err)
{
	struct addrinfo *ai = resolve(key, address, err);
	bool v6;
	int fd, why;

	if (ai == NULL)
		return -1;
	v6 = ai->ai_family == AF_INET6;
	fd = handed_find(handed, ai->ai_addr, ai->ai_addrlen);
	if (fd == -1)
		fd = open_one(ai);
	why = errno;
	freeaddrinfo(ai);
	if (fd != -1) {
		s->fd[s->n++] = fd;
		return 0;
	}
	errno = why;
	say_why(key, address, err);
	if (!v6 || (why != EAFNOSUPPORT && why != EADDRNOTAVAIL))
		return -1;
	log_warn("address left out", "%s=%s why=\"%s\"", key, address,
	    strerror(why));
	return 0;
}

int
listen_open(struct listen_set *s, struct listen_set *handed, const char *key,
    char *const *addresses, struct err *err)
{
	s->n = 0;
	for (size_t i = 0; addresses[i] != NULL; i++) {
		if (i == LISTEN_MAX) {
			err_set(err, ERR_CONF, "%s: at most %d addresses", key,
			    LISTEN_MAX);
			goto fail;
		}
		if (add(s, handed, key, addresses[i], err) == -1)
			goto fail;
	}
	if (s->n > 0 || addresses[0] == NULL)
		return 0;
fail:
	listen_close(s);
	return -1;
}

void
listen_close(struct listen_set *s)
{
	while (s->n > 0)
		close(s->fd[--s->n]);
}
