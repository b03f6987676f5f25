/* model/role.c - what a member may be. */

#include "model/role.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
	[ROLE_NONE] = "none",
	[ROLE_MEMBER] = "member",
	[ROLE_ADMIN] = "admin",
	[ROLE_OWNER] = "owner",
};

const char *
role_name(enum role role)
{
	return role > ROLE_OWNER ? names[ROLE_NONE] : names[role];
}

enum role
role_parse(const char *name)
{
	for (enum role r = ROLE_MEMBER; r <= ROLE_OWNER; r++)
		if (strcmp(name, names[r]) == 0)
			return r;
	return ROLE_NONE;
}
