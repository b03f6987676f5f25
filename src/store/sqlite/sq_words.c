/* store/sqlite/sq_words.c - public groups by words of their labels. */

#include <bsd/string.h>
#include <string.h>

#include "base/mem.h"
#include "model/text.h"
#include "store/sqlite/sq.h"

#define WORD_MAX (ROOM_LABEL_MAX * 4)
#define LAST     "\xf4\x8f\xbf\xbf" /* the last character there is */

/* Words that begin with what is looked for are >= from and < to. */
struct word {
	char from[WORD_MAX + 1];
	char to[WORD_MAX + sizeof(LAST)];
};

/* The first of the words leads through the index; each room found by it must
 * have the others. */
struct search {
	struct sq *s;
	struct word words[GROUP_WORDS];
	size_t n;
	size_t limit;
	struct group_pos *pos;
	struct room_views *l;
};

static int
bad_words(struct err *err)
{
	return err_set(err, ERR_BAD_REQUEST, "words: must have 1 to %d words",
	    GROUP_WORDS);
}

/* The longest word first, since the fewest rooms have it. */
static int
read_words(struct search *q, const char *words, struct err *err)
{
	struct buf folded = { 0 };
	const char *s, *word;
	size_t len;
	int rc = 0;

	text_fold(&folded, words);
	for (s = buf_cstr(&folded); text_word(&s, &word, &len); q->n++) {
		struct word *w = &q->words[q->n];

		if (q->n == GROUP_WORDS || len >= sizeof(w->from)) {
			rc = bad_words(err);
			break;
		}
		memcpy(w->from, word, len);
		memcpy(w->to, word, len);
		memcpy(w->to + len, LAST, sizeof(LAST));
		if (len > strlen(q->words[0].from)) {
			struct word first = q->words[0];

			q->words[0] = *w;
			*w = first;
		}
	}
	buf_free(&folded);
	return rc == 0 && q->n == 0 ? bad_words(err) : rc;
}

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
	int rc = has_word(q, room, q->words[0].from, word, err);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	rc = 1;
	for (size_t i = 1; i < q->n && rc == 1; i++)
		rc = has_word(q, room, q->words[i].from, q->words[i].to, err);
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
	    q->words[0].from, q->words[0].to, after.word, &after.id);
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
	if (read_words(&q, words, err) == -1 || sq_snapshot(q.s, err) == -1)
		return -1;
	l_r->v = mem_calloc(limit > 0 ? limit : 1, sizeof(*l_r->v));
	rc = find(&q, user, err);
	sq_snapshot_end(q.s);
	if (rc == -1)
		room_views_free(l_r);
	return rc;
}
