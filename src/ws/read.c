/* ws/read.c - frames as a client sends them: masked, in pieces, hostile. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ws/frame.h"

enum { FIN = 0x80, RESERVED = 0x70, MASKED = 0x80, CONTROL = 0x8 };
enum { MASK_LEN = 4, CONTROL_MAX = 125 };

/* A message that did not come in one piece. */
struct ws_partial {
	struct buf data;
	uint64_t left; /* of the frame under way */
	uint8_t mask[MASK_LEN];
	uint8_t phase; /* of the mask */
	bool fin;
};

struct header {
	uint64_t len;
	const uint8_t *mask;
	size_t size;
	uint8_t opcode;
	bool fin;
};

/* One call of ws_read. */
struct reading {
	struct ws_in *in;
	const struct ws_sink *sink;
	void *arg;
	size_t max;
	unsigned code;
	bool stop;
};

/* XORs n bytes with the mask, beginning with its byte number `phase`. */
static void
unmask(uint8_t *p, size_t n, const uint8_t mask[MASK_LEN], unsigned phase)
{
	uint8_t pattern[8];
	uint64_t key, word;

	for (unsigned i = 0; i < sizeof(pattern); i++)
		pattern[i] = mask[(phase + i) % MASK_LEN];
	memcpy(&key, pattern, sizeof(key));
	for (; n >= sizeof(word); p += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		word ^= key;
		memcpy(p, &word, sizeof(word));
	}
	for (size_t i = 0; i < n; i++)
		p[i] ^= pattern[i];
}

static void
fail(struct reading *r, unsigned code)
{
	r->code = code;
	r->stop = true;
}

static void
partial_free(struct ws_partial *partial)
{
	if (partial == NULL)
		return;
	buf_free(&partial->data);
	free(partial);
}

void
ws_in_free(struct ws_in *in)
{
	partial_free(in->partial);
	memset(in, 0, sizeof(*in));
}

/* As soon as it can be told from n >= 1 bytes: may a frame begin like this? */
static bool
first_bytes_ok(const struct ws_in *in, const uint8_t *p, size_t n)
{
	unsigned op = p[0] & 0xf;
	bool control = (op & CONTROL) != 0;

	if ((p[0] & RESERVED) != 0 || op > WS_PONG ||
	    (op > WS_BINARY && !control))
		return false;
	if (control && (p[0] & FIN) == 0)
		return false;
	if (!control && (op == WS_CONT) != (in->opcode != 0))
		return false;
	if (n < 2)
		return true;
	return (p[1] & MASKED) != 0 &&
	       (!control || (p[1] & 0x7f) <= CONTROL_MAX);
}

/* Returns 1 with *h filled; 0: more bytes are needed; -1: a broken one. */
static int
parse_header(
    const struct ws_in *in, const uint8_t *p, size_t n, struct header *h)
{
	unsigned digits;

	if (!first_bytes_ok(in, p, n))
		return -1;
	if (n < 2)
		return 0;
	h->opcode = p[0] & 0xf;
	h->fin = (p[0] & FIN) != 0;
	h->len = p[1] & 0x7f;
	digits = h->len == 127 ? 8 : h->len == 126 ? 2 : 0;
	h->size = 2 + digits + MASK_LEN;
	if (n < 2 + digits)
		return 0;
	if (digits == 2)
		h->len = get_be16(p + 2);
	else if (digits == 8)
		h->len = get_be64(p + 2);
	/* The shortest form is the only one, and the top bit must be 0. */
	if ((digits == 2 && h->len < 126) ||
	    (digits == 8 && (h->len <= UINT16_MAX || h->len >> 63 != 0)))
		return -1;
	h->mask = p + 2 + digits;
	return n >= h->size;
}

static size_t
collected(const struct ws_in *in)
{
	return in->partial == NULL ? 0 : in->partial->data.len;
}

/* Text is checked as it comes; nothing else is. Returns whether to go on. */
static bool
check_text(struct reading *r, const uint8_t *p, size_t n, bool end)
{
	struct ws_in *in = r->in;

	if (in->opcode != WS_TEXT)
		return true;
	in->utf8 = utf8_feed(in->utf8, p, n);
	if (in->utf8 == UTF8_REJECT || (end && in->utf8 != UTF8_ACCEPT))
		fail(r, WS_BAD_DATA);
	return !r->stop;
}

