# src/ctl: burungctl.
bin_PROGRAMS += burungctl
burungctl_SOURCES = \
	src/ctl/ask.c src/ctl/ask.h \
	src/ctl/cmd_copy.c \
	src/ctl/cmd_room.c \
	src/ctl/cmd_session.c \
	src/ctl/cmd_status.c \
	src/ctl/cmd_store.c \
	src/ctl/cmd_user.c \
	src/ctl/commands.c \
	src/ctl/ctl.c src/ctl/ctl.h \
	src/ctl/main.c \
	src/ctl/table.c src/ctl/table.h \
	src/ctl/target.c src/ctl/target.h src/ctl/target_own.h \
	src/ctl/target_call.c \
	src/ctl/target_copy.c
burungctl_LDADD = $(ADMIN_LIBS)
burungctl_LDFLAGS = $(MODULES_IN)
