# src/http: its part of the Makefile.
noinst_LIBRARIES += src/http/libhttp.a
src_http_libhttp_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(CRYPTO_CFLAGS)
src_http_libhttp_a_SOURCES = \
	src/http/accept.c src/http/accept.h \
	src/http/check.c src/http/check.h \
	src/http/etag.c src/http/etag.h \
	src/http/gate.c \
	src/http/internal.h \
	src/http/memory.c \
	src/http/proxy.c src/http/proxy.h \
	src/http/reply.c \
	src/http/request.c \
	src/http/scan.c \
	src/http/server.c src/http/server.h \
	src/http/static.c src/http/static.h \
	src/http/upgrade.c

# What becomes of an upgraded connection.
src_http_libhttp_a_SOURCES += src/http/wsconn.c src/http/wsconn.h
