/* fuzz/must.h - what a fuzz target promises beyond not to crash. */
#ifndef FUZZ_MUST_H
#define FUZZ_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define must(held) ((held) ? (void)0 : must_fail(#held, __FILE__, __LINE__))

static inline void
must_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
	abort();
}

#endif
