# src/bus: its part of the Makefile.
noinst_LIBRARIES += src/bus/libbus.a
src_bus_libbus_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
src_bus_libbus_a_SOURCES = \
	src/bus/bus.c src/bus/bus.h \
	src/bus/driver.h \
	src/bus/link.c src/bus/link.h \
	src/bus/local.c \
	src/bus/pairs.c src/bus/pairs.h \
	src/bus/wire.c src/bus/wire.h
