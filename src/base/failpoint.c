/* base/failpoint.c - where a test makes the process die, stall or fail. */
#include "base/failpoint.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/coverage.h"

#ifdef ENABLE_FAILPOINTS

static void
stall(const char *ms_text)
{
	unsigned long ms = strtoul(ms_text, NULL, 10);
	struct timespec left = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) == -1)
		continue;
}

/* Does what the file's name behind the point's says, if nobody else took it. */
static void
fire(const char *folder, const char *file, const char *what)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	if (unlink(path) == -1)
		return;
	if (strcmp(what, "kill") == 0) {
		COVERAGE_WRITE();
		kill(getpid(), SIGKILL);
	} else if (strcmp(what, "stop") == 0) {
		kill(getpid(), SIGSTOP);
	} else {
		stall(what + strlen("stall-"));
	}
}

static int
is_action(const char *what)
{
	return strcmp(what, "kill") == 0 || strcmp(what, "stop") == 0 ||
	       strncmp(what, "stall-", strlen("stall-")) == 0;
}

void
failpoint_hit(const char *name)
{
	const char *folder = getenv("BURUNG_FAILPOINTS");
	size_t len = strlen(name);
	struct dirent *e;
	DIR *d;

	if (folder == NULL || (d = opendir(folder)) == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (strncmp(e->d_name, name, len) == 0 &&
		    e->d_name[len] == '.' && is_action(e->d_name + len + 1))
			fire(folder, e->d_name, e->d_name + len + 1);
	closedir(d);
}

bool
failpoint_fails(const char *name)
{
	const char *folder = getenv("BURUNG_FAILPOINTS");
	char path[PATH_MAX];

	if (folder == NULL)
		return false;
	snprintf(path, sizeof(path), "%s/%s.fail", folder, name);
	return access(path, F_OK) == 0;
}

#endif
