/* proc/places.c - the workers' places: who is in them, who comes next. */
#include "proc/places.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "proc/places_private.h"
#include "proc/worker.h"

enum {
	SOON_MS = 5000, /* dying earlier is failing */
	BACKOFF_MS = 100,
	BACKOFF_MAX_MS = 10000,
	DRAIN_MS = 10000,
	TICK_BUSY_MS = 20, /* while something is under way */
	TICK_MS = 250,
};

unsigned
places_backoff_ms(unsigned failures)
{
	unsigned ms = BACKOFF_MS;

	if (failures < 2)
		return 0;
	while (failures-- > 2 && ms < BACKOFF_MAX_MS)
		ms *= 2;
	return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

void
places_init(struct places *p, struct server *s)
{
	*p = (struct places){
		.server = s, .n = s->board->places, .newcomer = -1
	};
	for (unsigned i = 0; i + 1 < p->n; i++)
		p->place[i].state = PLACE_WAITING;
}

static struct board_worker *
board_of(struct places *p, const struct place *pl)
{
	return &p->server->board->worker[pl - p->place];
}

unsigned
place_number(const struct places *p, const struct place *pl)
{
	return (unsigned)(pl - p->place) + 1;
}

/* Coming --------------------------------------------------------------------
 */

/* The child. A master that is gone already cannot be waited for. */
static void
become_worker(struct places *p, unsigned i, uint32_t generation, pid_t master)
{
	struct server *s = p->server;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != master)
		_exit(1);
	datadir_inherited(&s->data);
	bus_pairs_keep(s->pairs, i);
	exit(worker_run(s, i, generation));
}

/* Datagrams must not gather where nobody is, and who is forked now does not
 * know where that is. */
static void
tell_empty(struct places *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		if (p->place[i].state == PLACE_EMPTY)
			bus_pairs_empty(p->server->pairs, i);
	}
}

void
place_fork(struct places *p, struct place *pl, uint64_t now)
{
	struct board_worker *b = board_of(p, pl);
	uint32_t generation = b->generation + 1;
	pid_t master = getpid(), pid;

	pl->state = PLACE_STARTING;
	tell_empty(p);
	b->generation = generation;
	b->beat_ms = 0;
	b->connections = 0;
	b->accepting = 0;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become_worker(p, place_number(p, pl) - 1, generation, master);
	pl->since_ms = now;
	pl->conf_no = p->conf_no;
	pl->silent = false;
	if (pid == -1) {
		log_error("no worker forked", "place=%u why=\"%s\"",
		    place_number(p, pl), strerror(errno));
		pl->state = PLACE_WAITING;
		pl->due_ms = now + places_backoff_ms(++pl->failures + 1);
		return;
	}
	pl->pid = pid;
	b->pid = pid;
	log_info("worker started", "place=%u pid=%d generation=%u",
	    place_number(p, pl), (int)pid, generation);
}

static void
place_starting(struct places *p, struct place *pl)
{
	if (!board_of(p, pl)->accepting)
		return;
	pl->state = PLACE_UP;
	log_info("worker accepts", "place=%u pid=%d", place_number(p, pl),
	    (int)pl->pid);
}

/* Going ---------------------------------------------------------------------
 */

void
place_drain(struct places *p, struct place *pl, uint64_t now)
{
	kill(pl->pid, SIGTERM);
	kill(pl->pid, SIGCONT);
	pl->state = PLACE_DRAINING;
	pl->due_ms = now + DRAIN_MS;
}

