/* proc/places.h - the workers' places: who is in them, who comes next. The
 * master's whole state machine; it knows no signals, only time. */
#ifndef PROC_PLACES_H
#define PROC_PLACES_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "proc/server.h"

enum place_state {
	PLACE_EMPTY,    /* nobody, and nobody to come */
	PLACE_WAITING,  /* a worker is forked there at due_ms */
	PLACE_STARTING, /* forked, does not accept yet */
	PLACE_UP,
	PLACE_DRAINING, /* told to end; killed at due_ms */
};

struct place {
	enum place_state state;
	pid_t pid;
	uint64_t due_ms;
	uint64_t since_ms; /* of its fork */
	unsigned conf_no;  /* with which configuration it was forked */
	unsigned failures; /* deaths soon after the fork, in a row */
	bool silent;       /* its loop does not turn; said once */
};

struct places {
	struct server *server;
	unsigned n;
	unsigned conf_no; /* of the present configuration */
	unsigned confs;   /* numbers given to configurations */
	int newcomer;     /* the place that replaces another; -1 none */
	unsigned vain;    /* newcomers that did not start, in a row */
	uint64_t next_ms; /* no newcomer before */
	bool replacing;
	bool proven; /* a worker serves with the present one */
	bool ending;
	bool announced;      /* "ready" was logged */
	struct conf *former; /* what to go back to, or NULL */
	unsigned former_no;
	struct place place[PLACES_MAX];
};

/* All but the last place wait for a worker. */
void places_init(struct places *p, struct server *s);

/* Does what is due: buries the dead, forks, replaces, ends, watches. Called
 * after every signal and, without any, after the returned milliseconds. */
unsigned places_tick(struct places *p);

/* Puts workers with conf (which it owns from now on) in the place of all
 * others, one by one. When the first does not start in three tries, the former
 * configuration stays; behind that, each is tried again until it does. */
void places_replace(struct places *p, struct conf *conf);

/* Tells all to drain; those that do not within 10 s are killed. */
void places_end(struct places *p);
bool places_all_empty(const struct places *p);

void places_signal(const struct places *p, int signo);

/* How long to wait before the next fork after that many early deaths in a row:
 * 0 for the first, then 100 ms doubled up to 10 s. */
unsigned places_backoff_ms(unsigned failures);

#endif
