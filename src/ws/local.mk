# src/ws: its part of the Makefile.
noinst_LIBRARIES += src/ws/libws.a
src_ws_libws_a_SOURCES = \
	src/ws/frame.h \
	src/ws/handshake.c src/ws/handshake.h \
	src/ws/read.c \
	src/ws/write.c
src_ws_libws_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
