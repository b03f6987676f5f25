/* proc/privs.h - as little power as can be. */
#ifndef PROC_PRIVS_H
#define PROC_PRIVS_H

#include <sys/types.h>

#include "base/err.h"

/* Whom to become: the account named user, or (NULL) who we are. 0, or -1: no
 * such account; or we are neither root nor that user. */
struct identity {
	uid_t uid;
	gid_t gid;
	const char *user; /* borrowed; NULL: stay */
};
int privs_lookup(const char *user, struct identity *id_r, struct err *err);

/* Becomes it, for good (groups, group, user), and gives up gaining privileges
 * by running other programs. 0, or -1. */
int privs_drop(const struct identity *id, struct err *err);

/* Descriptors up to the hard limit. */
void privs_raise_nofile(void);

#endif
