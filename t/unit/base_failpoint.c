/* t/unit/base_failpoint.c - points where a test makes a process die or stall,
 * and that they take one process each. */
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "base/clock.h"
#include "base/failpoint.h"

#ifdef ENABLE_FAILPOINTS

static char folder[] = "/tmp/burung-fail-XXXXXX";

static void
arm(const char *file)
{
	char name[128];
	int fd;

	snprintf(name, sizeof(name), "%s/%s", folder, file);
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	if (fd == -1)
		bail_out("cannot arm a point");
	close(fd);
}

static bool
armed(const char *file)
{
	char name[128];

	snprintf(name, sizeof(name), "%s/%s", folder, file);
	return access(name, F_OK) == 0;
}

/* The status of a child that passes the point. */
static int
pass_point(const char *name, int options)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		FAILPOINT(name);
		_exit(0);
	}
	waitpid(pid, &status, options);
	if (WIFSTOPPED(status)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return status;
}

static void
test_kill(void)
{
	int status;

	arm("here.kill");
	is_int(pass_point("there", 0), 0, "another point does nothing");
	is_int(pass_point("her", 0), 0, "nor one whose name begins alike");
	is_int(pass_point("here.kill", 0), 0, "nor one longer");
	status = pass_point("here", 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	    "an armed point kills");
	ok(!armed("here.kill"), "and is disarmed");
	is_int(pass_point("here", 0), 0, "the next one passes");
}

static void
test_stop_and_stall(void)
{
	uint64_t before;
	int status;

	arm("here.stop");
	status = pass_point("here", WUNTRACED);
	ok(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "one stops");
	arm("here.stall-120");
	before = clock_mono_ms();
	FAILPOINT("here");
	ok(clock_mono_ms() - before >= 120, "one stalls for 120 ms");
	ok(!armed("here.stall-120"), "once");
}

/* Many pass at once: one dies. */
static void
test_one_victim(void)
{
	int status, dead = 0;

	arm("race.kill");
	for (int i = 0; i < 8; i++)
		if (fork() == 0) {
			FAILPOINT("race");
			_exit(0);
		}
	for (int i = 0; i < 8; i++) {
		wait(&status);
		dead += WIFSIGNALED(status);
	}
	is_int(dead, 1, "of eight that pass at once one dies");
}

static void
test_unset(void)
{
	arm("here.kill");
	unsetenv("BURUNG_FAILPOINTS");
	is_int(
	    pass_point("here", 0), 0, "without the variable nothing happens");
	ok(armed("here.kill"), "and the point stays armed");
	setenv("BURUNG_FAILPOINTS", "/nonexistent", 1);
	is_int(pass_point("here", 0), 0, "nor with a folder that is not there");
}

int
main(void)
{
	char name[128];

	if (mkdtemp(folder) == NULL)
		bail_out("no temporary folder");
	setenv("BURUNG_FAILPOINTS", folder, 1);
	test_kill();
	test_stop_and_stall();
	test_one_victim();
	test_unset();
	snprintf(name, sizeof(name), "%s/here.kill", folder);
	unlink(name);
	rmdir(folder);
	return done_testing();
}

#else

int
main(void)
{
	skip_all("built without --enable-failpoints");
}

#endif
