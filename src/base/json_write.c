/* base/json_write.c - writing JSON into a buf. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"

static void
comma(struct buf *b)
{
	uint8_t last = b->len > 0 ? b->data[b->len - 1] : (uint8_t)':';

	if (last != '{' && last != '[' && last != ':')
		buf_addc(b, ',');
}

void
json_open(struct buf *b, char bracket)
{
	comma(b);
	buf_addc(b, bracket);
}

void
json_close(struct buf *b, char bracket)
{
	buf_addc(b, bracket);
}

static void
escape(struct buf *b, uint8_t c)
{
	static const char short_for[][2] = { { '\b', 'b' }, { '\t', 't' },
		{ '\n', 'n' }, { '\f', 'f' }, { '\r', 'r' }, { '"', '"' },
		{ '\\', '\\' } };

	for (size_t i = 0; i < sizeof(short_for) / 2; i++) {
		if (c != (uint8_t)short_for[i][0])
			continue;
		buf_addc(b, '\\');
		buf_addc(b, short_for[i][1]);
		return;
	}
	buf_addf(b, "\\u%04x", c);
}

static bool
is_plain(uint8_t c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

#define EACH(c) (UINT64_C(0x0101010101010101) * (c))

/* Is some byte of w less than n (at most 0x80)? */
static uint64_t
some_less(uint64_t w, uint8_t n)
{
	return (w - EACH(n)) & ~w & EACH(0x80u);
}

/* How many bytes at the front need no escape: eight at a time, as long as all
 * of them are plain. */
static size_t
plain_bytes(const uint8_t *p, size_t len)
{
	size_t i = 0;
	uint64_t w;

	for (; len - i >= sizeof(w); i += sizeof(w)) {
		memcpy(&w, p + i, sizeof(w));
		if (some_less(w, 0x20) | some_less(w ^ EACH('"'), 1) |
		    some_less(w ^ EACH('\\'), 1))
			break;
	}
	while (i < len && is_plain(p[i]))
		i++;
	return i;
}

void
json_str(struct buf *b, const void *s, size_t len)
{
	const uint8_t *p = s, *end = p + len;
	size_t n;

	comma(b);
	buf_reserve(b, len + 2);
	buf_addc(b, '"');
	for (;;) {
		n = plain_bytes(p, (size_t)(end - p));
		buf_add(b, p, n);
		p += n;
		if (p == end)
			break;
		escape(b, *p++);
	}
	buf_addc(b, '"');
}

void
json_key(struct buf *b, const char *key)
{
	json_str(b, key, strlen(key));
	buf_addc(b, ':');
}

void
json_kstr(struct buf *b, const char *key, const char *s)
{
	json_kstrn(b, key, s, strlen(s));
}

void
json_kstrn(struct buf *b, const char *key, const void *s, size_t len)
{
	json_key(b, key);
	json_str(b, s, len);
}

void
json_ku64(struct buf *b, const char *key, uint64_t v)
{
	json_key(b, key);
	buf_add_u64(b, v);
}

void
json_kbool(struct buf *b, const char *key, bool v)
{
	json_key(b, key);
	buf_adds(b, v ? "true" : "false");
}

void
json_kid(struct buf *b, const char *key, const struct id *id)
{
	json_key(b, key);
	buf_reserve(b, ID_HEX + 2);
	buf_addc(b, '"');
	id_hex(id, (char *)b->data + b->len);
	b->len += ID_HEX - 1;
	buf_addc(b, '"');
}

void
json_kcid(struct buf *b, const char *key, const struct cid *cid)
{
	json_key(b, key);
	buf_reserve(b, CID_HEX + 2);
	buf_addc(b, '"');
	cid_hex(cid, (char *)b->data + b->len);
	b->len += CID_HEX - 1;
	buf_addc(b, '"');
}

void
json_raw(struct buf *b, const void *json, size_t len)
{
	comma(b);
	buf_add(b, json, len);
}

void
json_kraw(struct buf *b, const char *key, const void *json, size_t len)
{
	json_key(b, key);
	buf_add(b, json, len);
}
