/* t/lib/ws_client.h - the frames of a WebSocket client, right and wrong ones,
 * for tests in C. */
#ifndef T_LIB_WS_CLIENT_H
#define T_LIB_WS_CLIENT_H

#include <string.h>

#include "base/buf.h"
#include "ws/frame.h"

/* What stands in the first byte beside the opcode. */
enum { CLIENT_FIN = 0x80, CLIENT_RSV1 = 0x40 };

/* The header of a masked frame; first: its first byte; digits: how the length
 * is written (0, 2 or 8 bytes of their own; -1: as it should be). */
static void __attribute__((unused)) client_header(struct buf *b, unsigned first,
    uint64_t len, int digits, const uint8_t mask[4])
{
	if (digits == -1)
		digits = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;
	buf_addc(b, (char)first);
	if (digits == 0)
		buf_addc(b, (char)(0x80 | len));
	if (digits == 2) {
		buf_addc(b, (char)(0x80 | 126));
		buf_add_be16(b, (uint16_t)len);
	}
	if (digits == 8) {
		buf_addc(b, (char)(0x80 | 127));
		buf_add_be64(b, len);
	}
	buf_add(b, mask, 4);
}

/* A whole masked frame. */
static void __attribute__((unused))
client_frame(struct buf *b, unsigned first, const void *payload, size_t len)
{
	static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	const uint8_t *p = payload;

	client_header(b, first, len, -1, mask);
	for (size_t i = 0; i < len; i++)
		buf_addc(b, (char)(p[i] ^ mask[i % 4]));
}

static void __attribute__((unused)) client_text(struct buf *b, const char *text)
{
	client_frame(b, CLIENT_FIN | WS_TEXT, text, strlen(text));
}

static void __attribute__((unused)) client_close(struct buf *b, unsigned code)
{
	uint8_t payload[2] = { (uint8_t)(code >> 8), (uint8_t)code };

	client_frame(b, CLIENT_FIN | WS_CLOSE, payload, 2);
}

#endif
