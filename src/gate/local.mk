# src/gate: its part of the Makefile.
noinst_LIBRARIES += src/gate/libgate.a
src_gate_libgate_a_SOURCES = \
	src/gate/admin_ask.c src/gate/admin_ask.h \
	src/gate/admin_gate.c src/gate/admin_gate.h \
	src/gate/error.c \
	src/gate/gate.c src/gate/gate.h \
	src/gate/gate_private.h \
	src/gate/http_gate.c src/gate/http_gate.h \
	src/gate/pages.c src/gate/pages.h \
	src/gate/token.c src/gate/token.h \
	src/gate/ws_enter.c src/gate/ws_enter.h \
	src/gate/ws_gate.c src/gate/ws_gate.h
