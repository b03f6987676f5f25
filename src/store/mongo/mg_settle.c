/* store/mongo/mg_settle.c - rows are made what is known from the logs. A row
 * says up to which event it is folded and is only moved forward, so that it
 * does not matter who does it, how often, and in what order. */

#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "model/text.h"
#include "store/mongo/mg_known.h"

/* Entries of self rooms that follow from events of other writers. */
static int
write_follow(struct mg *m, struct known *k, struct err *err)
{
	struct event_list l = k->follow;
	int rc;

	if (l.n == 0)
		return 0;
	k->follow = (struct event_list){ 0 };
	rc = mg_put_entries(m, l.v, l.n, err);
	event_list_free(&l);
	return rc;
}

/* A row whose field as_of ("$name") is less than seq becomes these documents
 * (an array) laid over each other; one that is further stays. The condition is
 * in the update, so that the row is asked for by its key alone. */
static bson_t *
move_forward(const char *as_of, uint64_t seq, bson_t *layers)
{
	return mg_doc("0:{$replaceWith:{$cond:[ {$lt:[ s u ]} "
		      "{$mergeObjects:a} s ]}}",
	    as_of, seq, layers, "$$ROOT");
}

/* The row with these fields set. */
static bson_t *
row_with(bson_t *set)
{
	return mg_doc("0:s 1:{$literal:d}", "$$ROOT", set);
}

/* Members ------------------------------------------------------------------ */

/* Also of a place that is written with its cursor: when another wrote the place
 * meanwhile, that does nothing. */
static void
cursor_row(struct mg *m, mongoc_bulk_operation_t *b, const struct member *v)
{
	mg_bulk_update(b, mg_member_query(m, &v->room, &v->user),
	    mg_doc("$max:{read_seq:u read_no:u}", v->read_seq, v->read_no), 0);
}

static void
member_row(struct mg *m, mongoc_bulk_operation_t *b, struct known_member *w)
{
	const struct member *v = &w->m;
	bson_t *set, *layers;

	if (w->cursor)
		cursor_row(m, b, v);
	if (!w->placed)
		return;
	set = mg_doc("room:b user:b role:i joined:u as_of:u", &v->room,
	    &v->user, (int)v->role, v->joined, w->as_of);
	if (w->fresh) {
		bson_append_int64(set, "muted", -1, 0);
		bson_append_int64(set, "archived", -1, 0);
	}
	layers = mg_doc("0:{$literal:{wish_of:u}} 1:s 2:{$literal:d} "
			"3:{read_seq:{$max:[ s u ]} read_no:{$max:[ s u ]}}",
	    (uint64_t)0, "$$ROOT", set, "$read_seq", v->read_seq, "$read_no",
	    v->read_no);
	mg_bulk_update(b, mg_member_query(m, &v->room, &v->user),
	    move_forward("$as_of", w->as_of, layers), MG_UPSERT);
}

static void
wish_row(struct mg *m, mongoc_bulk_operation_t *b, const struct wish *w)
{
	bson_t *set;

	if (w->kind == EV_READ) {
		mg_bulk_update(b, mg_member_query(m, &w->room, &w->user),
		    mg_doc(
			"$max:{read_seq:u read_no:u}", w->read_seq, w->read_no),
		    0);
		return;
	}
	set = mg_doc("archived:u wish_of:u", w->archived, w->seq);
	if (w->kind != EV_ARCHIVE)
		bson_append_int64(set, "muted", -1,
		    w->kind == EV_MUTE ? (int64_t)w->muted : 0);
	mg_bulk_update(b, mg_member_query(m, &w->room, &w->user),
	    move_forward("$wish_of", w->seq, row_with(set)), 0);
}

/* What of k's members the rows lack, into b. True: of roles, which must not be
 * lost before the room's row says that they are there. */
