/* ws/frame.h - RFC 6455 frames: bytes in, messages out; no sockets. */
#ifndef WS_FRAME_H
#define WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum ws_opcode {
	WS_CONT = 0x0,
	WS_TEXT = 0x1,
	WS_BINARY = 0x2,
	WS_CLOSE = 0x8,
	WS_PING = 0x9,
	WS_PONG = 0xa,
};

enum ws_code {
	WS_NORMAL = 1000,
	WS_GOING_AWAY = 1001,
	WS_PROTOCOL = 1002,
	WS_UNSUPPORTED = 1003,
	WS_NO_STATUS = 1005, /* never on the wire */
	WS_ABNORMAL = 1006,  /* never on the wire */
	WS_BAD_DATA = 1007,
	WS_TOO_BIG = 1009,
	WS_RESUME = 4001,
	WS_SESSION_OVER = 4401,
	WS_TOO_MANY = 4429,
};

#define WS_HEADER_MAX 10 /* of what a server sends: unmasked */

/* Writes the header of an unmasked, final frame; returns its length. */
size_t ws_header(uint8_t out[WS_HEADER_MAX], enum ws_opcode op, uint64_t len);

/* Appends a whole unmasked frame. */
void ws_frame(struct buf *b, enum ws_opcode op, const void *p, size_t len);

/* Appends a close frame. reason (NULL: none) is cut at 123 bytes, not inside a
 * character; code 0 or WS_NO_STATUS: empty body. */
void ws_close_frame(struct buf *b, unsigned code, const char *reason);

/* The reading side of one connection: 16 bytes while idle. Zeroed: at the
 * beginning of a message. Private to ws/read.c. */
struct ws_in {
	struct ws_partial *partial; /* what came of a message; NULL: nothing */
	uint32_t utf8;              /* state over its text */
	uint8_t opcode;             /* of the message under way; 0: none */
};

/* What ws_read found. The payloads are borrowed for the call. */
struct ws_sink {
	/* A whole message (WS_TEXT is valid UTF-8, WS_BINARY). Returns false
	 * when the reading must stop after it. */
	bool (*on_message)(
	    void *arg, enum ws_opcode op, const uint8_t *p, size_t len);
	/* WS_PING, WS_PONG, or WS_CLOSE (code WS_NO_STATUS when empty; p is
	 * the reason). Returns as on_message. */
	bool (*on_control)(void *arg, enum ws_opcode op, unsigned code,
	    const uint8_t *p, size_t len);
};

/* Reads masked client frames from p, which it unmasks in place. A message that
 * lies in p whole is handed over where it is; of others, what came is moved
 * into partial, and text checked, at once. Not used are only an incomplete
 * header or control frame (at most 130 bytes, not changed), and what stands
 * behind a message at which the sink stopped. max: largest message. Returns the
 * bytes used; *code_r is 0, or the close code with which the connection must be
 * failed (1002, 1007, 1009), after which ws_read must not be called again. */
size_t ws_read(struct ws_in *in, uint8_t *p, size_t n, size_t max,
    const struct ws_sink *sink, void *arg, unsigned *code_r);
void ws_in_free(struct ws_in *in);

#endif
