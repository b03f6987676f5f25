/* proc/replace.c - workers with a new configuration, one by one: the new one
 * accepts before an old one drains. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "proc/places_private.h"

enum {
	START_MS = 60000, /* a new worker must accept by then */
	TRIES = 3,        /* with a configuration that none serves with yet */
};

static struct place *
find(struct places *p, enum place_state state, bool stale)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct place *pl = &p->place[i];

		if (pl->state == state && (!stale || pl->conf_no != p->conf_no))
			return pl;
	}
	return NULL;
}

/* conf.h's fixed keys: what the sockets, the lock and the folder were made by
 * stays with them. */
static void
keep_fixed(struct conf *conf, struct conf *old)
{
	struct conf fresh = *conf;

	conf->listen = old->listen;
	conf->data = old->data;
	conf->workers = old->workers;
	conf->user = old->user;
	conf->store = old->store;
	conf->bus = old->bus;
	conf->metrics_listen = old->metrics_listen;
	old->listen = fresh.listen;
	old->data = fresh.data;
	old->workers = fresh.workers;
	old->user = fresh.user;
	old->store = fresh.store;
	old->bus = fresh.bus;
	old->metrics_listen = fresh.metrics_listen;
}

/* Where this configuration wants the log. */
static void
follow_log(struct server *s)
{
	const struct conf *conf = s->conf;

	if (log_open(conf->log_file) == -1)
		log_error("log_file not opened", "path=%s why=\"%s\"",
		    conf->log_file, strerror(errno));
	s->board->log_level = (int)conf->log_level;
	log_set_level(conf->log_level);
}

static void
begin(struct places *p)
{
	p->replacing = true;
	p->vain = 0;
	p->next_ms = 0;
}

void
places_replace(struct places *p, struct conf *conf)
{
	struct server *s = p->server;

	keep_fixed(conf, s->conf);
	if (p->former == NULL) {
		p->former = s->conf;
		p->former_no = p->conf_no;
	} else {
		conf_free(&s->conf); /* one that was not all in use yet */
	}
	s->conf = conf;
	p->conf_no = ++p->confs;
	p->proven = false;
	begin(p);
	follow_log(s);
}

static void
replaced(struct places *p)
{
	conf_free(&p->former);
	p->replacing = false;
	log_info("workers replaced", "configuration=%u", p->conf_no);
}

/* Workers that have the new one, of an earlier try, are replaced by such that
 * have the former. */
static void
go_back(struct places *p)
{
	log_error("the new worker does not start",
	    "action=\"the former configuration stays\"");
	keep_fixed(p->former, p->server->conf);
	conf_free(&p->server->conf);
	p->server->conf = p->former;
	p->former = NULL;
	p->conf_no = p->former_no;
	begin(p);
	follow_log(p->server);
}

/* A worker can be killed for many reasons: it is the configuration's fault only
 * if none comes to serve with it. */
static void
newcomer_died(struct places *p, uint64_t now)
{
	p->newcomer = -1;
	p->next_ms = now + places_backoff_ms(++p->vain + 1);
	if (p->vain >= TRIES && !p->proven && p->former != NULL)
		go_back(p);
}

static void
replace_begin(struct places *p, uint64_t now)
{
	struct place *free_one = find(p, PLACE_EMPTY, false);

	if (find(p, PLACE_UP, true) == NULL) {
		if (find(p, PLACE_STARTING, true) == NULL &&
		    find(p, PLACE_DRAINING, false) == NULL)
			replaced(p);
		return;
	}
	if (free_one == NULL || now < p->next_ms)
		return; /* the one before still drains */
	free_one->failures = 0;
	p->newcomer = (int)place_number(p, free_one) - 1;
	place_fork(p, free_one, now);
}

/* All places are taken: the one that was to go died by itself and came again
 * in its own. */
static bool
is_one_too_many(struct places *p)
{
	return find(p, PLACE_EMPTY, false) == NULL &&
	       find(p, PLACE_DRAINING, false) == NULL;
}

void
replace_tick(struct places *p, uint64_t now)
{
	struct place *pl, *old;

	if (!p->replacing || p->ending)
		return;
	if (p->newcomer == -1) {
		replace_begin(p, now);
		return;
	}
	pl = &p->place[p->newcomer];
	if (pl->state == PLACE_UP) {
		p->newcomer = -1;
		p->proven = pl->conf_no == p->conf_no;
		p->vain = 0;
		old = find(p, PLACE_UP, true);
		if (old == NULL && is_one_too_many(p))
			old = pl;
		if (old != NULL)
			place_drain(p, old, now);
	} else if (pl->state == PLACE_EMPTY)
		newcomer_died(p, now);
	else if (pl->state == PLACE_STARTING && now - pl->since_ms > START_MS)
		kill(pl->pid, SIGKILL);
}
