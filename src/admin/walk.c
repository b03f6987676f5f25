/* admin/walk.c - all rooms, a whole log, all members, in pages. */
#include "admin/walk.h"

int
walk_rooms(struct db *db, walk_room_fn *fn, void *arg, struct err *err)
{
	struct id after = { { 0 } };
	struct room_rows l;
	size_t n;
	int rc = 0;

	do {
		if (db_rooms_scan(db, &after, true, WALK_PAGE, &l, err) == -1)
			return -1;
		for (size_t i = 0; i < l.n && rc == 0; i++)
			rc = fn(&l.v[i], arg);
		n = l.n;
		if (n > 0)
			after = l.v[n - 1].id;
		room_rows_free(&l);
	} while (n > 0 && rc == 0);
	return rc;
}

int
walk_log(struct db *db, const struct id *room, walk_log_fn *fn, void *arg,
    struct err *err)
{
	struct event_list l;
	uint64_t seq = 0;
	size_t n;
	int rc = 0;

	do {
		if (db_events(db, room, seq + 1, UINT64_MAX, WALK_PAGE,
			WALK_PAGE_BYTES, &l, err) == -1)
			return -1;
		n = l.n;
		if (n > 0) {
			seq = l.v[n - 1].seq;
			rc = fn(l.v, n, arg);
		}
		event_list_free(&l);
	} while (n > 0 && rc == 0);
	return rc;
}

int
walk_members(struct db *db, const struct id *room, walk_members_fn *fn,
    void *arg, struct err *err)
{
	struct member_views l;
	uint64_t after = 0;
	size_t n;
	int rc = 0;

	do {
		if (db_members(db, room, after, WALK_PAGE, &l, err) == -1)
			return -1;
		n = l.n;
		if (n > 0) {
			after = l.v[n - 1].member.joined;
			rc = fn(l.v, n, arg);
		}
		member_views_free(&l);
	} while (n > 0 && rc == 0);
	return rc;
}

static int
add_events(const struct room *row, void *arg)
{
	*(uint64_t *)arg += row->seq;
	return 0;
}

int
walk_count(struct db *db, uint64_t *n_r, struct err *err)
{
	*n_r = 0;
	return walk_rooms(db, add_events, n_r, err);
}
