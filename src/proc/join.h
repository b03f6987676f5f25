/* proc/join.h - a host joins those that share its store, or refuses to start.
 * Private to src/proc. */
#ifndef PROC_JOIN_H
#define PROC_JOIN_H

#include "base/err.h"
#include "proc/server.h"

/* When the store is one to be shared: puts the host (s->node, filled) into its
 * list and waits until every live host in it is heard on the bus. One that does
 * not beat within HOSTS_JUDGE_MS is dead, and deleted. 0, also when the store
 * is not there to tell; or -1: the list has it no more, and *err names the
 * hosts that are not heard. The work is done by a child. */
int join_prepare(const struct server *s, struct err *err);

/* Takes the host out of the list, if it is the one in it. */
void join_undo(const struct server *s);

#endif
