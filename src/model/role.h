/* model/role.h - what a member may be. */
#ifndef MODEL_ROLE_H
#define MODEL_ROLE_H

/* Stored: never change a number. Greater may more. */
enum role { ROLE_NONE = 0, ROLE_MEMBER = 1, ROLE_ADMIN = 2, ROLE_OWNER = 3 };

const char *role_name(enum role role);  /* "member", …; "none" */
enum role role_parse(const char *name); /* ROLE_NONE: unknown */

#endif
