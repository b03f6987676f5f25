/* proc/prepare.h - the database made ready before there are workers. */
#ifndef PROC_PREPARE_H
#define PROC_PREPARE_H

#include <stdbool.h>

#include "base/err.h"
#include "proc/server.h"

/* Makes, migrates and checks the database in a child process, since nothing of
 * it may be open when the workers are forked. *empty_r: it has no account yet.
 * Blocks. 0; 1: a shared store is not there, one can start without; -1. */
int prepare_store(const struct server *s, bool *empty_r, struct err *err);

#endif