static void
say_death(struct places *p, const struct place *pl, int status)
{
	unsigned n = place_number(p, pl);

	if (WIFSIGNALED(status))
		log_error("worker died", "place=%u pid=%d signal=%d (%s)", n,
		    (int)pl->pid, WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		log_error("worker died", "place=%u pid=%d exit=%d", n,
		    (int)pl->pid, WEXITSTATUS(status));
}

/* It did not end in peace: it may have stored what it told nobody. */
static void
place_mourn(struct places *p, struct place *pl, uint64_t now)
{
	unsigned ms;

	bus_pairs_resync(p->server->pairs, place_number(p, pl) - 1);
	if (p->ending || pl->state == PLACE_DRAINING ||
	    p->newcomer == (int)place_number(p, pl) - 1) {
		pl->state = PLACE_EMPTY;
		return;
	}
	pl->failures = now - pl->since_ms < SOON_MS ? pl->failures + 1 : 0;
	ms = places_backoff_ms(pl->failures);
	if (ms > 0)
		log_warn("worker dies again and again",
		    "place=%u times=%u wait_ms=%u", place_number(p, pl),
		    pl->failures, ms);
	pl->state = PLACE_WAITING;
	pl->due_ms = now + ms;
}

static void
place_died(struct places *p, struct place *pl, int status, uint64_t now)
{
	struct board_worker *b = board_of(p, pl);
	bool in_peace = pl->state == PLACE_DRAINING && WIFEXITED(status) &&
			WEXITSTATUS(status) == 0;

	if (!in_peace) {
		say_death(p, pl, status);
		b->deaths++;
	}
	b->pid = 0;
	b->accepting = 0;
	b->connections = 0;
	b->rss = b->delivered_rate = b->stored_rate = 0;
	b->devices = b->people = b->rooms = 0;
	pl->pid = 0;
	if (in_peace)
		pl->state = PLACE_EMPTY;
	else
		place_mourn(p, pl, now);
	if (pl->state == PLACE_EMPTY)
		bus_pairs_empty(p->server->pairs, place_number(p, pl) - 1);
}

static void
bury(struct places *p, uint64_t now)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned i = 0; i < p->n; i++) {
			if (p->place[i].pid == pid)
				place_died(p, &p->place[i], status, now);
		}
	}
}

static void
place_overdue(struct places *p, struct place *pl, uint64_t now)
{
	if (now < pl->due_ms)
		return;
	log_error("worker does not end", "place=%u pid=%d action=kill",
	    place_number(p, pl), (int)pl->pid);
	kill(pl->pid, SIGKILL);
	pl->due_ms = now + DRAIN_MS;
}

/* Ending ---------------------------------------------------------------------
 */

void
places_end(struct places *p)
{
	uint64_t now = clock_mono_ms();

	p->ending = true;
	for (unsigned i = 0; i < p->n; i++) {
		struct place *pl = &p->place[i];

		if (pl->state == PLACE_WAITING)
			pl->state = PLACE_EMPTY;
		else if (pl->state == PLACE_STARTING || pl->state == PLACE_UP)
			place_drain(p, pl, now);
	}
}

bool
places_all_empty(const struct places *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		if (p->place[i].state != PLACE_EMPTY)
			return false;
	}
	return true;
}

void
places_signal(const struct places *p, int signo)
{
	for (unsigned i = 0; i < p->n; i++) {
		if (p->place[i].pid > 0)
			kill(p->place[i].pid, signo);
	}
}

/* All together ---------------------------------------------------------------
 */

static bool
place_tick(struct places *p, struct place *pl, uint64_t now)
{
	switch (pl->state) {
	case PLACE_WAITING:
		if (now >= pl->due_ms)
			place_fork(p, pl, now);
		return true;
	case PLACE_STARTING:
		place_starting(p, pl);
		return true;
	case PLACE_DRAINING:
		place_overdue(p, pl, now);
		return true;
	case PLACE_EMPTY:
	case PLACE_UP:
		break;
	}
	return false;
}

static void
announce(struct places *p)
{
	if (p->announced || p->ending)
		return;
	p->announced = true;
	log_info("ready", "workers=%u pid=%d", p->n - 1, (int)getpid());
}

unsigned
places_tick(struct places *p)
{
	uint64_t now = clock_mono_ms();
	bool busy = false;

	bury(p, now);
	for (unsigned i = 0; i < p->n; i++)
		busy |= place_tick(p, &p->place[i], now);
	replace_tick(p, now);
	watch_tick(p, now);
	if (!busy)
		announce(p);
	return busy || p->replacing ? TICK_BUSY_MS : TICK_MS;
}
