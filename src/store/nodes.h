/* store/nodes.h - the hosts that share the store. All calls block: only on a
 * store thread. */
#ifndef STORE_NODES_H
#define STORE_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "store/store.h"

#define NODE_NAME 64  /* bytes with the NUL */
#define NODE_BUS  128 /* the same */

struct node {
	struct id id;         /* of its data folder: the same after a restart */
	struct id run;        /* of this run of burungd, as on the bus */
	char name[NODE_NAME]; /* the host's, for people */
	char bus[NODE_BUS];   /* its bus, for people: no passwords */
	bool serving;         /* it is past its start */
	uint64_t at; /* its clock, ms: that it changes is its heartbeat */
};

struct node_list {
	struct node *v;
	size_t n;
};
void node_list_free(struct node_list *l);

/* Can several hosts share a store of that kind (as store_conf.driver)? */
bool store_is_shared(const char *driver);

/* Puts it in the place of what has the same id. 0 or -1. */
int db_node_put(struct db *db, const struct node *n, struct err *err);

/* Deletes it if it is still as in *n (run, at). 1 deleted, 0 it is not, -1. */
int db_node_drop(struct db *db, const struct node *n, struct err *err);

/* All, by rising id; at most NODES_MAX. 0 or -1. */
#define NODES_MAX 1000
int db_nodes(struct db *db, struct node_list *l_r, struct err *err);

#endif
