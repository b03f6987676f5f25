/* t/unit/chat_page.c - `limit` and `next` of commands that answer by pages. */

#include "../lib/tap.h"
#include "chat/page.h"

static struct json *
parse(const char *text)
{
	struct err err = { 0 };
	struct json *args = json_parse(text, strlen(text), 4096, &err);

	if (args == NULL)
		bail_out(err.text);
	return args;
}

/* What page_read says of these arguments. */
static enum err_code
read_text(const char *text, enum page_tag tag, struct page *p_r)
{
	struct json *args = parse(text);
	struct err err = { 0 };
	int rc = page_read(args, tag, p_r, &err);

	json_free(&args);
	if ((rc == 0) != (err.code == ERR_NONE))
		fail("the answer and the error agree");
	return err.code;
}

static void
test_limit(void)
{
	struct page p;

	is_int(
	    read_text("{}", PAGE_ROOMS, &p), ERR_NONE, "all may be left out");
	is_int(p.limit, 50, "then a page has 50");
	is_int(p.len, 0, "and begins at the start");
	is_int(read_text("{\"limit\":200}", PAGE_ROOMS, &p), ERR_NONE,
	    "200 is the most");
	is_int(p.limit, 200, "and taken as asked");
	is_int(
	    read_text("{\"limit\":1}", PAGE_ROOMS, &p), ERR_NONE, "1 is fine");
	is_int(read_text("{\"limit\":0}", PAGE_ROOMS, &p), ERR_BAD_REQUEST,
	    "0 is refused");
	is_int(read_text("{\"limit\":201}", PAGE_ROOMS, &p), ERR_BAD_REQUEST,
	    "201 is refused");
	is_int(read_text("{\"limit\":\"5\"}", PAGE_ROOMS, &p), ERR_BAD_REQUEST,
	    "a text is refused");
	is_int(read_text("{\"limit\":-1}", PAGE_ROOMS, &p), ERR_BAD_REQUEST,
	    "a negative one is refused");
}

/* `next` for pos, as {"next":"…"} in b. */
static const char *
next_json(struct buf *b, enum page_tag tag, const void *pos, size_t len)
{
	buf_clear(b);
	json_open(b, '{');
	page_next(b, tag, pos, len);
	json_close(b, '}');
	return buf_cstr(b);
}

static void
test_round(size_t len)
{
	uint8_t pos[PAGE_POS_MAX];
	struct buf b = { 0 };
	struct page p;

	for (size_t i = 0; i < len; i++)
		pos[i] = (uint8_t)(255 - i % 256);
	is_int(read_text(next_json(&b, PAGE_GROUPS, pos, len), PAGE_GROUPS, &p),
	    ERR_NONE, "a position of %zu bytes comes back", len);
	is_int(p.len, len, "with its length");
	is_mem(p.pos, pos, len, "and its bytes");
	is_int(p.pos[p.len], 0, "and a NUL behind");
	is_int(read_text(next_json(&b, PAGE_GROUPS, pos, len), PAGE_PEOPLE, &p),
	    ERR_BAD_REQUEST, "another command does not take it");
	buf_free(&b);
}

static void
test_garbled(void)
{
	static const char *const bad[] = { "", "7", "72", "7z", "720", "hello",
		"6700", "72 00" };
	struct buf b = { 0 };
	struct page p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		buf_clear(&b);
		json_open(&b, '{');
		json_kstr(&b, "next", bad[i]);
		json_close(&b, '}');
		is_int(read_text(buf_cstr(&b), PAGE_ROOMS, &p), ERR_BAD_REQUEST,
		    "‘%s’ is refused", bad[i]);
	}
	buf_clear(&b);
	buf_adds(&b, "{\"next\":\"");
	for (size_t i = 0; i < PAGE_POS_MAX + 2; i++)
		buf_adds(&b, "72");
	buf_adds(&b, "\"}");
	is_int(read_text(buf_cstr(&b), PAGE_ROOMS, &p), ERR_BAD_REQUEST,
	    "one longer than any position is refused");
	is_int(read_text("{\"next\":5}", PAGE_ROOMS, &p), ERR_BAD_REQUEST,
	    "a number is refused");
	buf_free(&b);
}

int
main(void)
{
	test_limit();
	test_round(1);
	test_round(20);
	test_round(PAGE_POS_MAX);
	test_garbled();
	return done_testing();
}
