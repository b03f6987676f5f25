/* base/coverage.h - lines counted for gcov (--enable-coverage) are written when
 * a process exits; COVERAGE_WRITE where it ends in another way. */
#ifndef BASE_COVERAGE_H
#define BASE_COVERAGE_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#ifdef ENABLE_COVERAGE
void __gcov_dump(void);
#define COVERAGE_WRITE() __gcov_dump()
#else
#define COVERAGE_WRITE() ((void)0)
#endif

#endif
