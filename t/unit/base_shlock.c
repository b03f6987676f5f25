/* t/unit/base_shlock.c - a lock between processes whose holders die. */
#include <sys/mman.h>
#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "base/clock.h"
#include "base/shlock.h"

#define CHILDREN 4
#define ROUNDS   5000

struct shared {
	struct shlock lock;
	long counter; /* not atomic: the lock guards it */
	_Atomic int got;
};

static struct shared *s;

static void
count_up(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		shlock_lock(&s->lock);
		s->counter++;
		shlock_unlock(&s->lock);
	}
}

static void
test_exclusion(void)
{
	int status, bad = 0;

	for (int i = 0; i < CHILDREN; i++)
		if (fork() == 0) {
			count_up();
			_exit(0);
		}
	for (int i = 0; i < CHILDREN; i++) {
		wait(&status);
		bad += status != 0;
	}
	is_int(bad, 0, "%d processes shared a lock", CHILDREN);
	is_int(s->counter, CHILDREN * ROUNDS, "and none got in between");
}

static void
test_holder_is_known(void)
{
	uint64_t before = clock_mono_ms();

	is_int(shlock_lock(&s->lock), 0, "a lock nobody died with");
	is_int(s->lock.holder, getpid(), "says who holds it");
	ok(s->lock.since_ms >= before && s->lock.since_ms <= clock_mono_ms(),
	    "and since when");
	shlock_unlock(&s->lock);
	is_int(s->lock.holder, 0, "unlocked: nobody");
}

/* A child takes the lock, says so through the pipe, and waits to be killed. */
static pid_t
holding_child(void)
{
	int fds[2];
	char c;
	pid_t pid;

	if (pipe(fds) == -1)
		bail_out("no pipe");
	pid = fork();
	if (pid == 0) {
		shlock_lock(&s->lock);
		if (write(fds[1], "x", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(fds[1]);
	if (read(fds[0], &c, 1) != 1)
		bail_out("the child did not take the lock");
	close(fds[0]);
	return pid;
}

static void
test_killed_holder(void)
{
	pid_t pid = holding_child();
	uint64_t orphaned = s->lock.orphaned;

	is_int(s->lock.holder, pid, "a child holds the lock");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	is_int(shlock_lock(&s->lock), 1,
	    "its holder killed, the next gets it and is told");
	is_int(s->lock.orphaned, orphaned + 1, "and it is counted");
	is_int(s->lock.holder, getpid(), "the holder is the new one");
	shlock_unlock(&s->lock);
	is_int(shlock_lock(&s->lock), 0, "the time after that all is well");
	shlock_unlock(&s->lock);
}

/* One that waits already when the holder dies gets it too. */
static void
test_killed_while_waited_for(void)
{
	pid_t pid = holding_child(), waiter = fork();
	int status;

	if (waiter == 0) {
		s->got = 1;
		_exit(shlock_lock(&s->lock) == 1 ? 0 : 2);
	}
	while (s->got == 0)
		usleep(1000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	waitpid(waiter, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "a waiter gets the lock of a killed holder and is told");
	is_int(shlock_lock(&s->lock), 1, "one that exits with it is dead too");
	shlock_unlock(&s->lock);
}

int
main(void)
{
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shlock_init(&s->lock);
	test_holder_is_known();
	test_exclusion();
	test_killed_holder();
	test_killed_while_waited_for();
	return done_testing();
}
