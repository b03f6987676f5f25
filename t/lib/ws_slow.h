/* t/lib/ws_slow.h - a slow decoder of client frames, one whole stream at a
 * time, which says what ws_read should find. Shares no code with it. */
#ifndef T_LIB_WS_SLOW_H
#define T_LIB_WS_SLOW_H

#include "t/lib/ws_feed.h"

/* What can still become UTF-8? 1: complete; 0: in the middle; -1: never. By
 * code points and ranges, byte for byte: nothing of base/utf8. */
static int
slow_utf8(const uint8_t *p, size_t n)
{
	static const uint32_t low[] = { 0, 0x80, 0x800, 0x10000 };
	static const uint32_t high[] = { 0x7f, 0x7ff, 0xffff, 0x10ffff };
	uint32_t from, to;
	size_t more, have;

	for (size_t i = 0; i < n; i += 1 + more) {
		more = p[i] < 0x80 ? 0 : p[i] < 0xe0 ? 1 : p[i] < 0xf0 ? 2 : 3;
		if ((p[i] >= 0x80 && p[i] < 0xc0) || p[i] >= 0xf8)
			return -1;
		from = to = more == 0 ? p[i] : p[i] & (0x3fu >> more);
		for (have = 0; have < more && i + 1 + have < n; have++) {
			if ((p[i + 1 + have] & 0xc0) != 0x80)
				return -1;
			from = from << 6 | (p[i + 1 + have] & 0x3f);
		}
		to = from;
		for (size_t k = have; k < more; k++) {
			from = from << 6;
			to = to << 6 | 0x3f;
		}
		if (to < low[more] || from > high[more])
			return -1;
		if (from >= 0xd800 && to <= 0xdfff)
			return -1;
		if (have < more)
			return 0;
	}
	return 1;
}

struct slow {
	struct buf message;
	unsigned op; /* of the message under way, or 0 */
	size_t max;
};

static unsigned
slow_data(struct slow *s, struct buf *record, unsigned first,
    const struct buf *part, bool whole)
{
	bool end = whole && (first & 0x80) != 0;
	int text = 1;

	if ((first & 15) != 0)
		s->op = first & 15;
	buf_add(&s->message, part->data, part->len);
	if (s->op == WS_TEXT)
		text = slow_utf8(s->message.data, s->message.len);
	if (text == -1 || (end && text != 1))
		return WS_BAD_DATA;
	if (!end)
		return 0;
	note(record, s->op == WS_TEXT ? 'T' : 'B', 0, s->message.data,
	    s->message.len);
	buf_clear(&s->message);
	s->op = 0;
	return 0;
}

static unsigned
slow_control(struct buf *record, unsigned op, const struct buf *part)
{
	unsigned code = 0;
	size_t skip = 0;

	if (op == WS_CLOSE) {
		code = WS_NO_STATUS;
		skip = part->len == 0 ? 0 : 2;
		if (part->len == 1)
			return WS_PROTOCOL;
		if (part->len > 1)
			code = (unsigned)part->data[0] * 256 + part->data[1];
		if (part->len > 1 && (code < 1000 || code > 4999 ||
					 (code > 1014 && code < 3000) ||
					 (code > 1003 && code < 1007)))
			return WS_PROTOCOL;
		if (skip > 0 && slow_utf8(part->data + 2, part->len - 2) != 1)
			return WS_BAD_DATA;
	}
	note(record,
	    op == WS_PING   ? 'p'
	    : op == WS_PONG ? 'o'
			    : 'c',
	    code, skip > 0 ? part->data + skip : part->data, part->len - skip);
	return 0;
}

/* Reads one frame at p. Returns a close code or 0; *size_r is its whole length,
 * 0 if it is not all there. */
static unsigned
slow_frame(struct slow *s, struct buf *record, const uint8_t *p, size_t n,
    size_t *size_r)
{
	unsigned op = p[0] & 15, digits, code = 0;
	bool data = op <= 2, whole;
	struct buf part = { 0 };
	uint64_t len = 0;

	*size_r = 0;
	if ((p[0] & 0x70) != 0 || (op > 2 && op < 8) || op > 10 ||
	    (!data && p[0] < 0x80) || (op == 0 && s->op == 0) ||
	    ((op == 1 || op == 2) && s->op != 0))
		return WS_PROTOCOL;
	if (n < 2)
		return 0;
	if (p[1] < 128 || (!data && p[1] > 128 + 125))
		return WS_PROTOCOL;
	digits = p[1] == 254 ? 2 : p[1] == 255 ? 8 : 0;
	if (n < 2 + digits)
		return 0;
	for (unsigned i = 0; i < digits; i++)
		len = len << 8 | p[2 + i];
	if (digits == 0)
		len = p[1] - 128u;
	if ((digits == 2 && len < 126) || (digits == 8 && len < 65536) ||
	    len > INT64_MAX)
		return WS_PROTOCOL;
	if (n < 6 + digits)
		return 0;
	if (data && len + s->message.len > s->max)
		return WS_TOO_BIG;
	for (uint64_t i = 0; i < len && 6 + digits + i < n; i++)
		buf_addc(
		    &part, (char)(p[6 + digits + i] ^ p[2 + digits + i % 4]));
	whole = part.len == len;
	if (data)
		code = slow_data(s, record, p[0], &part, whole);
	else if (whole)
		code = slow_control(record, op, &part);
	if (whole)
		*size_r = 6 + digits + len;
	buf_free(&part);
	return code;
}

/* What a whole stream should give. */
static void
slow_read(struct buf *record, const uint8_t *p, size_t n, size_t max)
{
	struct slow s = { .max = max };
	unsigned code = 0;
	size_t size;

	while (n > 0 && code == 0) {
		code = slow_frame(&s, record, p, n, &size);
		if (size == 0)
			break;
		p += size;
		n -= size;
	}
	if (code != 0)
		buf_addf(record, "!%u", code);
	buf_free(&s.message);
}

#endif
