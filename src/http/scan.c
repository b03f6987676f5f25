/* http/scan.c - where a header block ends, and that it can be one. */
#include "http/check.h"

static int
refuse(struct http_refusal *r, int status, const char *why)
{
	r->status = status;
	r->why = why;
	return -1;
}

/* A line is whole: s->pos stands at its LF. */
static int
scan_line(struct http_scan *s, struct http_refusal *r)
{
	if (++s->lines > HTTP_LINES_MAX + 1)
		return refuse(r, 431, "there are more than 100 header lines");
	s->line = s->pos + 1;
	return 0;
}

static int
scan_byte(const struct http_scan *s, const uint8_t *p, struct http_refusal *r)
{
	uint8_t c = p[s->pos], before = s->pos > 0 ? p[s->pos - 1] : 0;

	if (before == '\r' && c != '\n')
		return refuse(r, 400, "a CR stands without its LF");
	if (c == '\n' && before != '\r')
		return refuse(r, 400, "a LF stands without its CR");
	if (c == '\r' || c == '\n')
		return 0;
	if (c == 0x7f || (c < 0x20 && c != '\t'))
		return refuse(r, 400, "there is a control character");
	if (s->lines == 0 && s->pos >= HTTP_TARGET_MAX + HTTP_METHOD_MAX + 12)
		return refuse(r, 414, "the address is longer than 2 KiB");
	return 0;
}

size_t
http_scan(
    struct http_scan *s, const uint8_t *p, size_t n, struct http_refusal *r)
{
	bool empty;

	r->status = 0;
	for (; s->pos < n; s->pos++) {
		if (s->pos >= HTTP_BLOCK_MAX) {
			refuse(r, 431, "the headers are longer than 16 KiB");
			return 0;
		}
		if (scan_byte(s, p, r) == -1)
			return 0;
		if (p[s->pos] != '\n')
			continue;
		empty = s->pos == s->line + 1;
		if (empty && s->lines == 0) {
			refuse(r, 400, "there is no request line");
			return 0;
		}
		if (empty)
			return s->pos + 1;
		if (scan_line(s, r) == -1)
			return 0;
	}
	return 0;
}
