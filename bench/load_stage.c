/* bench/load_stage.c - messages for some seconds, and what that came to; the
 * search for the highest rate that a server stands. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/load.h"

enum { STEPS_MAX = 12 };

/* What a stage came to; times in ms. */
struct result {
	double sent, deliveries, p99;
	bool ok;
};

uint64_t
load_sum(const volatile uint64_t *first, int procs)
{
	const volatile char *at = (const volatile char *)first;
	uint64_t n = 0;

	for (int i = 0; i < procs; i++, at += sizeof(struct load_stats))
		n += *(const volatile uint64_t *)(const volatile void *)at;
	return n;
}

void
load_rest(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds };

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	nanosleep(&t, NULL);
}

double
load_percentile_ms(const struct run *run, const struct load_hist *h, double p)
{
	return (double)hist_percentile(
		   h, run->o.procs, sizeof(struct load_stats), p) /
	       1e6;
}

static double
load_cpu(const struct run *run)
{
	double cpu = 0;

	for (int i = 0; i < run->o.procs; i++)
		cpu += proc_cpu(run->pids[i]);
	return cpu;
}

static void
reset(struct run *run)
{
	struct load_stats *s;

	for (int i = 0; i < run->o.procs; i++) {
		s = &run->shared->stats[i];
		s->sent = s->expected = s->received = 0;
		s->acked = s->refused = s->slowest = 0;
		memset((void *)(uintptr_t)&s->delivery, 0, sizeof(s->delivery));
		memset((void *)(uintptr_t)&s->ack, 0, sizeof(s->ack));
	}
}

/* Until all has arrived, or nothing has for two seconds. */
static void
drain(const struct run *run)
{
	uint64_t last = 0, moved = load_now(), received;

	while ((received = LOAD_SUM(run, received)) < LOAD_SUM(run, expected)) {
		if (received != last)
			moved = load_now();
		last = received;
		if (load_now() - moved > 2000000000)
			break;
		load_rest(0.02);
	}
	load_rest(0.05);
}

static uint64_t
slowest(const struct run *run)
{
	uint64_t max = 0;

	for (int i = 0; i < run->o.procs; i++)
		if (run->shared->stats[i].slowest > max)
			max = run->shared->stats[i].slowest;
	return max;
}

/* What was used when a stage began, or between two moments. */
struct use {
	double server, load;
	struct host_load host;
	uint64_t at;
};

static struct use
use_now(const struct run *run)
{
	return (struct use){ .server = procs_cpu(run->o.pids, run->o.npids),
		.load = load_cpu(run),
		.host = host_load(),
		.at = load_now() };
}

static void
print_use(const struct use *a, const struct use *b)
{
	double secs = (double)(b->at - a->at) / 1e9;
	double server = (b->server - a->server) / secs;
	double load = (b->load - a->load) / secs;
	double all = (b->host.busy - a->host.busy) / secs;

	printf("\"server_cores\":%.2f,\"load_cores\":%.2f,"
	       "\"other_cores\":%.2f,\"stolen_cores\":%.2f,",
	    server, load, all - server - load,
	    (b->host.steal - a->host.steal) / secs);
}

static void
print_times(const struct run *run)
{
	const struct load_hist *d = &run->shared->stats[0].delivery;
	const struct load_hist *a = &run->shared->stats[0].ack;

	printf("\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,"
	       "\"max_ms\":%.3f,\"ack_p50_ms\":%.3f,\"ack_p99_ms\":%.3f,",
	    load_percentile_ms(run, d, 50), load_percentile_ms(run, d, 99),
	    load_percentile_ms(run, d, 99.9), (double)slowest(run) / 1e6,
	    load_percentile_ms(run, a, 50), load_percentile_ms(run, a, 99));
}

/* Messages for o.seconds: in an open loop when rate > 0, else in a closed. */
static struct result
stage(struct run *run, double rate, int window)
{
	struct load_shared *s = run->shared;
	struct use before, after;
	uint64_t closed = LOAD_SUM(run, closed), received, sent, acked;
	double secs, cpu, want = rate * run->o.clients / run->o.rooms;
	struct result r;
	int64_t lost;

	reset(run);
	s->rate = rate;
	s->window = rate > 0 ? 0 : window;
	before = use_now(run);
	s->began = load_now();
	s->stage++;
	__sync_synchronize();
	s->phase = LOAD_SEND;
	load_rest(run->o.seconds);
	s->phase = LOAD_REST;
	after = use_now(run);
	secs = (double)(after.at - before.at) / 1e9;
	received = LOAD_SUM(run, received);
	sent = LOAD_SUM(run, sent);
	acked = LOAD_SUM(run, acked);
	drain(run);
	cpu = procs_cpu(run->o.pids, run->o.npids) - before.server;
	lost = (int64_t)(LOAD_SUM(run, expected) - LOAD_SUM(run, received));
	r.sent = (double)sent / secs;
	r.deliveries = (double)received / secs;
	r.p99 = load_percentile_ms(run, &s->stats[0].delivery, 99);
	r.ok = lost == 0 && LOAD_SUM(run, refused) == 0 &&
	       r.p99 <= run->o.p99 &&
	       (rate <= 0 || r.deliveries >= 0.95 * want);
	printf("{\"what\":\"stage\",\"offered\":%.0f,\"sent\":%.0f,"
	       "\"acked\":%.0f,\"deliveries\":%.0f,\"lost\":%lld,"
	       "\"refused\":%llu,\"closed\":%llu,\"cpu_s_per_million\":%.3f,",
	    rate, r.sent, (double)acked / secs, r.deliveries, (long long)lost,
	    (unsigned long long)LOAD_SUM(run, refused),
	    (unsigned long long)(LOAD_SUM(run, closed) - closed),
	    cpu * 1e6 / (double)(LOAD_SUM(run, received) + 1));
	print_times(run);
	print_use(&before, &after);
	printf("\"ok\":%s}\n", r.ok ? "true" : "false");
	return r;
}

/* From a little below what a closed loop reaches: up by a fifth, after some
 * such steps by more, or down to seven tenths, until it lies between two rates;
 * then halving. */
static void
search(struct run *run)
{
	struct result r, best = { 0 };
	int window = run->o.window > 0 ? run->o.window : 16;
	double rate = run->o.rate, low = 0, high = 0;

	if (rate <= 0)
		rate = 0.85 * stage(run, 0, window).sent;
	for (int i = 0; i < STEPS_MAX && rate >= 1; i++) {
		r = stage(run, rate, 0);
		if (r.ok) {
			low = rate;
			best = r.deliveries > best.deliveries ? r : best;
		} else {
			high = rate;
		}
		if (low > 0 && high > 0 && high / low < 1.08)
			break;
		if (high <= 0)
			rate *= i > 3 ? 1.6 : 1.2;
		else
			rate = low <= 0 ? rate * 0.7 : (low + high) / 2;
	}
	printf("{\"what\":\"best\",\"deliveries\":%.0f,\"sent\":%.0f,"
	       "\"p99_ms\":%.3f}\n",
	    best.deliveries, best.sent, best.p99);
}

void
load_measure(struct run *run)
{
	if (run->o.search) {
		search(run);
		return;
	}
	for (int i = 0; i < run->o.repeat; i++)
		if (run->o.rate > 0 || run->o.window > 0)
			stage(run, run->o.rate, run->o.window);
}
