/* admin/admin.c - the table of an administrator's commands. */

#include "admin/admin.h"

#include <string.h>

#include "admin/ops.h"

const struct admin_op *const admin_ops[] = {
	&admin_check,
	&admin_config,
	&admin_room_list,
	&admin_room_show,
	&admin_session_add,
	&admin_session_list,
	&admin_session_revoke,
	&admin_user_add,
	&admin_user_admin,
	&admin_user_disable,
	&admin_user_enable,
	&admin_user_list,
	&admin_user_passwd,
	&admin_user_remove,
	&admin_user_show,
	NULL,
};

const struct admin_op *
admin_op_find(const char *name)
{
	for (size_t i = 0; admin_ops[i] != NULL; i++)
		if (strcmp(admin_ops[i]->name, name) == 0)
			return admin_ops[i];
	return NULL;
}

void
admin_call_clear(struct admin_call *call)
{
	event_list_free(&call->more);
	explicit_bzero(call->passhash, sizeof(call->passhash));
}
