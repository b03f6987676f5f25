# src/proc: its part of the Makefile.
noinst_LIBRARIES += src/proc/libproc.a
src_proc_libproc_a_SOURCES = \
	src/proc/admin_socket.c src/proc/admin_socket.h \
	src/proc/board.c src/proc/board.h \
	src/proc/child.c src/proc/child.h \
	src/proc/datadir.c src/proc/datadir.h \
	src/proc/handed.c src/proc/handed.h \
	src/proc/hosts.c src/proc/hosts.h \
	src/proc/join.c src/proc/join.h \
	src/proc/listen.c src/proc/listen.h \
	src/proc/master.c src/proc/master.h \
	src/proc/metrics.c src/proc/metrics.h \
	src/proc/notify.c src/proc/notify.h \
	src/proc/places.c src/proc/places.h src/proc/places_private.h \
	src/proc/prepare.c src/proc/prepare.h \
	src/proc/privs.c src/proc/privs.h \
	src/proc/replace.c \
	src/proc/server.h \
	src/proc/watch.c \
	src/proc/worker.c src/proc/worker.h \
	src/proc/worker_admin.c src/proc/worker_admin.h \
	src/proc/worker_hosts.c src/proc/worker_hosts.h
