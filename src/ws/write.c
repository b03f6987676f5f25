/* ws/write.c - frames as a server sends them: unmasked and final. */
#include <string.h>

#include "base/utf8.h"
#include "ws/frame.h"

enum { FIN = 0x80, REASON_MAX = 123 };

size_t
ws_header(uint8_t out[WS_HEADER_MAX], enum ws_opcode op, uint64_t len)
{
	size_t n = 2, digits = 0;

	out[0] = (uint8_t)(FIN | op);
	if (len < 126) {
		out[1] = (uint8_t)len;
	} else if (len <= UINT16_MAX) {
		out[1] = 126;
		digits = 2;
	} else {
		out[1] = 127;
		digits = 8;
	}
	while (digits-- > 0)
		out[n++] = (uint8_t)(len >> (8 * digits));
	return n;
}

void
ws_frame(struct buf *b, enum ws_opcode op, const void *p, size_t len)
{
	uint8_t header[WS_HEADER_MAX];

	buf_add(b, header, ws_header(header, op, len));
	if (len > 0)
		buf_add(b, p, len);
}

void
ws_close_frame(struct buf *b, unsigned code, const char *reason)
{
	uint8_t payload[2 + REASON_MAX];
	size_t len = 0;

	if (code == 0 || code == WS_NO_STATUS) {
		ws_frame(b, WS_CLOSE, NULL, 0);
		return;
	}
	if (reason != NULL)
		len = utf8_cut(reason, strlen(reason), REASON_MAX);
	payload[0] = (uint8_t)(code >> 8);
	payload[1] = (uint8_t)code;
	if (len > 0)
		memcpy(payload + 2, reason, len);
	ws_frame(b, WS_CLOSE, payload, 2 + len);
}
