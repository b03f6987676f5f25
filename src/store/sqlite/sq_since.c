/* store/sqlite/sq_since.c - what happened since a change was decided on. */

#include "store/asked.h"
#include "store/sqlite/sq_batch.h"

int
sq_check_since(struct sq *s, const struct change *c, const struct batch_room *r,
    struct err *err)
{
	int rc = append_since(c->a, r->room.seq, err);
	sqlite3_stmt *stmt;

	if (rc != 1)
		return rc;
	stmt = sq_query(s, Q_EVENTS_SINCE, err, "bu", &r->room.id, c->a->known);
	if (stmt == NULL)
		return -1;
	while ((rc = sq_step(s, stmt, err)) == 1) {
		struct event ev;

		sq_get_event(stmt, 0, &ev);
		rc = append_unmoved(c->a, &c->s, &ev, err);
		event_free_body(&ev);
		if (rc == -1)
			break;
	}
	sq_done(stmt);
	return rc;
}
