/* chat/commands.h - every command's entry; the table is in commands.c. */
#ifndef CHAT_COMMANDS_H
#define CHAT_COMMANDS_H

#include "chat/request.h"

extern const struct chat_cmd cmd_account_delete;
extern const struct chat_cmd cmd_add;
extern const struct chat_cmd cmd_archive;
extern const struct chat_cmd cmd_direct;
extern const struct chat_cmd cmd_drop;
extern const struct chat_cmd cmd_groups;
extern const struct chat_cmd cmd_hello;
extern const struct chat_cmd cmd_history;
extern const struct chat_cmd cmd_info;
extern const struct chat_cmd cmd_invite_create;
extern const struct chat_cmd cmd_invite_revoke;
extern const struct chat_cmd cmd_invites;
extern const struct chat_cmd cmd_join;
extern const struct chat_cmd cmd_leave;
extern const struct chat_cmd cmd_login;
extern const struct chat_cmd cmd_logout;
extern const struct chat_cmd cmd_me;
extern const struct chat_cmd cmd_members;
extern const struct chat_cmd cmd_mute;
extern const struct chat_cmd cmd_password;
extern const struct chat_cmd cmd_people;
extern const struct chat_cmd cmd_ping;
extern const struct chat_cmd cmd_presence;
extern const struct chat_cmd cmd_profile;
extern const struct chat_cmd cmd_read;
extern const struct chat_cmd cmd_register;
extern const struct chat_cmd cmd_remove;
extern const struct chat_cmd cmd_rename;
extern const struct chat_cmd cmd_role;
extern const struct chat_cmd cmd_room;
extern const struct chat_cmd cmd_room_create;
extern const struct chat_cmd cmd_rooms;
extern const struct chat_cmd cmd_send;
extern const struct chat_cmd cmd_session_revoke;
extern const struct chat_cmd cmd_sessions;
extern const struct chat_cmd cmd_topic;
extern const struct chat_cmd cmd_typing;
extern const struct chat_cmd cmd_users;
extern const struct chat_cmd cmd_visibility;

#endif
