/* proc/handed.h - listening sockets that whoever started us holds open, so that
 * a restart refuses nobody (the protocol of sd_listen_fds(3)). */
#ifndef PROC_HANDED_H
#define PROC_HANDED_H

#include <sys/socket.h>

#include "proc/listen.h"

/* How many descriptors, from 3 on, are meant for this process. */
int handed_count(void);

/* Takes them into *h and forgets what the environment says of them. What is no
 * listening stream socket is closed, with a warning. */
void handed_take(struct listen_set *h);

/* The descriptor bound to that very address, no longer in *h; -1: none. */
int handed_find(struct listen_set *h, const struct sockaddr *sa, socklen_t len);

/* Closes those that nobody asked for, with a warning. */
void handed_close(struct listen_set *h);

#endif
