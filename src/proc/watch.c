/* proc/watch.c - workers that hold others up. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "proc/places_private.h"

enum { HELD_MS = 5000, SILENT_MS = 5000 };

/* The state letter of /proc/PID/stat, which stands behind the last ')'; '?'
 * when there is no such process. */
static int
process_state(pid_t pid)
{
	char path[64], line[512] = "";
	const char *paren;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return '?';
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	fclose(f);
	paren = strrchr(line, ')');
	return (char)(paren != NULL && paren[1] == ' ' ? paren[2] : '?');
}

static bool
is_silent(const struct board_worker *b, uint64_t now)
{
	uint64_t beat = b->beat_ms;

	return beat != 0 && now > beat + SILENT_MS;
}

static void
watch_holder(struct places *p, uint64_t now)
{
	struct shlock *l = &p->server->board->store_write;
	pid_t holder = l->holder;
	uint64_t since = l->since_ms;
	int state;

	if (holder == 0 || now < since + HELD_MS)
		return;
	for (unsigned i = 0; i < p->n; i++) {
		if (p->place[i].pid != holder)
			continue;
		state = process_state(holder);
		if (state != 'T' && state != 't' &&
		    !is_silent(&p->server->board->worker[i], now))
			return;
		log_error("worker holds the database and stands still",
		    "place=%u pid=%d state=%c held_ms=%llu action=kill", i + 1,
		    (int)holder, state, (unsigned long long)(now - since));
		kill(holder, SIGKILL);
	}
}

static void
watch_beat(struct places *p, unsigned i, uint64_t now)
{
	struct place *pl = &p->place[i];
	bool silent =
	    pl->pid != 0 && is_silent(&p->server->board->worker[i], now);

	if (silent && !pl->silent)
		log_warn("worker silent", "place=%u pid=%d state=%c", i + 1,
		    (int)pl->pid, process_state(pl->pid));
	else if (pl->silent && !silent && pl->pid != 0)
		log_info("worker heard again", "place=%u pid=%d", i + 1,
		    (int)pl->pid);
	pl->silent = silent;
}

void
watch_tick(struct places *p, uint64_t now)
{
	watch_holder(p, now);
	for (unsigned i = 0; i < p->n; i++)
		watch_beat(p, i, now);
}
