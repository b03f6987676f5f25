# src/store: its part of the Makefile.
noinst_LIBRARIES += src/store/libstore.a
src_store_libstore_a_SOURCES = \
	src/store/append.c src/store/append.h \
	src/store/asked.c src/store/asked.h \
	src/store/copy.h \
	src/store/db.c \
	src/store/driver.c src/store/driver.h \
	src/store/fail.c \
	src/store/gather.c src/store/gather.h \
	src/store/greet.h \
	src/store/invites.h \
	src/store/list.c \
	src/store/making.c src/store/making.h \
	src/store/module.c src/store/module.h \
	src/store/nodes.h \
	src/store/patience.c src/store/patience.h \
	src/store/rooms.h \
	src/store/sqlite/sq.c src/store/sqlite/sq.h \
	src/store/sqlite/sq_account.c \
	src/store/sqlite/sq_append.c \
	src/store/sqlite/sq_backup.c \
	src/store/sqlite/sq_batch.c src/store/sqlite/sq_batch.h \
	src/store/sqlite/sq_checkpoint.c \
	src/store/sqlite/sq_column.c \
	src/store/sqlite/sq_copy.c \
	src/store/sqlite/sq_create.c \
	src/store/sqlite/sq_driver.c \
	src/store/sqlite/sq_fold.c \
	src/store/sqlite/sq_greet.c \
	src/store/sqlite/sq_invite.c \
	src/store/sqlite/sq_list.c \
	src/store/sqlite/sq_migrate.c src/store/sqlite/sq_migrate.h \
	src/store/sqlite/sq_node.c \
	src/store/sqlite/sq_query.h \
	src/store/sqlite/sq_repeat.c \
	src/store/sqlite/sq_room.c \
	src/store/sqlite/sq_self.c \
	src/store/sqlite/sq_session.c \
	src/store/sqlite/sq_since.c \
	src/store/sqlite/sq_user.c \
	src/store/sqlite/sq_wal.c \
	src/store/sqlite/sq_words.c \
	src/store/store.c src/store/store.h \
	src/store/threads.h \
	src/store/users.h \
	src/store/words.c src/store/words.h
src_store_libstore_a_CPPFLAGS = $(AM_CPPFLAGS) \
	-DPKGLIBDIR='"$(pkglibdir)"'
nodist_src_store_libstore_a_SOURCES = src/store/sqlite/schema.c

# The migrations as strings of the program, in order of their numbers.
migrations = $(srcdir)/src/store/sqlite/schema/001_start.sql \
	$(srcdir)/src/store/sqlite/schema/002_accounts.sql \
	$(srcdir)/src/store/sqlite/schema/003_invites.sql \
	$(srcdir)/src/store/sqlite/schema/004_rooms.sql \
	$(srcdir)/src/store/sqlite/schema/005_nodes.sql
embed = $(srcdir)/src/store/sqlite/schema/embed.awk
src/store/sqlite/schema.c: $(migrations) $(embed)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(AWK) -f $(embed) $(migrations) > $@.tmp && mv $@.tmp $@
CLEANFILES += src/store/sqlite/schema.c
EXTRA_DIST += $(migrations) $(embed)

# MongoDB: a module, since its library brings a dozen others (doc/SCALING.md).
# Its own symbols come from the program that loads it.
if MONGO
moduledir = $(pkglibdir)
module_PROGRAMS = src/store/mongo/store_mongo.so
endif
src_store_mongo_store_mongo_so_SOURCES = \
	src/store/mongo/mg.c src/store/mongo/mg.h \
	src/store/mongo/mg_account.c \
	src/store/mongo/mg_append.c \
	src/store/mongo/mg_call.c \
	src/store/mongo/mg_change.c \
	src/store/mongo/mg_copy.c \
	src/store/mongo/mg_create.c \
	src/store/mongo/mg_doc.c \
	src/store/mongo/mg_driver.c \
	src/store/mongo/mg_first.c \
	src/store/mongo/mg_fold.c \
	src/store/mongo/mg_greet.c \
	src/store/mongo/mg_head.c \
	src/store/mongo/mg_invite.c \
	src/store/mongo/mg_known.c src/store/mongo/mg_known.h \
	src/store/mongo/mg_list.c \
	src/store/mongo/mg_member.c \
	src/store/mongo/mg_node.c \
	src/store/mongo/mg_plan.c src/store/mongo/mg_plan.h \
	src/store/mongo/mg_prefetch.c \
	src/store/mongo/mg_room.c \
	src/store/mongo/mg_self.c \
	src/store/mongo/mg_session.c \
	src/store/mongo/mg_settle.c \
	src/store/mongo/mg_since.c \
	src/store/mongo/mg_user.c \
	src/store/mongo/mg_views.c \
	src/store/mongo/mg_words.c
src_store_mongo_store_mongo_so_CPPFLAGS = $(AM_CPPFLAGS) $(MONGO_CFLAGS)
src_store_mongo_store_mongo_so_CFLAGS = $(AM_CFLAGS) -fPIC
src_store_mongo_store_mongo_so_LDFLAGS = -shared $(MODULE_LDFLAGS)
src_store_mongo_store_mongo_so_LDADD = $(MONGO_LIBS)
