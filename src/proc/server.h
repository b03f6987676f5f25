/* proc/server.h - what the master opens before the fork and its workers
 * inherit. Private to src/proc. */
#ifndef PROC_SERVER_H
#define PROC_SERVER_H

#include <limits.h>

#include "base/conf.h"
#include "bus/bus.h"
#include "proc/board.h"
#include "proc/datadir.h"
#include "proc/listen.h"
#include "store/nodes.h"

struct server {
	const char *conf_path; /* NULL: none */
	struct conf *conf;
	struct board *board;
	struct bus_pairs *pairs;
	struct datadir data;
	struct listen_set listen;
	struct listen_set metrics; /* metrics_listen */
	struct listen_set admin;   /* run/admin.sock */
	/* As other hosts know this one; run: of this burungd, also on the bus.
	 * id zero: the store is not shared. */
	struct node node;
	char db_path[PATH_MAX];
};

#endif
