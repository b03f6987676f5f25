/* bench/chatload.c - the load generator.
 *
 *   chatload -p PORT -P PROFILE -n CLIENTS -r ROOMS -s SENDERS
 *       [-S BYTES] [-w PROCESSES] [-t SECONDS] [-k TIMES]
 *       [-R MESSAGES_PER_SECOND | -W WINDOW | --search [--p99 MS]]
 *       [--people FILE] [--pids PID,...] [--idle SECONDS] [--inflight N]
 *       [--storm]
 *
 * Client i is in room i % ROOMS and is line i of FILE (`token user room`, as
 * seed prints them); the first SENDERS of them post. -R is an open loop: a
 * message is due at its time, and times of delivery count from then, so that a
 * slow server cannot hide. -W is a closed loop with so many messages on the way
 * per sender. --search looks for the highest open rate without a loss and with
 * 99 % of deliveries within --p99 ms. Prints a JSON object a line.
 *
 * With --storm, clients whose connections are cut come back, while the senders
 * post -R messages a second. Each line on the standard input says that
 * connections will be cut now; how they came back is printed when all are there
 * and have heard everything. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench/load.h"

/* When the last client was ready, or nobody new was for too long. */
static void
wait_connected(const struct run *run)
{
	const struct load_opts *o = &run->o;
	uint64_t began = load_now();

	while (LOAD_SUM(run, ready) + (o->storm ? 0 : LOAD_SUM(run, failed)) <
		   (uint64_t)o->clients &&
	       load_now() - began < (uint64_t)(o->timeout * 1e9))
		load_rest(0.005);
}

static void
connect_all(struct run *run)
{
	const struct load_opts *o = &run->o;
	double cpu = procs_cpu(o->pids, o->npids), secs;
	uint64_t began = load_now(), last = 0, ready;

	for (int i = 0; i < o->procs; i++) {
		run->pids[i] = fork();
		if (run->pids[i] == 0)
			worker_main(o, run->shared, i);
	}
	wait_connected(run);
	for (int i = 0; i < o->procs; i++)
		if (run->shared->stats[i].last_ready > last)
			last = run->shared->stats[i].last_ready;
	ready = LOAD_SUM(run, ready);
	secs = last > began ? (double)(last - began) / 1e9 : 1;
	printf("{\"what\":\"connect\",\"clients\":%d,\"ready\":%llu,"
	       "\"failed\":%llu,\"seconds\":%.3f,\"per_second\":%.0f,"
	       "\"cpu_us_each\":%.1f}\n",
	    o->clients, (unsigned long long)ready,
	    (unsigned long long)LOAD_SUM(run, failed), secs,
	    (double)ready / secs,
	    (procs_cpu(o->pids, o->npids) - cpu) * 1e6 / (double)(ready + 1));
}

/* What the connections cost the server in memory, once it is quiet. */
static void
idle(const struct run *run, double pss, double private)
{
	const struct load_opts *o = &run->o;
	double n = (double)LOAD_SUM(run, ready);

	if (o->idle <= 0) {
		load_rest(0.5);
		return;
	}
	load_rest(o->idle);
	printf("{\"what\":\"idle\",\"clients\":%.0f,\"pss_each\":%.0f,"
	       "\"private_each\":%.0f,\"private_all\":%.0f,\"closed\":%llu}\n",
	    n, (procs_pss(o->pids, o->npids) - pss) / (n + 1),
	    (procs_private(o->pids, o->npids) - private) / (n + 1),
	    procs_private(o->pids, o->npids),
	    (unsigned long long)LOAD_SUM(run, closed));
}

static void
usage(const char *what)
{
	fprintf(stderr, "chatload: %s (see the head of chatload.c)\n", what);
	exit(2);
}

static void
read_people(struct load_opts *o, const char *path)
{
	FILE *f = fopen(path, "r");
	char *token, *room;

	if (f == NULL)
		usage("cannot read the people");
	while (fscanf(f, "%ms %*s %ms", &token, &room) == 2) {
		o->people = mem_reallocarray(
		    o->people, (size_t)o->npeople + 1, sizeof(o->people[0]));
		o->people[o->npeople++] = (struct load_person){ token, room };
	}
	fclose(f);
	if (o->npeople == 0)
		usage("no people in the file");
}

