/* chat/commands.c - the table of all commands. */

#include "chat/commands.h"

#include <string.h>

/* By name, in the order of strcmp. */
const struct chat_cmd *const chat_cmds[] = {
	&cmd_account_delete,
	&cmd_add,
	&cmd_archive,
	&cmd_direct,
	&cmd_drop,
	&cmd_groups,
	&cmd_hello,
	&cmd_history,
	&cmd_info,
	&cmd_invite_create,
	&cmd_invite_revoke,
	&cmd_invites,
	&cmd_join,
	&cmd_leave,
	&cmd_login,
	&cmd_logout,
	&cmd_me,
	&cmd_members,
	&cmd_mute,
	&cmd_password,
	&cmd_people,
	&cmd_ping,
	&cmd_presence,
	&cmd_profile,
	&cmd_read,
	&cmd_register,
	&cmd_remove,
	&cmd_rename,
	&cmd_role,
	&cmd_room,
	&cmd_room_create,
	&cmd_rooms,
	&cmd_send,
	&cmd_session_revoke,
	&cmd_sessions,
	&cmd_topic,
	&cmd_typing,
	&cmd_users,
	&cmd_visibility,
	NULL,
};

const struct chat_cmd *
chat_cmd_find(const char *name)
{
	size_t low = 0, high = sizeof(chat_cmds) / sizeof(chat_cmds[0]) - 1;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(name, chat_cmds[mid]->name);

		if (order == 0)
			return chat_cmds[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}