static bool
member_rows(
    struct mg *m, struct known *k, mongoc_bulk_operation_t *b, size_t *n)
{
	struct known_member *w;
	bool firm = false;

	for (size_t i = 0; (w = map_next(&k->members, &i)) != NULL;) {
		if (!w->cursor && !w->placed)
			continue;
		firm = firm || w->placed;
		if (b != NULL)
			member_row(m, b, w);
		(*n)++;
	}
	for (size_t i = 0; i < k->nwishes; i++, (*n)++) {
		firm = firm || k->wishes[i].kind != EV_READ;
		if (b != NULL)
			wish_row(m, b, &k->wishes[i]);
	}
	return firm;
}

static bool
is_behind(const struct known *k)
{
	return k->there && (k->row < k->room.seq || k->missing);
}

static int
settle_members(struct mg *m, struct err *err)
{
	mongoc_bulk_operation_t *b;
	bool firm = false;
	struct known *k;
	size_t n = 0;

	for (k = mg_cache_first(m->cache); k != NULL; k = TAILQ_NEXT(k, link))
		if (is_behind(k) && member_rows(m, k, NULL, &n))
			firm = true;
	if (n == 0)
		return 0;
	b = mg_bulk(m, C_MEMBERS, firm ? MG_FIRM : MG_SOON);
	for (k = mg_cache_first(m->cache); k != NULL; k = TAILQ_NEXT(k, link))
		if (is_behind(k))
			member_rows(m, k, b, &n);
	return mg_bulk_run(m, b, err);
}

/* Rooms -------------------------------------------------------------------- */

static bson_t *
words_of(const char *label)
{
	bson_t *words = bson_new();
	struct buf folded = { 0 };
	const char *s, *word, *key;
	uint32_t n = 0;
	char index[16];
	size_t len;

	text_fold(&folded, label);
	for (s = buf_cstr(&folded); text_word(&s, &word, &len); n++) {
		bson_uint32_to_string(n, &key, index, sizeof(index));
		bson_append_utf8(words, key, -1, word, (int)len);
	}
	buf_free(&folded);
	return words;
}

/* So that a public group is found by its words: their key is "word/room". What
 * is there too much is not found to be true by who searches. */
static int
settle_words(struct mg *m, const struct known *k, struct err *err)
{
	bson_t *words = words_of(k->room.label);
	mongoc_bulk_operation_t *b = mg_bulk(m, C_WORDS, MG_SOON);
	char key[ROOM_LABEL_MAX * 4 + ID_HEX + 2], hex[ID_HEX];
	bson_iter_t it;
	size_t n = 0;
	int rc = 0;

	id_hex(&k->room.id, hex);
	for (bson_iter_init(&it, words); bson_iter_next(&it); n++) {
		snprintf(
		    key, sizeof(key), "%s/%s", bson_iter_utf8(&it, NULL), hex);
		mg_bulk_update(b, mg_doc("_id:s", key),
		    mg_doc("$set:{room:b}", &k->room.id), MG_UPSERT);
	}
	if (n > 0)
		rc = mg_bulk_run(m, b, err);
	else
		mongoc_bulk_operation_destroy(b);
	bson_destroy(words);
	return rc;
}

static bson_t *
room_set(const struct known *k)
{
	const struct room *r = &k->room;
	bson_t *set = mg_doc("members:u seq:u no:u at:u cid:c last_message:u",
	    (uint64_t)r->members, r->seq, r->no, r->at, &r->cid,
	    r->last_message);
	struct buf folded = { 0 };
	bson_t *words;

	if (!k->described && !k->missing)
		return set;
	text_fold(&folded, r->label);
	words = words_of(r->label);
	BSON_APPEND_INT32(set, "kind", (int)r->kind);
	BSON_APPEND_UTF8(set, "label", r->label);
	BSON_APPEND_UTF8(set, "folded", buf_cstr(&folded));
	BSON_APPEND_UTF8(set, "topic", r->topic);
	BSON_APPEND_ARRAY(set, "words", words);
	bson_destroy(words);
	buf_free(&folded);
	return set;
}

