/* store/sqlite/sq_words.c - public groups by words of their labels. */

#include "base/mem.h"
#include "store/sqlite/sq.h"
#include "store/words.h"

/* The first of the words leads through the index; each room found by it must
 * have the others. */
struct search {
	struct sq *s;
	struct words words;
	size_t limit;
	struct group_pos *pos;
	struct room_views *l;
};

/* Has the room a word from … to? 1, 0, -1. */
static int
has_word(struct search *q, const struct id *room, const char *from,
    const char *to, struct err *err)
{
	sqlite3_stmt *stmt =
	    sq_query(q->s, Q_ROOM_HAS_WORD, err, "bss", room, from, to);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(q->s, stmt, err);
	sq_done(stmt);
	return rc;
}

/* A room found by word: not listed by an earlier one, and it has all others?
 * 1, 0, -1. */
static int
matches(
    struct search *q, const struct id *room, const char *word, struct err *err)
{
	int rc = has_word(q, room, q->words.v[0].from, word, err);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	rc = 1;
	for (size_t i = 1; i < q->words.n && rc == 1; i++)
		rc = has_word(
		    q, room, q->words.v[i].from, q->words.v[i].to, err);
	return rc;
}

/* The rows of the leading word, until the page is full and it is known whether
 * there is more. */
static int
take_rows(struct search *q, sqlite3_stmt *stmt, struct err *err)
{
	struct group_pos at, last = { 0 };
	struct room room;
	int rc, fits;

	while ((rc = sq_step(q->s, stmt, err)) == 1) {
		sq_get_room(stmt, 0, &room);
		sq_get_text(stmt, SQ_ROOM_COLS, at.word, sizeof(at.word));
		at.id = room.id;
		fits = matches(q, &room.id, at.word, err);
		if (fits == -1)
			return -1;
		if (fits == 0)
			continue;
		if (q->l->n == q->limit) {
			*q->pos = last;
			return 0;
		}
		q->l->v[q->l->n++].room = room;
		last = at;
	}
	*q->pos = (struct group_pos){ 0 };
	return rc;
}

static int
find(struct search *q, const struct id *user, struct err *err)
{
	struct group_pos after = *q->pos;
	sqlite3_stmt *stmt = sq_query(q->s, Q_GROUPS_WORD, err, "sssb",
	    q->words.v[0].from, q->words.v[0].to, after.word, &after.id);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = take_rows(q, stmt, err);
	sq_done(stmt);
	return rc == -1 ? -1 : sq_groups_complete(q->s, user, q->l, err);
}

int
sq_groups_words(struct db *db, const struct id *user, const char *words,
    struct group_pos *pos, size_t limit, struct room_views *l_r,
    struct err *err)
{
	struct search q = {
		.s = (struct sq *)db, .limit = limit, .pos = pos, .l = l_r
	};
	int rc;

	*l_r = (struct room_views){ 0 };
	if (words_read(&q.words, words, err) == -1 ||
	    sq_snapshot(q.s, err) == -1)
		return -1;
	l_r->v = mem_calloc(limit > 0 ? limit : 1, sizeof(*l_r->v));
	rc = find(&q, user, err);
	sq_snapshot_end(q.s);
	if (rc == -1)
		room_views_free(l_r);
	return rc;
}
