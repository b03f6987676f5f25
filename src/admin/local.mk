# src/admin: its part of the Makefile.
noinst_LIBRARIES += src/admin/libadmin.a
src_admin_libadmin_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
src_admin_libadmin_a_SOURCES = \
	src/admin/admin.c src/admin/admin.h \
	src/admin/check.c \
	src/admin/config.c \
	src/admin/copy.c src/admin/copy.h src/admin/copy_own.h \
	src/admin/copy_compare.c \
	src/admin/digest.c src/admin/digest.h \
	src/admin/ops.h \
	src/admin/room.c \
	src/admin/session.c \
	src/admin/user.c \
	src/admin/walk.c src/admin/walk.h
