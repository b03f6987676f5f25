/* bench/load.h - the parts of chatload, the load generator: processes full of
 * WebSocket clients, and one above them which runs the stages and reports. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* --- servers ------------------------------------------------------------- */

/* Said once a client is connected, and what the answer must contain. */
struct load_step {
	const char *send, *expect;
};

/* How a server is spoken to. In the templates {u} is the client's index, {room}
 * its room, {tok} its token, {id} a request's number, {cid} 32 hex digits that
 * are new each time, {msg} the text. */
struct load_profile {
	const char *name;
	const char *path, *header; /* of the upgrade request */
	struct load_step init[4];  /* until one without both */
	const char *post;          /* a text frame */
	const char *ack;   /* what its answer contains; NULL: the own echo */
	const char *error; /* what a refusal contains; NULL: there are none */
	bool pings;        /* {} is answered with {} */
};

const struct load_profile *load_profile_find(const char *name);

/* --- options ------------------------------------------------------------- */

struct load_person {
	char *token, *room;
};

struct load_opts {
	const struct load_profile *profile;
	int port;
	int clients, rooms, senders, size, procs, inflight, window, repeat;
	double seconds, rate, idle, p99, timeout;
	bool search, storm;
	struct load_person *people; /* NULL: rooms are named by number */
	int npeople;
	int pids[16], npids; /* the server's processes, children included */
};

/* --- counters ------------------------------------------------------------ */

#define HIST_SUB  7 /* bits behind the leading one: steps of under 1 % */
#define HIST_SIZE ((64 - HIST_SUB) << HIST_SUB)

struct load_hist {
	volatile uint64_t n[HIST_SIZE];
};

void hist_add(struct load_hist *h, uint64_t v);
/* The value below which p percent are; 0 when there are none. The sum of the
 * k histograms that lie `stride` bytes apart. */
uint64_t hist_percentile(
    const struct load_hist *h, int k, size_t stride, double p);

/* Why a client has no connection any more. */
enum load_end {
	END_CONNECT, /* nobody listens there */
	END_STATUS,  /* not upgraded */
	END_REFUSED, /* an error instead of what was expected */
	END_CLOSED,  /* by the server, or by what stands before it */
	END_LATE,    /* given up: not synced in time */
	END_KINDS
};

/* What one process counts; it alone writes them while a stage runs, all may
 * read. Times in ns, monotonic. */
struct load_stats {
	volatile uint64_t ready, failed, closed, last_ready;
	volatile uint64_t sent, expected, received, acked, refused, slowest;
	struct load_hist delivery, ack;

	/* With --storm: */
	volatile uint64_t ends[END_KINDS]; /* of attempts that failed */
	volatile uint64_t broken; /* events not told once and in order */
	volatile uint64_t behind; /* clients that lack an event */
	struct load_hist back;    /* from the loss to synced */
};

/* COUNT: as REST, and stats->behind is kept true. */
enum load_phase { LOAD_CONNECT, LOAD_REST, LOAD_COUNT, LOAD_SEND, LOAD_EXIT };

/* In memory that all processes share. */
struct load_shared {
	volatile enum load_phase phase;
	volatile unsigned stage; /* counts them */
	volatile uint64_t began; /* when the stage did; ns, monotonic */
	volatile int window;     /* messages on the way per sender, or */
	volatile double rate;    /* messages a second from all senders */
	volatile uint64_t lost;  /* when the connections were; ns */
	volatile uint64_t *head; /* of each room: the last event heard of */
	struct load_stats stats[];
};

uint64_t load_now(void); /* ns, monotonic */

/* --- clients ------------------------------------------------------------- */

enum peer_state {
	PEER_NEW,
	PEER_CONNECTING,
	PEER_UPGRADING,
	PEER_GREETING,
	PEER_READY,
	PEER_DEAD
};

enum { DUE_MAX = 256, INPUT_MAX = 1 << 18 };

struct peer {
	int fd, index, room, step;
	enum peer_state state;
	bool watches_out;
	struct buf in, out;
	uint64_t *due; /* of what is not acked yet; a ring of DUE_MAX */
	unsigned due_first, due_n;

	/* With --storm: the last event it was told, and since when it waits to
	 * connect, or to be given up. */
	uint64_t seq;
	char cid[33];
	unsigned attempts;
	bool lost, waits;
	LIST_ENTRY(peer) link;
};

/* One process. */
struct worker {
	const struct load_opts *o;
	struct load_shared *shared;
	struct load_stats *stats;
	int number, epfd, inflight, npeers, nsenders, next, turn;
	struct peer *peers; /* senders first */
	uint8_t *input;
	struct buf text, frame; /* scratch */
	uint64_t seq, nonce;
	uint64_t due;        /* when the next message is */
	struct storm *storm; /* NULL: clients that are gone stay away */
};

/* Appends the template, filled in for c. */
void load_expand(struct buf *b, const char *template, const struct worker *w,
    const struct peer *c, const char *msg);

/* Begins to connect; what follows comes by peer_event. */
void peer_open(struct worker *w, struct peer *c);
void peer_event(struct worker *w, struct peer *c, uint32_t events);
void peer_text(struct worker *w, struct peer *c, const void *p, size_t n);
void peer_kill(struct worker *w, struct peer *c, enum load_end why);

/* What peer_event finds: a client that was upgraded, a text from the server. */
void client_upgraded(struct worker *w, struct peer *c);
void client_heard(
    struct worker *w, struct peer *c, const char *p, size_t n, uint64_t now);
/* A message that was due then. */
void client_post(struct worker *w, struct peer *c, uint64_t due);

/* --- devices that come back (load_storm.c) -------------------------------- */

/* They do what the browser's client does: wait with jitter, connect, and say
 * which event they have; and they check that they are told each event once and
 * in order. */
struct storm *storm_new(void);
void storm_opened(struct worker *w, struct peer *c);
void storm_upgraded(struct worker *w, struct peer *c);
void storm_heard(
    struct worker *w, struct peer *c, const char *p, size_t n, uint64_t now);
void storm_gone(struct worker *w, struct peer *c, bool was_ready);
/* Whose time has come: connects them, or gives them up. */
void storm_turn(struct worker *w);
void storm_count(struct worker *w);

/* The life of one process; does not return. */
void worker_main(const struct load_opts *o, struct load_shared *shared,
    int number) __attribute__((noreturn));

/* --- stages --------------------------------------------------------------- */

enum { PROCS_MAX = 64 };

struct run {
	struct load_opts o;
	struct load_shared *shared;
	int pids[PROCS_MAX];
};

/* One counter (a field of struct load_stats) of all processes. */
#define LOAD_SUM(run, field)                                                   \
	load_sum(&(run)->shared->stats[0].field, (run)->o.procs)
uint64_t load_sum(const volatile uint64_t *first, int procs);
void load_rest(double seconds);

/* Of p percent of what is in all processes' histograms like h. */
double load_percentile_ms(
    const struct run *run, const struct load_hist *h, double p);

/* The stages that the options ask for; prints what they came to. */
void load_measure(struct run *run);
/* Instead of stages: for each line of the standard input, how clients came back
 * that lost their connections behind it. load_storms.c */
void load_storms(struct run *run);

/* --- the server's processes ---------------------------------------------- */

struct host_load {
	double busy, steal; /* CPU seconds of the whole machine */
};

double procs_cpu(const int *roots, int n); /* seconds, children included */
double procs_pss(const int *roots, int n); /* bytes, proportional */
double procs_private(const int *roots, int n);
double proc_cpu(int pid);
struct host_load host_load(void);

#endif
