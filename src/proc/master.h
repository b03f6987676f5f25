/* proc/master.h - the process that watches over the workers. */
#ifndef PROC_MASTER_H
#define PROC_MASTER_H

#include "base/err.h"

/* What -t does: reads the configuration and checks what can be checked without
 * starting. 0, or -1. */
int master_check(const char *conf_path, struct err *err);

/* Serves until TERM or INT has drained all workers: 0. -1 with *err: it could
 * not start. Once, from main: the process is a server from then on. conf_path
 * NULL: no file. */
int master_run(const char *conf_path, struct err *err);

#endif
