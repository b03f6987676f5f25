/* base/failpoint.h - named points where a test makes the process die or stall.
 * Compiled to nothing without --enable-failpoints.
 *
 * The environment variable BURUNG_FAILPOINTS names a folder. A file
 * NAME.kill, NAME.stop or NAME.stall-MS in it arms the point for one process:
 * the first that passes and manages to unlink the file dies by SIGKILL, stops
 * by SIGSTOP, or sleeps MS milliseconds. */
#ifndef BASE_FAILPOINT_H
#define BASE_FAILPOINT_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#ifdef ENABLE_FAILPOINTS
void failpoint_hit(const char *name);
#define FAILPOINT(name) failpoint_hit(name)
#else
#define FAILPOINT(name) ((void)0)
#endif

#endif
