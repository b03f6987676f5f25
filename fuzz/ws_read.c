/* fuzz/ws_read.c - any bytes from a client: read the same in one piece, in
 * small pieces (the first byte says how small) and by a slow decoder. */
#include <stdlib.h>
#include <string.h>

#include "t/lib/ws_slow.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { MAX = 1000 };

static void
check(const uint8_t *p, size_t n, size_t step, const char *want)
{
	struct feed f = { .max = MAX };
	size_t len;

	for (size_t at = 0; at < n; at += len) {
		len = n - at < step ? n - at : step;
		feed_some(&f, p + at, len);
	}
	if (strcmp(buf_cstr(&f.record), want) != 0 || f.rest_max > 130)
		abort();
	feed_free(&f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf want = { 0 };

	if (n < 2)
		return 0;
	slow_read(&want, p + 1, n - 1, MAX);
	check(p + 1, n - 1, n, buf_cstr(&want));
	check(p + 1, n - 1, 1 + p[0], buf_cstr(&want));
	check(p + 1, n - 1, 1, buf_cstr(&want));
	buf_free(&want);
	return 0;
}
