/* fuzz/http_check.c - header blocks of any bytes: read the same in one piece
 * and byte by byte, and what is accepted is as promised. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/must.h"
#include "http/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What was accepted has no byte that could divide it further on. */
static void
plain(const char *s)
{
	for (; *s != '\0'; s++)
		must((uint8_t)*s >= 0x20 || *s == '\t');
}

static void
accepted(const struct http_head *h)
{
	size_t i;

	must(h->path[0] == '/' && strpbrk(h->path, " ?#\\") == NULL);
	must(strpbrk(h->query, " #\\") == NULL && h->minor <= 1);
	must(strlen(h->path) + strlen(h->query) <= HTTP_TARGET_MAX);
	must(h->length <= 1000);
	must(http_head_value(h, "Transfer-Encoding") == NULL);
	must(h->minor == 0 || http_head_value(h, "Host") != NULL);
	must(h->count <= HTTP_LINES_MAX);
	plain(h->method);
	for (i = 0; i < h->count; i++) {
		plain(h->fields[i].name);
		plain(h->fields[i].value);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct http_scan whole = { 0 }, bytes = { 0 };
	struct http_refusal r, rb = { 0 };
	struct http_head *h;
	size_t len, len_b = 0, i;

	len = http_scan(&whole, p, n, &r);
	for (i = 1; i <= n && len_b == 0 && rb.status == 0; i++)
		len_b = http_scan(&bytes, p, i, &rb);
	must(len == len_b && r.status == rb.status);
	must(len == 0 || r.status == 0);
	if (len == 0)
		return 0;
	h = http_head_read(p, len, 1000, &r);
	must((h == NULL) == (r.status >= 400));
	if (h != NULL)
		accepted(h);
	free(h);
	return 0;
}
