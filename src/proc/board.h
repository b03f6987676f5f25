/* proc/board.h - memory shared by the master and its workers: who is there, how
 * busy, and the locks between them. */
#ifndef PROC_BOARD_H
#define PROC_BOARD_H

#include <sys/types.h>

#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"
#include "base/shlock.h"
#include "chat/limit.h"
#include "http/server.h"
#include "proc/hosts.h"
#include "store/store.h"
#include "store/users.h"

#define WORKERS_MAX 64
#define PLACES_MAX  (WORKERS_MAX + 1)

/* Written by its worker (pid, generation, state: by the master). */
struct board_worker {
	_Atomic pid_t pid;
	_Atomic uint32_t generation; /* rises with each fork in this place */
	_Atomic uint64_t
	    beat_ms; /* clock_mono_ms of its loop's last turn or second */
	_Atomic uint32_t connections;
	_Atomic uint32_t accepting; /* it is past its start and serves */
	_Atomic uint64_t delivered; /* events put into device queues */
	_Atomic uint64_t stored;    /* events committed */
	_Atomic uint64_t repaired;  /* gaps filled from the store */
	_Atomic uint64_t dropped;   /* devices closed as too slow */
	_Atomic uint64_t refused[ERR_CODES]; /* errors given to clients */
	_Atomic uint64_t http_refused[HTTP_STATUSES]; /* by status - 400 */
	_Atomic uint64_t deaths;     /* that it was not told to die */
	_Atomic uint64_t started_ms; /* clock_wall_ms */
	/* Renewed every second. */
	_Atomic uint64_t rss;                         /* bytes of memory */
	_Atomic uint64_t delivered_rate, stored_rate; /* of the last second */
	_Atomic uint64_t devices, people, rooms;      /* chat_objects */
	/* The bus of the present process in this place. */
	_Atomic uint64_t bus_sent, bus_received, bus_dropped, bus_resyncs;
	_Atomic uint64_t bus_servers, bus_up; /* Redis: in the list, there */
	_Atomic uint64_t bus_lag_ms;
	_Atomic uint64_t hosts_unheard; /* alive, but not heard */
	struct store_stats store;
};

struct board {
	unsigned places;           /* one more than workers: for the new one of
				    * a pair while the old one drains */
	struct shlock store_write; /* SQLite: every write and checkpoint */
	struct shlock hash_slots[2]; /* Argon2id: two at once on a host */
	char setup_code[SETUP_CODE]; /* "" when there is an account */
	_Atomic int log_level;       /* enum log_level: of all processes */
	uint64_t started_ms;         /* clock_wall_ms of the master */
	struct board_worker worker[PLACES_MAX];
	struct limits limits; /* of the host */
	struct hosts hosts;   /* that share the store */
};

/* Anonymous shared memory, cleared, locks ready; before the fork. */
struct board *board_new(unsigned places);
void board_free(struct board **b);

/* The mean of the connections of those who accept and whose loop turned in the
 * last BOARD_FRESH_MS (clock_mono_ms: now), rounded up; 0 if nobody. */
#define BOARD_FRESH_MS 3000
uint32_t board_mean_connections(const struct board *b, uint64_t now);

#endif
