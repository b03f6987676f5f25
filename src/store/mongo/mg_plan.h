/* store/mongo/mg_plan.h - a batch of appends while its events are planned and
 * stored. Private to mg_plan.c, mg_prefetch.c and mg_append.c. */
#ifndef STORE_MONGO_MG_PLAN_H
#define STORE_MONGO_MG_PLAN_H

#include "store/mongo/mg_known.h"

struct op {
	struct append *a;
	size_t left;   /* events planned, not stored yet */
	bool internal; /* an entry that follows: no right is asked for */
	bool looked;   /* for repeats */
	bool done;
};

/* An event that is to be inserted. */
struct slot {
	struct op *op;
	struct event *ev;
};

struct run {
	struct mg *m;
	struct op *ops;
	size_t n;
	struct slot *slots;
	size_t nslots, cap;
	uint64_t now;      /* the time these events get */
	uint64_t deadline; /* ms, monotonic */
	unsigned vain;     /* rounds in which nothing could be stored */
};

/* mg_prefetch.c. Reads together what these n appends will ask for: rooms that
 * are not known, and the rows of who writes. What it does not find is asked for
 * when its turn comes. 0, or -1 *err. */
int mg_prefetch(struct mg *m, const struct op *ops, size_t n, struct err *err);

/* Plans what can go together: r->slots get the events that are to be inserted,
 * in this order; appends with nothing to store are answered. 0, or -1 *err: the
 * database failed. */
int mg_plan(struct run *r, struct err *err);
/* What was planned for the room, messages only, is not: as it was before. */
void mg_unplan(struct known *k);
/* All of op is stored, or refused: it is answered. */
void mg_plan_finish(struct op *op);

#endif
