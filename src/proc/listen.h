/* proc/listen.h - the sockets that clients connect to. */
#ifndef PROC_LISTEN_H
#define PROC_LISTEN_H

#include <stddef.h>

#include "base/err.h"

#define LISTEN_MAX 16

struct listen_set {
	int fd[LISTEN_MAX];
	size_t n;
};

/* One listening, non-blocking socket per address ("127.0.0.1:8080",
 * "[::1]:8080"; NULL at the end): that of handed which is bound to it, which
 * leaves handed then, else a new one. An IPv6 address on a host without IPv6 is
 * left out with a warning, as long as another one remains. No address at all is
 * none. key: of the configuration, for messages. 0, or -1 with all closed; the
 * text says what to do. */
int listen_open(struct listen_set *s, struct listen_set *handed,
    const char *key, char *const *addresses, struct err *err);
void listen_close(struct listen_set *s);

#endif
