/* bench/load_storms.c - when connections are cut: how soon all clients are
 * back, and whether they have heard everything. */
#include <stdio.h>
#include <string.h>

#include "bench/load.h"

/* Seconds. */
enum { NOTICED = 15, BACK = 120, HEARD = 30 };

static uint64_t
up(const struct run *run)
{
	return LOAD_SUM(run, ready) - LOAD_SUM(run, closed);
}

static bool
all_up(const struct run *run)
{
	return up(run) == (uint64_t)run->o.clients;
}

static bool
none_behind(const struct run *run)
{
	return LOAD_SUM(run, behind) == 0;
}

static bool
some_down(const struct run *run)
{
	return !all_up(run);
}

/* Until it has been true for half a second; false: too late. */
static bool
wait_until(
    const struct run *run, bool (*is)(const struct run *run), double limit)
{
	uint64_t began = load_now(), since = 0, now;

	for (;;) {
		now = load_now();
		if (!is(run))
			since = 0;
		else if (since == 0)
			since = now;
		else if (now - since > 500000000)
			return true;
		if (now - began > (uint64_t)(limit * 1e9))
			return false;
		load_rest(0.01);
	}
}

static void
reset(struct run *run)
{
	struct load_stats *s;

	for (int i = 0; i < run->o.procs; i++) {
		s = &run->shared->stats[i];
		s->received = s->refused = s->sent = s->broken = 0;
		memset((void *)(uintptr_t)s->ends, 0, sizeof(s->ends));
		memset((void *)(uintptr_t)&s->back, 0, sizeof(s->back));
	}
}

static void
print_ends(const struct run *run)
{
	static const char *const names[END_KINDS] = {
		[END_CONNECT] = "not connected",
		[END_STATUS] = "not upgraded",
		[END_REFUSED] = "refused",
		[END_CLOSED] = "closed",
		[END_LATE] = "not synced in time",
	};

	printf("\"failed\":{");
	for (int i = 0; i < END_KINDS; i++)
		printf("%s\"%s\":%llu", i == 0 ? "" : ",", names[i],
		    (unsigned long long)LOAD_SUM(run, ends[i]));
	printf("},");
}

/* Whether all who are there have heard all that any of them has. */
static bool
all_heard(struct run *run)
{
	bool heard;

	run->shared->phase = LOAD_REST;
	load_rest(0.5);
	run->shared->phase = LOAD_COUNT;
	heard = wait_until(run, none_behind, HEARD);
	run->shared->phase = LOAD_SEND;
	return heard;
}

static void
storm(struct run *run)
{
	const struct load_opts *o = &run->o;
	const struct load_hist *h = &run->shared->stats[0].back;
	uint64_t closed = LOAD_SUM(run, closed), lost;
	bool back, heard;
	double cpu;

	reset(run);
	run->shared->lost = load_now();
	wait_until(run, some_down, NOTICED);
	/* What is gone does not count. */
	cpu = procs_cpu(o->pids, o->npids);
	back = wait_until(run, all_up, BACK);
	cpu = procs_cpu(o->pids, o->npids) - cpu;
	heard = all_heard(run);
	lost = LOAD_SUM(run, closed) - closed;
	printf("{\"what\":\"storm\",\"clients\":%d,\"lost\":%llu,\"back\":%s,"
	       "\"heard\":%s,\"p50_ms\":%.0f,\"p99_ms\":%.0f,\"max_ms\":%.0f,",
	    o->clients, (unsigned long long)lost, back ? "true" : "false",
	    heard ? "true" : "false", load_percentile_ms(run, h, 50),
	    load_percentile_ms(run, h, 99), load_percentile_ms(run, h, 100));
	print_ends(run);
	printf("\"sent\":%llu,\"told\":%llu,\"broken\":%llu,"
	       "\"cpu_us_each\":%.1f}\n",
	    (unsigned long long)LOAD_SUM(run, sent),
	    (unsigned long long)LOAD_SUM(run, received),
	    (unsigned long long)LOAD_SUM(run, broken),
	    cpu * 1e6 / (double)(lost + 1));
}

void
load_storms(struct run *run)
{
	char line[64];

	run->shared->rate = run->o.rate;
	run->shared->window = 0;
	run->shared->began = load_now();
	run->shared->stage++;
	__sync_synchronize();
	run->shared->phase = LOAD_SEND;
	while (fgets(line, sizeof(line), stdin) != NULL)
		storm(run);
}
