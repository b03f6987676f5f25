# src/base: err log buf map id clock utf8 json conf …: knows nothing of chat.
noinst_LIBRARIES += src/base/libbase.a
src_base_libbase_a_CPPFLAGS = $(AM_CPPFLAGS) $(JSON_CFLAGS) $(BSD_CFLAGS)
src_base_libbase_a_SOURCES = \
	src/base/buf.c src/base/buf.h \
	src/base/clock.c src/base/clock.h \
	src/base/conf.c src/base/conf.h \
	src/base/conf_read.c src/base/conf_read.h \
	src/base/conf_value.c src/base/conf_value.h \
	src/base/coverage.h \
	src/base/err.c src/base/err.h \
	src/base/failpoint.c src/base/failpoint.h \
	src/base/histo.c src/base/histo.h \
	src/base/id.c src/base/id.h \
	src/base/json.h \
	src/base/json_read.c \
	src/base/json_scan.c src/base/json_scan.h \
	src/base/json_write.c \
	src/base/log.c src/base/log.h \
	src/base/map.c src/base/map.h \
	src/base/mem.c src/base/mem.h \
	src/base/shlock.c src/base/shlock.h \
	src/base/sip.c src/base/sip.h \
	src/base/slab.c src/base/slab.h \
	src/base/utf8.c src/base/utf8.h
EXTRA_DIST += conf/burungd.conf
