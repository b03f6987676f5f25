/* base/shlock.h - a mutex in shared memory, between processes, that survives a
 * holder who dies, and tells who holds it since when. */
#ifndef BASE_SHLOCK_H
#define BASE_SHLOCK_H

#include <sys/types.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* Lies in memory shared by all who use it. */
struct shlock {
	pthread_mutex_t mutex;     /* robust, process-shared */
	_Atomic pid_t holder;      /* 0: nobody */
	_Atomic uint64_t since_ms; /* clock_mono_ms of taking it */
	_Atomic uint64_t orphaned; /* how often a holder died */
};

void shlock_init(struct shlock *l); /* once, before the fork */

/* Waits until it is ours. Returns true when the former holder died with it
 * (what it protects may be half done). */
int shlock_lock(struct shlock *l);
void shlock_unlock(struct shlock *l);

#endif
