/* base/failpoint.h - named points where a test makes the process die or stall.
 * Compiled to nothing without --enable-failpoints.
 *
 * The environment variable BURUNG_FAILPOINTS names a folder. A file
 * NAME.kill, NAME.stop or NAME.stall-MS in it arms the point for one process:
 * the first that passes and manages to unlink the file dies by SIGKILL, stops
 * by SIGSTOP, or sleeps MS milliseconds. Where FAILPOINT_FAILS stands,
 * NAME.fail makes it true for as long as the file is there. */
#ifndef BASE_FAILPOINT_H
#define BASE_FAILPOINT_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdbool.h>

#ifdef ENABLE_FAILPOINTS
void failpoint_hit(const char *name);
bool failpoint_fails(const char *name);
#define FAILPOINT(name)       failpoint_hit(name)
#define FAILPOINT_FAILS(name) failpoint_fails(name)
#else
#define FAILPOINT(name)       ((void)0)
#define FAILPOINT_FAILS(name) false
#endif

#endif
