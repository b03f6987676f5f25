# src/net: its part of the Makefile.
noinst_LIBRARIES += src/net/libnet.a
src_net_libnet_a_SOURCES = \
	src/net/chunk.c src/net/chunk.h \
	src/net/conn.c src/net/conn.h \
	src/net/conn_pool.c \
	src/net/conn_read.c \
	src/net/conn_queue.c src/net/conn_private.h \
	src/net/loop.c src/net/loop.h \
	src/net/mailbox.c \
	src/net/offload.c src/net/offload.h
src_net_libnet_a_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
