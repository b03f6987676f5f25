/* store/sqlite/sq_repeat.c - what is asked again under the same cid. */

#include <string.h>

#include "store/sqlite/sq_batch.h"

/* A mute that was over by then is stored as 0. */
static bool
same_subject(const struct event_subject *a, const struct event_subject *stored)
{
	return id_eq(&a->user, &stored->user) &&
	       id_eq(&a->room, &stored->room) && a->role == stored->role &&
	       a->open == stored->open && a->on == stored->on &&
	       (a->until == stored->until || stored->until == 0) &&
	       strcmp(a->text, stored->text) == 0;
}

/* Did the one who asks again ask for the same thing? What the store or the
 * caller filled in (names, heir, no) does not count. */
static int
same_event(const struct event *ev, const struct event *stored, struct err *err)
{
	struct event_subject a, b;
	bool same = ev->kind == stored->kind && ev->target == stored->target;

	if (same && ev->kind == EV_MESSAGE)
		same = ev->body_len == stored->body_len &&
		       memcmp(ev->body, stored->body, ev->body_len) == 0;
	else if (same)
		same = event_subject(ev, &a, err) == 0 &&
		       event_subject(stored, &b, err) == 0 &&
		       same_subject(&a, &b);
	if (same)
		return 0;
	return err_set(
	    err, ERR_CONFLICT, "The same cid was used for something else.");
}

/* 1: stored before, ev has its numbers; 0: new; -1 *err. */
static int
find_repeat(struct sq *s, struct event *ev, struct err *err)
{
	sqlite3_stmt *stmt = sq_query(
	    s, Q_EVENT_BY_CID, err, "bbc", &ev->room, &ev->from, &ev->cid);
	struct event stored;
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		sq_get_event(stmt, 0, &stored);
	sq_done(stmt);
	if (rc != 1)
		return rc;
	if (same_event(ev, &stored, err) == -1) {
		event_free_body(&stored);
		return -1;
	}
	event_free_body(ev);
	*ev = stored;
	return 1;
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

int
sq_find_repeats(struct sq *s, struct append *a, struct err *err)
{
	int fresh = 0;

	for (size_t i = 0; i < a->n; i++) {
		struct event *twin = append_twin(a, i);
		int rc = twin != NULL ? same_event(&a->ev[i], twin, err)
				      : find_repeat(s, &a->ev[i], err);

		if (rc == -1)
			return -1;
		if (rc == 1)
			append_set_repeated(a, i);
		fresh += a->ev[i].seq == 0;
	}
	return fresh;
}
