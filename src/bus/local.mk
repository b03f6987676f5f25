# src/bus: its part of the Makefile.
noinst_LIBRARIES += src/bus/libbus.a
src_bus_libbus_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
src_bus_libbus_a_SOURCES = \
	src/bus/bus.c src/bus/bus.h \
	src/bus/driver.h \
	src/bus/link.c src/bus/link.h \
	src/bus/local.c \
	src/bus/pairs.c src/bus/pairs.h \
	src/bus/redis/conf.c src/bus/redis/conf.h \
	src/bus/redis/conn.c src/bus/redis/conn.h \
	src/bus/redis/datagram.c src/bus/redis/datagram.h \
	src/bus/redis/hosts.c src/bus/redis/hosts.h \
	src/bus/redis/redis.c \
	src/bus/redis/resolve.c src/bus/redis/resolve.h \
	src/bus/redis/server.c src/bus/redis/server.h \
	src/bus/redis/topics.c src/bus/redis/topics.h \
	src/bus/wire.c src/bus/wire.h
