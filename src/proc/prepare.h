/* proc/prepare.h - the database made ready before there are workers. */
#ifndef PROC_PREPARE_H
#define PROC_PREPARE_H

#include "base/err.h"
#include "proc/server.h"
#include "store/users.h"

/* Makes, migrates and checks the database in a child process, since nothing of
 * it may be open when the workers are forked. setup_code_r: of the first
 * account, when there is none yet; else left alone. Blocks. 0; 1: a shared
 * store is not there, one can start without, and the code is this host's alone;
 * -1. */
int prepare_store(
    const struct server *s, char setup_code_r[SETUP_CODE], struct err *err);

#endif
