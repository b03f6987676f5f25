/* proc/worker_admin.h - a worker's side of the admin socket and of
 * metrics_listen. All workers accept from both; each can answer for all, from
 * the board. Private to src/proc. */
#ifndef PROC_WORKER_ADMIN_H
#define PROC_WORKER_ADMIN_H

#include <limits.h>

#include "gate/gate.h"
#include "proc/server.h"

struct worker_admin {
	const struct server *s;
	struct http_server *http;
	struct http_server *metrics; /* NULL: no metrics_listen */
	char run_dir[PATH_MAX];
};

void worker_admin_open(
    struct worker_admin *a, const struct server *s, struct loop *loop);
/* What the gate is to put into the two servers. */
struct gate_admin worker_admin_conf(struct worker_admin *a);
/* Once the gate has put it there. 0 or -1. */
int worker_admin_listen(struct worker_admin *a, struct err *err);

/* done is called once for each server; returns how many there are. */
int worker_admin_drain(struct worker_admin *a, loop_cb *done, void *arg);
void worker_admin_close(struct worker_admin *a);

/* Bytes of memory this process has now; 0 when the kernel does not say. */
uint64_t worker_memory(void);

#endif
