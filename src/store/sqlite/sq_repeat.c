/* store/sqlite/sq_repeat.c - what is asked again under the same cid. */

#include "store/asked.h"
#include "store/sqlite/sq_batch.h"

int
sq_find_repeat(struct sq *s, struct event *ev, struct err *err)
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
	if (append_same_event(ev, &stored, err) == -1) {
		event_free_body(&stored);
		return -1;
	}
	event_free_body(ev);
	*ev = stored;
	return 1;
}

int
sq_find_repeats(struct sq *s, struct append *a, struct err *err)
{
	int fresh = 0;

	for (size_t i = 0; i < a->n; i++) {
		struct event *twin = append_twin(a, i);
		int rc = twin != NULL ? append_same_event(&a->ev[i], twin, err)
				      : sq_find_repeat(s, &a->ev[i], err);

		if (rc == -1)
			return -1;
		if (rc == 1)
			append_set_repeated(a, i);
		fresh += a->ev[i].seq == 0;
	}
	return fresh;
}
