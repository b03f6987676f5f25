/* chat/hub_poll.c - has a log moved? The store is asked: of all logs in turn,
 * in the background, and at once when something may have been lost. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/hub_private.h"

#define POLL_PERIOD 30 /* seconds in which every log is asked for once */
#define POLL_BATCH  256

void
hub_log_poll(struct hub *hub, struct hub_log *log)
{
	if (log->flags & LOG_POLL || !(log->flags & LOG_KNOWN))
		return;
	log->flags |= LOG_POLL;
	if (log->flags & LOG_ASKED)
		return; /* the answer on its way may be too old: poll_one */
	if (hub->npolls == hub->polls_cap) {
		hub->polls_cap = hub->polls_cap == 0 ? 16 : hub->polls_cap * 2;
		hub->polls = mem_reallocarray(
		    hub->polls, hub->polls_cap, sizeof(hub->polls[0]));
	}
	memset(&hub->polls[hub->npolls], 0, sizeof(hub->polls[0]));
	hub->polls[hub->npolls++].room = log->id;
}

struct poll {
	struct hub *hub;
	size_t n;
	int rc;
	struct head v[POLL_BATCH];
};

static void
poll_work(struct db *db, void *arg)
{
	struct poll *p = arg;
	struct err err;

	p->rc = db_heads(db, p->v, p->n, &err);
}

static void
poll_one(struct poll *p, const struct head *head)
{
	struct hub_log *log = hub_log_any(p->hub, &head->room);
	bool again;

	if (log == NULL)
		return;
	again = log->flags & LOG_POLL && log->flags & LOG_ASKED;
	if (again)
		log->flags &= (uint8_t)~LOG_POLL;
	log->flags &= (uint8_t)~LOG_ASKED;
	if (p->rc == -1)
		hub_log_gap(p->hub, log, log->seq + 1);
	else if (head->seq > log->seq)
		hub_log_gap(p->hub, log, head->seq);
	if (again)
		hub_log_poll(p->hub, log);
}

static void
poll_done(void *arg)
{
	struct poll *p = arg;

	for (size_t i = 0; i < p->n; i++)
		poll_one(p, &p->v[i]);
	free(p);
}

static void
poll_asked(struct hub *hub, const struct poll *p)
{
	struct hub_log *log;

	for (size_t i = 0; i < p->n; i++) {
		log = hub_log_any(hub, &p->v[i].room);
		if (log == NULL)
			continue;
		log->flags &= (uint8_t)~LOG_POLL;
		log->flags |= LOG_ASKED;
	}
}

void
hub_poll_flush(struct hub *hub)
{
	struct poll *p;

	for (size_t i = 0; i < hub->npolls; i += p->n) {
		MEM_NEW(p);
		p->hub = hub;
		p->n =
		    hub->npolls - i < POLL_BATCH ? hub->npolls - i : POLL_BATCH;
		memcpy(p->v, &hub->polls[i], p->n * sizeof(p->v[0]));
		poll_asked(hub, p);
		store_read(hub->chat->store, poll_work, poll_done, p);
	}
	hub->npolls = 0;
}

/* --- when --- */

/* Polls count logs of m from *cursor on. */
static void
poll_some(struct hub *hub, struct map *m, size_t *cursor)
{
	size_t count = m->count / POLL_PERIOD + 1;
	struct hub_log *log;

	while (count-- > 0) {
		if ((log = map_next(m, cursor)) == NULL) {
			*cursor = 0;
			return;
		}
		hub_log_poll(hub, log);
	}
}

void
hub_poll_tick(void *arg)
{
	struct hub *hub = arg;

	poll_some(hub, &hub->rooms, &hub->room_cursor);
	poll_some(hub, &hub->users, &hub->user_cursor);
}

void
hub_ready(struct hub *hub, const struct id *topic)
{
	struct hub_log *log = hub_log_any(hub, topic);

	if (log != NULL)
		hub_log_poll(hub, log);
}

void
hub_resync(struct hub *hub)
{
	struct hub_log *log;

	for (size_t i = 0; (log = map_next(&hub->rooms, &i)) != NULL;)
		hub_log_poll(hub, log);
	for (size_t i = 0; (log = map_next(&hub->users, &i)) != NULL;)
		hub_log_poll(hub, log);
}
