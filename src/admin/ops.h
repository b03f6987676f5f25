/* admin/ops.h - every command's entry, and what they share. Private to
 * src/admin; the table is in admin.c. */
#ifndef ADMIN_OPS_H
#define ADMIN_OPS_H

#include "admin/admin.h"
#include "model/room.h"

#define ADMIN_PAGE 200 /* rows of one answer */

extern const struct admin_op admin_check;
extern const struct admin_op admin_config;
extern const struct admin_op admin_room_list;
extern const struct admin_op admin_room_show;
extern const struct admin_op admin_session_add;
extern const struct admin_op admin_session_list;
extern const struct admin_op admin_session_revoke;
extern const struct admin_op admin_user_add;
extern const struct admin_op admin_user_admin;
extern const struct admin_op admin_user_disable;
extern const struct admin_op admin_user_enable;
extern const struct admin_op admin_user_list;
extern const struct admin_op admin_user_passwd;
extern const struct admin_op admin_user_remove;
extern const struct admin_op admin_user_show;

/* The account that the field `user` names, by name or id. 0, or -1 with
 * *call->err. */
int admin_need_user(struct db *db, struct admin_call *call, struct user *u_r);

#endif
