/* proc/child.h - work in a child of the master, which itself must open nothing
 * before the workers are forked. Private to src/proc. */
#ifndef PROC_CHILD_H
#define PROC_CHILD_H

#include <stddef.h>

#include "base/err.h"
#include "proc/server.h"

/* Fills *result, of size bytes, in the child. */
typedef void child_work(const struct server *s, void *result);

/* Runs work and waits for its end; what: for the error, "opening the
 * database". size: at most PIPE_BUF. 0, or -1: the child ended too early. */
int child_run(const struct server *s, const char *what, child_work *work,
    void *result, size_t size, struct err *err);

#endif
