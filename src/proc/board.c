/* proc/board.c - memory shared by the master and its workers. */
#include "proc/board.h"

#include <sys/mman.h>

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

_Static_assert(PLACES_MAX <= LIMIT_PLACES, "each place counts connections");

struct board *
board_new(unsigned places)
{
	struct board *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (b == MAP_FAILED)
		log_fatal("shared memory: %s", strerror(errno));
	if (places > PLACES_MAX)
		log_fatal("a board of %u places", places);
	b->places = places;
	b->log_level = LOG_INFO;
	b->started_ms = clock_wall_ms();
	limits_init(&b->limits);
	shlock_init(&b->store_write);
	shlock_init(&b->hosts.lock);
	shlock_init(&b->hash_slots[0]);
	shlock_init(&b->hash_slots[1]);
	return b;
}

void
board_free(struct board **b)
{
	if (*b != NULL)
		munmap(*b, sizeof(**b));
	*b = NULL;
}

uint32_t
board_mean_connections(const struct board *b, uint64_t now)
{
	uint64_t sum = 0;
	uint32_t n = 0;

	for (unsigned i = 0; i < b->places; i++) {
		const struct board_worker *w = &b->worker[i];

		if (w->accepting == 0 || now > w->beat_ms + BOARD_FRESH_MS)
			continue;
		sum += w->connections;
		n++;
	}
	return n == 0 ? 0 : (uint32_t)((sum + n - 1) / n);
}
