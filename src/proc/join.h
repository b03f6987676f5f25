/* proc/join.h - a host joins those that share its store, or refuses to start.
 * Private to src/proc. */
#ifndef PROC_JOIN_H
#define PROC_JOIN_H

#include "base/err.h"
#include "bus/bus.h"
#include "proc/server.h"
#include "store/store.h"

struct join {
	const struct store_conf *store;
	const char *bus; /* the key's value */
	struct node me;  /* not serving */
};

/* Puts the host into the store's list and waits until every live host in it is
 * heard on the bus. One that does not beat within HOSTS_JUDGE_MS is dead, and
 * deleted. 0; or -1: the list has it no more, and *err names the hosts that are
 * not heard; ERR_BUSY when the store is not there to tell. Blocks, in a process
 * that forks no more. */
int join_hosts(const struct join *j, struct err *err);

/* Takes the host out of the list, if it is the one in it. */
void leave_hosts(const struct store_conf *store, const struct node *me);

/* The same in a child, where the store is one to be shared; s->node must be
 * filled. 0 or -1. */
int join_prepare(const struct server *s, struct err *err);
void join_undo(const struct server *s);

#endif
