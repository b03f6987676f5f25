/* chat/page.c - the fields `limit` and `next` of commands that answer by pages.
 */

#include "chat/page.h"

#include "base/id.h"

int
page_limit(const struct json *args, size_t *limit_r, struct err *err)
{
	uint64_t limit = PAGE_LIMIT_DEFAULT;

	if (json_get_u64(args, "limit", &limit, err) == -1)
		return -1;
	if (limit < 1 || limit > PAGE_LIMIT_MAX)
		return err_set(err, ERR_BAD_REQUEST,
		    "limit: must be a number from 1 to %d", PAGE_LIMIT_MAX);
	*limit_r = limit;
	return 0;
}

int
page_garbled(struct err *err)
{
	return err_set(err, ERR_BAD_REQUEST,
	    "next: must be what the page before gave as next");
}

static int
decode(const char *s, size_t len, enum page_tag tag, struct page *p)
{
	uint8_t raw[1 + PAGE_POS_MAX];
	size_t n = len / 2;

	if (len % 2 != 0 || n < 2 || n > sizeof(raw) ||
	    hex_decode(s, len, raw, n) == -1 || raw[0] != tag)
		return -1;
	p->len = n - 1;
	for (size_t i = 0; i < p->len; i++)
		p->pos[i] = raw[i + 1];
	return 0;
}

int
page_read(const struct json *args, enum page_tag tag, struct page *p_r,
    struct err *err)
{
	const char *s;
	size_t len;
	int found;

	*p_r = (struct page){ 0 };
	if (page_limit(args, &p_r->limit, err) == -1)
		return -1;
	found = json_get_str(args, "next", &s, &len, err);
	if (found < 1)
		return found;
	return decode(s, len, tag, p_r) == -1 ? page_garbled(err) : 0;
}

void
page_next(struct buf *out, enum page_tag tag, const void *pos, size_t len)
{
	char hex[2 * (1 + PAGE_POS_MAX) + 1];
	uint8_t first = (uint8_t)tag;

	hex_encode(&first, 1, hex);
	hex_encode(pos, len, hex + 2);
	json_kstr(out, "next", hex);
}
