# src/chat: its part of the Makefile.
noinst_LIBRARIES += src/chat/libchat.a
src_chat_libchat_a_CPPFLAGS = $(AM_CPPFLAGS) $(SODIUM_CFLAGS)
src_chat_libchat_a_SOURCES = \
	src/chat/auth.c src/chat/auth.h \
	src/chat/blocked.c src/chat/blocked.h \
	src/chat/change.c src/chat/change.h \
	src/chat/chat.c src/chat/chat.h \
	src/chat/cmd_account_delete.c \
	src/chat/cmd_add.c \
	src/chat/cmd_direct.c \
	src/chat/cmd_drop.c \
	src/chat/cmd_groups.c \
	src/chat/cmd_hello.c \
	src/chat/cmd_history.c \
	src/chat/cmd_info.c \
	src/chat/cmd_invite_create.c \
	src/chat/cmd_invite_revoke.c \
	src/chat/cmd_invites.c \
	src/chat/cmd_join.c \
	src/chat/cmd_leave.c \
	src/chat/cmd_login.c \
	src/chat/cmd_logout.c \
	src/chat/cmd_me.c \
	src/chat/cmd_members.c \
	src/chat/cmd_mute.c \
	src/chat/cmd_password.c \
	src/chat/cmd_people.c \
	src/chat/cmd_ping.c \
	src/chat/cmd_presence.c \
	src/chat/cmd_profile.c \
	src/chat/cmd_read.c \
	src/chat/cmd_register.c \
	src/chat/cmd_remove.c \
	src/chat/cmd_rename.c \
	src/chat/cmd_role.c \
	src/chat/cmd_room.c \
	src/chat/cmd_room_create.c \
	src/chat/cmd_rooms.c \
	src/chat/cmd_send.c \
	src/chat/cmd_session_revoke.c \
	src/chat/cmd_sessions.c \
	src/chat/cmd_typing.c \
	src/chat/cmd_users.c \
	src/chat/cmd_visibility.c \
	src/chat/commands.c src/chat/commands.h \
	src/chat/confirm.c src/chat/confirm.h \
	src/chat/device.c src/chat/device.h \
	src/chat/ending.c src/chat/ending.h \
	src/chat/hello.h \
	src/chat/hold.c src/chat/hold.h \
	src/chat/hub.c src/chat/hub.h \
	src/chat/hub_event.c src/chat/hub_event.h \
	src/chat/hub_fan.c \
	src/chat/hub_log.c \
	src/chat/hub_member.c \
	src/chat/hub_poll.c \
	src/chat/hub_private.h \
	src/chat/invite.c src/chat/invite.h \
	src/chat/limit.c src/chat/limit.h \
	src/chat/login.c src/chat/login.h \
	src/chat/notice.c src/chat/notice.h \
	src/chat/page.c src/chat/page.h \
	src/chat/presence.c src/chat/presence.h \
	src/chat/presence_lost.c \
	src/chat/presence_peer.c \
	src/chat/presence_tell.c \
	src/chat/presence_private.h \
	src/chat/renew.c src/chat/renew.h \
	src/chat/request.c src/chat/request.h \
	src/chat/room_list.c src/chat/room_list.h \
	src/chat/room_new.c src/chat/room_new.h \
	src/chat/span.c src/chat/span.h \
	src/chat/sync.c src/chat/sync.h \
	src/chat/sync_page.c src/chat/sync_private.h \
	src/chat/throttle.c src/chat/throttle.h \
	src/chat/view.c src/chat/view.h \
	src/chat/whereabouts.c src/chat/whereabouts.h
