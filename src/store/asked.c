/* store/asked.c - what can be said about an append without a database. */
#include "store/asked.h"

#include <string.h>

void
append_renumber(struct append *a)
{
	for (size_t i = 0; i < a->n; i++) {
		a->ev[i].seq = a->ev[i].no = 0;
		if (a->repeated != NULL)
			a->repeated[i] = false;
	}
}

void
append_reset(struct append *a)
{
	err_clear(&a->err);
	append_clear(a);
	a->nothing = false;
	append_renumber(a);
}

bool
append_well_formed(const struct append *a)
{
	for (size_t i = 1; i < a->n; i++)
		if (a->ev[i].kind != EV_MESSAGE ||
		    !id_eq(&a->ev[i].room, &a->ev[0].room) ||
		    !id_eq(&a->ev[i].from, &a->ev[0].from))
			return false;
	return a->n > 0 && (a->n == 1 || a->ev[0].kind == EV_MESSAGE);
}

/* A mute that was over by then is stored as 0, and whether the room was in the
 * archive is found when it is stored. */
static bool
same_subject(enum event_kind kind, const struct event_subject *a,
    const struct event_subject *stored)
{
	return id_eq(&a->user, &stored->user) &&
	       id_eq(&a->room, &stored->room) && a->role == stored->role &&
	       a->open == stored->open &&
	       (a->on == stored->on || kind == EV_MUTE) &&
	       (a->until == stored->until || stored->until == 0) &&
	       strcmp(a->text, stored->text) == 0;
}

int
append_same_event(
    const struct event *ev, const struct event *stored, struct err *err)
{
	struct event_subject a, b;
	bool same = ev->kind == stored->kind && ev->target == stored->target;

	if (same && ev->kind == EV_MESSAGE)
		same = ev->body_len == stored->body_len &&
		       memcmp(ev->body, stored->body, ev->body_len) == 0;
	else if (same)
		same = event_subject(ev, &a, err) == 0 &&
		       event_subject(stored, &b, err) == 0 &&
		       same_subject(ev->kind, &a, &b);
	if (same)
		return 0;
	return err_set(
	    err, ERR_CONFLICT, "The same cid was used for something else.");
}

static int
refuse_moved(struct err *err)
{
	return err_set(err, ERR_CONFLICT,
	    "Somebody changed this meanwhile: look again, then ask again.");
}

int
append_since(const struct append *a, uint64_t head, struct err *err)
{
	if (a->known == 0 || a->known == head)
		return 0;
	if (a->known > head || head - a->known > KNOWN_MAX)
		return refuse_moved(err);
	return 1;
}

int
append_unmoved(const struct append *a, const struct event_subject *s,
    const struct event *ev, struct err *err)
{
	return event_bears_on(ev, a->ev, s) ? refuse_moved(err) : 0;
}

void
append_set_repeated(struct append *a, size_t i)
{
	if (a->repeated != NULL)
		a->repeated[i] = true;
}

struct event *
append_twin(struct append *a, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (cid_eq(&a->ev[j].cid, &a->ev[i].cid))
			return &a->ev[j];
	return NULL;
}