static void
room_row(mongoc_bulk_operation_t *b, const struct known *k)
{
	const struct room *r = &k->room;

	/* A self room without entries is at 0: there is nothing below. */
	if (k->missing && r->seq == 0)
		mg_bulk_update(b, mg_doc("_id:b", &r->id),
		    mg_doc("$setOnInsert:d", room_set(k)), MG_UPSERT);
	else
		mg_bulk_update(b, mg_doc("_id:b", &r->id),
		    move_forward("$seq", r->seq, row_with(room_set(k))),
		    k->missing ? MG_UPSERT : 0);
}

static void
settled(struct known *k)
{
	struct known_member *w;

	for (size_t i = 0; (w = map_next(&k->members, &i)) != NULL;)
		w->cursor = w->placed = w->fresh = false;
	free(k->wishes);
	k->wishes = NULL;
	k->nwishes = 0;
	k->row = k->room.seq;
	k->missing = k->described = false;
}

static int
settle_rooms(struct mg *m, struct err *err)
{
	mongoc_bulk_operation_t *b = NULL;
	bool firm = false;
	struct known *k;

	for (k = mg_cache_first(m->cache); k != NULL; k = TAILQ_NEXT(k, link))
		if (is_behind(k)) {
			firm = firm || k->missing || k->described;
			b = b == NULL ? mg_bulk(m, C_ROOMS, MG_SOON) : b;
		}
	if (b == NULL)
		return 0;
	mongoc_bulk_operation_destroy(b);
	b = mg_bulk(m, C_ROOMS, firm ? MG_FIRM : MG_SOON);
	for (k = mg_cache_first(m->cache); k != NULL; k = TAILQ_NEXT(k, link))
		if (is_behind(k))
			room_row(b, k);
	if (mg_bulk_run(m, b, err) == -1)
		return -1;
	for (k = mg_cache_first(m->cache); k != NULL; k = TAILQ_NEXT(k, link))
		if (is_behind(k))
			settled(k);
	return 0;
}

/* The first room that lacks this, for loops that may find the cache empty after
 * an error. */
static struct known *
next_follow(struct mg *m)
{
	struct known *k;

	for (k = mg_cache_first(m->cache); k != NULL; k = TAILQ_NEXT(k, link))
		if (k->follow.n > 0)
			return k;
	return NULL;
}

static int
settle_described(struct mg *m, struct err *err)
{
	struct known *k;

	for (k = mg_cache_first(m->cache); k != NULL; k = TAILQ_NEXT(k, link))
		if (is_behind(k) && k->room.kind == ROOM_PUBLIC &&
		    (k->described || k->missing) &&
		    settle_words(m, k, err) == -1)
			return -1;
	return 0;
}

int
mg_settle(struct mg *m, struct err *err)
{
	struct known *k;

	while ((k = next_follow(m)) != NULL)
		if (write_follow(m, k, err) == -1)
			return -1;
	FAILPOINT("mongo.before_rows");
	if (FAILPOINT_FAILS("mongo.rows"))
		return err_set(err, ERR_BUSY, "The rows cannot be written.");
	if (settle_members(m, err) == -1)
		return -1;
	FAILPOINT("mongo.between_rows");
	if (settle_described(m, err) == -1)
		return -1;
	return settle_rooms(m, err);
}

int
mg_put_room(struct mg *m, const struct room *r, struct err *err)
{
	struct known k = { .room = *r, .there = true, .missing = true };

	if (r->kind == ROOM_PUBLIC && settle_words(m, &k, err) == -1)
		return -1;
	return mg_update(m, C_ROOMS, mg_doc("_id:b", &r->id),
		   mg_doc("$set:d", room_set(&k)), MG_UPSERT, err) == -1
		   ? -1
		   : 0;
}
