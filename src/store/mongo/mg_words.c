/* store/mongo/mg_words.c - public groups by words of their labels. The keys
 * "word/room" lead to the rooms in order; whether a room has all the words now
 * is looked at in its own label, so that a key too many does no harm. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/text.h"
#include "store/mongo/mg.h"
#include "store/words.h"

#define KEY_MAX (WORD_MAX + ID_HEX + 2)
#define BATCH   100

struct candidate {
	char word[WORD_MAX + 1];
	struct room room;
	bool there;
};

struct search {
	struct mg *m;
	struct words words;
	size_t limit;
	struct room_views *l;
	struct group_pos last; /* of those listed */
	struct candidate *v;   /* a batch */
	size_t nv;
};

/* The first word of the room that begins with prefix, in the order of words,
 * into out. */
static bool
first_word(const struct room *r, const char *prefix, char *out)
{
	struct buf folded = { 0 };
	const char *s, *word;
	size_t len, n = strlen(prefix);
	bool found = false;

	text_fold(&folded, r->label);
	for (s = buf_cstr(&folded); text_word(&s, &word, &len);) {
		char w[WORD_MAX + 1];

		if (len < n || len > WORD_MAX || memcmp(word, prefix, n) != 0)
			continue;
		memcpy(w, word, len);
		w[len] = '\0';
		if (!found || strcmp(w, out) < 0)
			memcpy(out, w, len + 1);
		found = true;
	}
	buf_free(&folded);
	return found;
}

/* A room found by its word: not listed by an earlier one, and has it all? */
static bool
matches(const struct search *q, const struct candidate *c)
{
	char word[WORD_MAX + 1];

	if (!c->there || c->room.kind != ROOM_PUBLIC ||
	    !first_word(&c->room, q->words.v[0].from, word) ||
	    strcmp(word, c->word) != 0)
		return false;
	for (size_t i = 1; i < q->words.n; i++)
		if (!first_word(&c->room, q->words.v[i].from, word))
			return false;
	return true;
}

static void
take_key(const bson_t *doc, void *arg)
{
	struct search *q = arg;
	struct candidate *c = &q->v[q->nv++];
	char key[KEY_MAX], *slash;

	*c = (struct candidate){ 0 };
	mg_get_text(doc, "_id", key, sizeof(key));
	mg_get_id(doc, "room", &c->room.id);
	slash = strrchr(key, '/');
	if (slash != NULL)
		*slash = '\0';
	snprintf(c->word, sizeof(c->word), "%.*s", WORD_MAX, key);
}

static void
take_room(const bson_t *doc, void *arg)
{
	struct search *q = arg;
	struct room r;

	mg_get_room(doc, &r);
	for (size_t i = 0; i < q->nv; i++)
		if (id_eq(&q->v[i].room.id, &r.id)) {
			q->v[i].room = r;
			q->v[i].there = true;
		}
}

/* The next candidates behind *pos, in order. How many, or -1. */
static int
next_batch(struct search *q, const struct group_pos *pos, struct err *err)
{
	const struct word *first = &q->words.v[0];
	char from[KEY_MAX], hex[ID_HEX];
	bson_t *query;
	int rc;

	if (pos->word[0] == '\0') {
		query = mg_doc("_id:{$gte:s $lt:s}", first->from, first->to);
	} else {
		snprintf(from, sizeof(from), "%s/%s", pos->word,
		    id_hex(&pos->id, hex));
		query = mg_doc("_id:{$gt:s $lt:s}", from, first->to);
	}
	q->nv = 0;
	rc = mg_find(q->m, C_WORDS, query,
	    mg_doc("sort:{_id:+} limit:i singleBatch:y", BATCH), take_key, q,
	    err);
	if (rc <= 0)
		return rc;
	return mg_find(q->m, C_ROOMS,
		   mg_doc("_id:{$in:a}",
		       mg_ids(&q->v->room.id, q->nv, sizeof(*q->v))),
		   NULL, take_room, q, err) == -1
		   ? -1
		   : (int)q->nv;
}

/* Lists those of the batch that fit. True: the page is full and there is one
 * more. */
static bool
take_batch(struct search *q)
{
	for (size_t i = 0; i < q->nv; i++) {
		struct candidate *c = &q->v[i];

		if (!matches(q, c))
			continue;
		if (q->l->n == q->limit)
			return true;
		q->l->v[q->l->n++].room = c->room;
		memcpy(q->last.word, c->word, sizeof(q->last.word));
		q->last.id = c->room.id;
	}
	return false;
}

static int
find(struct search *q, struct group_pos *pos, struct err *err)
{
	struct group_pos at = *pos;
	int n;

	do {
		n = next_batch(q, &at, err);
		if (n == -1)
			return -1;
		if (take_batch(q)) {
			*pos = q->last;
			return 0;
		}
		if (n > 0) {
			memcpy(at.word, q->v[n - 1].word, sizeof(at.word));
			at.id = q->v[n - 1].room.id;
		}
	} while (n == BATCH);
	*pos = (struct group_pos){ 0 };
	return 0;
}

int
mg_groups_words(struct db *db, const struct id *user, const char *words,
    struct group_pos *pos, size_t limit, struct room_views *l_r,
    struct err *err)
{
	struct search q = { .m = (struct mg *)db, .limit = limit, .l = l_r };
	int rc;

	*l_r = (struct room_views){ 0 };
	if (words_read(&q.words, words, err) == -1)
		return -1;
	l_r->v = mem_calloc(limit > 0 ? limit : 1, sizeof(*l_r->v));
	q.v = mem_calloc(BATCH, sizeof(*q.v));
	rc = find(&q, pos, err);
	if (rc == 0)
		rc = mg_complete(q.m, user, l_r, true, err);
	free(q.v);
	if (rc == -1)
		room_views_free(l_r);
	return rc;
}