static void
read_pids(struct load_opts *o, char *list)
{
	for (char *p = strtok(list, ","); p != NULL; p = strtok(NULL, ","))
		if (o->npids < (int)(sizeof(o->pids) / sizeof(o->pids[0])))
			o->pids[o->npids++] = atoi(p);
}

static void
read_number(struct load_opts *o, int opt, const char *arg)
{
	const struct {
		int opt;
		int *i;
		double *d;
	} numbers[] = { { 'p', &o->port, NULL }, { 'n', &o->clients, NULL },
		{ 'r', &o->rooms, NULL }, { 's', &o->senders, NULL },
		{ 'S', &o->size, NULL }, { 'w', &o->procs, NULL },
		{ 'W', &o->window, NULL }, { 'k', &o->repeat, NULL },
		{ 'f', &o->inflight, NULL }, { 't', NULL, &o->seconds },
		{ 'R', NULL, &o->rate }, { 'i', NULL, &o->idle },
		{ '9', NULL, &o->p99 }, { 'T', NULL, &o->timeout } };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].opt != opt)
			continue;
		if (numbers[i].i != NULL)
			*numbers[i].i = atoi(arg);
		else
			*numbers[i].d = atof(arg);
		return;
	}
	usage("unknown option");
}

static void
read_options(struct load_opts *o, int argc, char **argv)
{
	static const struct option longs[] = { { "people", 1, 0, 'F' },
		{ "pids", 1, 0, 'I' }, { "idle", 1, 0, 'i' },
		{ "search", 0, 0, 'x' }, { "inflight", 1, 0, 'f' },
		{ "p99", 1, 0, '9' }, { "timeout", 1, 0, 'T' },
		{ "storm", 0, 0, 'm' }, { 0 } };
	int opt;

	while ((opt = getopt_long(
		    argc, argv, "p:P:n:r:s:S:w:t:R:W:k:", longs, NULL)) != -1) {
		if (opt == 'P')
			o->profile = load_profile_find(optarg);
		else if (opt == 'F')
			read_people(o, optarg);
		else if (opt == 'I')
			read_pids(o, optarg);
		else if (opt == 'x')
			o->search = true;
		else if (opt == 'm')
			o->storm = true;
		else
			read_number(o, opt, optarg);
	}
	if (o->profile == NULL || o->port == 0)
		usage("-P and -p are needed");
	if (o->clients < 1 || o->rooms < 1 || o->rooms > o->clients ||
	    o->procs < 1 || o->procs > PROCS_MAX || o->size > 8000 ||
	    o->seconds <= 0)
		usage("a number is out of range");
	if (o->storm && (o->people == NULL || o->rate <= 0))
		usage("--storm needs --people and -R");
}

static void
raise_limit(void)
{
	struct rlimit l;

	getrlimit(RLIMIT_NOFILE, &l);
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

int
main(int argc, char **argv)
{
	struct run run = { .o = { .clients = 100,
			       .rooms = 1,
			       .senders = 1,
			       .size = 100,
			       .procs = 1,
			       .inflight = 128,
			       .repeat = 1,
			       .seconds = 5,
			       .p99 = 100,
			       .timeout = 120 } };
	double pss, private;
	void *heads;
	size_t size;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	read_options(&run.o, argc, argv);
	raise_limit();
	size = sizeof(*run.shared) +
	       sizeof(run.shared->stats[0]) * (size_t)run.o.procs;
	run.shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	heads = mmap(NULL, sizeof(uint64_t) * (size_t)run.o.rooms,
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.shared == MAP_FAILED || heads == MAP_FAILED)
		usage("no shared memory");
	run.shared->head = heads;
	pss = procs_pss(run.o.pids, run.o.npids);
	private = procs_private(run.o.pids, run.o.npids);
	connect_all(&run);
	run.shared->phase = LOAD_REST;
	idle(&run, pss, private);
	if (LOAD_SUM(&run, ready) > 0 && run.o.storm)
		load_storms(&run);
	else if (LOAD_SUM(&run, ready) > 0)
		load_measure(&run);
	run.shared->phase = LOAD_EXIT;
	for (int i = 0; i < run.o.procs; i++)
		waitpid(run.pids[i], NULL, 0);
	return !run.o.storm && LOAD_SUM(&run, failed) > 0;
}
