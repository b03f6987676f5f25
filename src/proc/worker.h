/* proc/worker.h - one worker process. */
#ifndef PROC_WORKER_H
#define PROC_WORKER_H

#include <stdint.h>

#include "proc/server.h"

/* Right after the fork, in the child: serves until TERM has drained it. Returns
 * the exit code. TERM drains, USR1 reopens the log, INT and HUP (which a
 * terminal sends to all) are left to the master. */
int worker_run(const struct server *s, unsigned place, uint32_t generation);

#endif
