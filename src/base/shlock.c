/* base/shlock.c - a robust mutex between processes. */
#include "base/shlock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

void
shlock_init(struct shlock *l)
{
	pthread_mutexattr_t attr;
	int rc;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	rc = pthread_mutex_init(&l->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	if (rc != 0)
		log_fatal("shared mutex: %s", strerror(rc));
	l->holder = 0;
	l->since_ms = 0;
	l->orphaned = 0;
}

int
shlock_lock(struct shlock *l)
{
	int rc = pthread_mutex_lock(&l->mutex);
	int orphaned = rc == EOWNERDEAD;

	if (orphaned) {
		rc = pthread_mutex_consistent(&l->mutex);
		l->orphaned++;
	}
	if (rc != 0)
		log_fatal("shared mutex: %s", strerror(rc));
	l->since_ms = clock_mono_ms();
	l->holder = getpid();
	return orphaned;
}

void
shlock_unlock(struct shlock *l)
{
	int rc;

	l->holder = 0;
	rc = pthread_mutex_unlock(&l->mutex);
	if (rc != 0)
		log_fatal("shared mutex: %s", strerror(rc));
}