/* The message under way is complete and lies at p. */
static void
message_end(struct reading *r, const uint8_t *p, size_t n)
{
	struct ws_in *in = r->in;
	struct ws_partial *partial = in->partial;
	enum ws_opcode op = in->opcode;

	in->partial = NULL;
	in->opcode = 0;
	in->utf8 = UTF8_ACCEPT;
	if (!r->sink->on_message(r->arg, op, p, n))
		r->stop = true;
	partial_free(partial);
}

/* Takes what is there of the data frame under way into partial. */
static size_t
take_piece(struct reading *r, uint8_t *p, size_t n)
{
	struct ws_partial *partial = r->in->partial;
	bool end;

	if (n > partial->left)
		n = (size_t)partial->left;
	unmask(p, n, partial->mask, partial->phase);
	partial->phase = (uint8_t)((partial->phase + n) % MASK_LEN);
	partial->left -= n;
	end = partial->fin && partial->left == 0;
	if (!check_text(r, p, n, end))
		return n;
	if (n > 0)
		buf_add(&partial->data, p, n);
	if (end && partial->data.len > 0)
		message_end(r, partial->data.data, partial->data.len);
	else if (end)
		message_end(r, p, 0);
	return n;
}

static size_t
begin_data(struct reading *r, uint8_t *p, size_t n, const struct header *h)
{
	struct ws_in *in = r->in;

	if (h->len > r->max - collected(in)) {
		fail(r, WS_TOO_BIG);
		return h->size;
	}
	if (h->opcode != WS_CONT)
		in->opcode = h->opcode;
	if (h->fin && in->partial == NULL && h->len <= n - h->size) {
		n = (size_t)h->len;
		unmask(p + h->size, n, h->mask, 0);
		if (check_text(r, p + h->size, n, true))
			message_end(r, p + h->size, n);
		return h->size + n;
	}
	if (in->partial == NULL)
		MEM_NEW(in->partial);
	in->partial->left = h->len;
	in->partial->fin = h->fin;
	in->partial->phase = 0;
	memcpy(in->partial->mask, h->mask, MASK_LEN);
	return h->size + take_piece(r, p + h->size, n - h->size);
}

/* May this code stand in a close frame? RFC 6455 §7.4 and the IANA registry. */
static bool
close_code_ok(unsigned code)
{
	return (code >= 1000 && code <= 1003) ||
	       (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static void
control_end(struct reading *r, enum ws_opcode op, const uint8_t *p, size_t len)
{
	unsigned code = 0;

	if (op == WS_CLOSE) {
		code = len < 2 ? WS_NO_STATUS : get_be16(p);
		if (len == 1 || (len >= 2 && !close_code_ok(code))) {
			fail(r, WS_PROTOCOL);
			return;
		}
		p += len == 0 ? 0 : 2;
		len -= len == 0 ? 0 : 2;
		if (!utf8_valid(p, len)) {
			fail(r, WS_BAD_DATA);
			return;
		}
	}
	if (!r->sink->on_control(r->arg, op, code, p, len))
		r->stop = true;
}

/* Returns the bytes used; 0: it needs more of them. */
static size_t
begin_frame(struct reading *r, uint8_t *p, size_t n)
{
	struct header h;
	int rc = parse_header(r->in, p, n, &h);

	if (rc == -1)
		fail(r, WS_PROTOCOL);
	if (rc != 1)
		return 0;
	if ((h.opcode & CONTROL) == 0)
		return begin_data(r, p, n, &h);
	if (n - h.size < h.len)
		return 0;
	unmask(p + h.size, (size_t)h.len, h.mask, 0);
	control_end(r, h.opcode, p + h.size, (size_t)h.len);
	return h.size + (size_t)h.len;
}

size_t
ws_read(struct ws_in *in, uint8_t *p, size_t n, size_t max,
    const struct ws_sink *sink, void *arg, unsigned *code_r)
{
	struct reading r = { .in = in, .sink = sink, .arg = arg, .max = max };
	size_t used = 0, k;

	while (used < n && !r.stop) {
		if (in->partial != NULL && in->partial->left > 0)
			k = take_piece(&r, p + used, n - used);
		else
			k = begin_frame(&r, p + used, n - used);
		if (k == 0)
			break;
		used += k;
	}
	*code_r = r.code;
	return used;
}
