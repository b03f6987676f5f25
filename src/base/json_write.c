/* base/json_write.c - writing JSON into a buf. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"

static void
comma(struct buf *b)
{
	if (b->len > 0 && strchr("{[:", b->data[b->len - 1]) == NULL)
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

void
json_str(struct buf *b, const void *s, size_t len)
{
	const uint8_t *p = s, *end = p + len, *plain = p;

	comma(b);
	buf_reserve(b, len + 2);
	buf_addc(b, '"');
	for (; p < end; p++) {
		if (*p >= 0x20 && *p != '"' && *p != '\\')
			continue;
		buf_add(b, plain, (size_t)(p - plain));
		escape(b, *p);
		plain = p + 1;
	}
	buf_add(b, plain, (size_t)(end - plain));
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
	char hex[ID_HEX];

	json_kstrn(b, key, id_hex(id, hex), ID_HEX - 1);
}

void
json_kcid(struct buf *b, const char *key, const struct cid *cid)
{
	char hex[CID_HEX];

	json_kstrn(b, key, cid_hex(cid, hex), CID_HEX - 1);
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
