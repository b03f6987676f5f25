/* store/patience.c - appends that are answered busy before the store is. */
#include "store/patience.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

#define LOOK_MS  100
#define RETRY_MS 1000

struct patient {
	struct append a;      /* the copy */
	struct append *asked; /* gone when it was told */
	bool told;            /* busy */
	struct store *st;
	uint64_t until;
	TAILQ_ENTRY(patient) link;
};

static struct event
copy_event(const struct event *ev)
{
	struct event copy = *ev;

	copy.body = NULL;
	event_set_body(&copy, ev->body_len > 0 ? ev->body : "", ev->body_len);
	return copy;
}

static void
patient_free(struct patient *p)
{
	append_clear(&p->a);
	for (size_t i = 0; i < p->a.n; i++)
		event_free_body(&p->a.ev[i]);
	free(p->a.ev);
	free(p->a.repeated);
	free(p);
}

/* The answers, moved. */
static void
hand_over(struct append *from, struct append *to)
{
	for (size_t i = 0; i < to->n; i++) {
		event_free_body(&to->ev[i]);
		to->ev[i] = from->ev[i];
		from->ev[i] = (struct event){ 0 };
		if (to->repeated != NULL)
			to->repeated[i] = from->repeated[i];
	}
	to->err = from->err;
	to->nothing = from->nothing;
	to->more = from->more;
	from->more = (struct event_list){ 0 };
	to->done(to);
}

static void
leave_line(struct patient *p)
{
	TAILQ_REMOVE(&p->st->patients, p, link);
	if (TAILQ_EMPTY(&p->st->patients))
		loop_timer_free(&p->st->impatience);
}

static void
patient_done(struct append *a)
{
	struct patient *p = a->arg;
	struct store *st = p->st;

	if (!p->told) {
		leave_line(p);
		hand_over(&p->a, p->asked);
	} else if (p->a.err.code == ERR_NONE && !p->a.nothing) {
		st->late += p->a.n;
		if (st->on_late != NULL)
			st->on_late(&p->a, st->on_late_arg);
	}
	patient_free(p);
}

static void
look(void *arg)
{
	struct store *st = arg;
	uint64_t now = clock_mono_ms();
	struct append *asked;
	struct patient *p;

	while ((p = TAILQ_FIRST(&st->patients)) != NULL && p->until <= now) {
		asked = p->asked;
		p->told = true;
		leave_line(p);
		err_set(&asked->err, ERR_BUSY,
		    "The store does not answer; try again.");
		asked->err.retry_ms = RETRY_MS;
		asked->done(asked);
	}
}

struct append *
patience_begin(struct store *st, struct append *a)
{
	struct patient *p;

	MEM_NEW(p);
	p->a = *a;
	p->a.ev = mem_calloc(a->n, sizeof(*a->ev));
	p->a.repeated = mem_calloc(a->n, sizeof(*a->repeated));
	for (size_t i = 0; i < a->n; i++)
		p->a.ev[i] = copy_event(&a->ev[i]);
	p->a.done = patient_done;
	p->a.arg = p;
	p->asked = a;
	p->st = st;
	p->until = clock_mono_ms() + PATIENCE_MS;
	if (TAILQ_EMPTY(&st->patients))
		st->impatience =
		    loop_timer_new(st->loop, LOOK_MS, true, look, st);
	TAILQ_INSERT_TAIL(&st->patients, p, link);
	return &p->a;
}

void
patience_end(struct store *st)
{
	loop_timer_free(&st->impatience);
}

void
store_on_late(
    struct store *st, void (*cb)(const struct append *a, void *arg), void *arg)
{
	st->on_late = cb;
	st->on_late_arg = arg;
}
