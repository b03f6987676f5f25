/* bench/load_storm.c - devices that come back when their connection is cut, as
 * the browser's client does, and check what they are told. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bench/load.h"

#define NS_MS 1000000ull

/* As www/src/protocol/backoff.ts: from the first to a bound that doubles. */
enum { BACKOFF_FIRST_MS = 500, BACKOFF_MAX_MS = 30000 };
enum { PATIENCE_MS = 10000 }; /* from connecting to synced */

/* A timer wheel: who waits, by the slot of the time when that ends. It is
 * longer than any wait. */
enum { SLOT_MS = 10, SLOTS = 4096 };

LIST_HEAD(waiting, peer);

struct storm {
	struct waiting slots[SLOTS];
	uint64_t turned; /* the slot that was handled last, counted from 0 */
};

static uint64_t
slot_now(void)
{
	return load_now() / (SLOT_MS * NS_MS);
}

struct storm *
storm_new(void)
{
	struct storm *s;

	MEM_NEW(s);
	s->turned = slot_now();
	return s;
}

/* Not when others do. */
static unsigned
jitter_ms(unsigned attempts)
{
	unsigned doubled = BACKOFF_FIRST_MS
			   << (attempts < 6 ? attempts + 1 : 7);
	unsigned bound = doubled < BACKOFF_MAX_MS ? doubled : BACKOFF_MAX_MS;

	return BACKOFF_FIRST_MS +
	       (unsigned)(drand48() * (bound - BACKOFF_FIRST_MS));
}

static void
stop_waiting(struct peer *c)
{
	if (c->waits)
		LIST_REMOVE(c, link);
	c->waits = false;
}

static void
wait_for(struct worker *w, struct peer *c, unsigned ms)
{
	uint64_t slot = slot_now() + ms / SLOT_MS + 1;

	stop_waiting(c);
	LIST_INSERT_HEAD(&w->storm->slots[slot % SLOTS], c, link);
	c->waits = true;
}

void
storm_turn(struct worker *w)
{
	struct storm *s = w->storm;
	uint64_t now = slot_now();
	struct waiting *slot;
	struct peer *c;

	while (s->turned < now) {
		slot = &s->slots[++s->turned % SLOTS];
		while ((c = LIST_FIRST(slot)) != NULL) {
			stop_waiting(c);
			if (c->state == PEER_DEAD)
				peer_open(w, c);
			else
				peer_kill(w, c, END_LATE);
		}
	}
}

/* A connection ------------------------------------------------------------- */

void
storm_opened(struct worker *w, struct peer *c)
{
	wait_for(w, c, PATIENCE_MS);
}

void
storm_gone(struct worker *w, struct peer *c, bool was_ready)
{
	if (was_ready) {
		c->attempts = 0;
		c->lost = true;
	}
	wait_for(w, c, jitter_ms(c->attempts++));
}

void
storm_upgraded(struct worker *w, struct peer *c)
{
	struct buf *b = &w->text;

	buf_clear(b);
	if (c->seq == 0) {
		buf_adds(b, "{\"id\":1,\"op\":\"hello\"}");
	} else {
		load_expand(b,
		    "{\"id\":1,\"op\":\"hello\",\"rooms\":{\"{room}\":", w, c,
		    "");
		buf_addf(
		    b, "[%llu,\"%s\"]}}", (unsigned long long)c->seq, c->cid);
	}
	peer_text(w, c, b->data, b->len);
}

static void
synced(struct worker *w, struct peer *c, uint64_t now)
{
	if (c->state != PEER_GREETING)
		return;
	stop_waiting(c);
	c->state = PEER_READY;
	w->inflight--;
	if (c->lost)
		hist_add(&w->stats->back, now - w->shared->lost);
	c->lost = false;
	w->stats->last_ready = now;
	w->stats->ready++;
}

/* What is told ------------------------------------------------------------ */

static void
raise_head(struct worker *w, int room, uint64_t seq)
{
	volatile uint64_t *head = &w->shared->head[room];
	uint64_t old = *head;

	while (old < seq && !__atomic_compare_exchange_n(head, &old, seq, false,
				__ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
	}
}

static struct json_object *
member(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;

	json_object_object_get_ex(o, name, &v);
	return v;
}

/* "" when it is none. */
static const char *
text_of(struct json_object *o, const char *name)
{
	const char *s = json_object_get_string(member(o, name));

	return s != NULL ? s : "";
}

static uint64_t
number_of(struct json_object *o, const char *name)
{
	return json_object_get_uint64(member(o, name));
}

static bool
own_room(const struct worker *w, const struct peer *c, const char *room)
{
	const struct load_opts *o = w->o;

	return strcmp(room, o->people[c->index % o->npeople].room) == 0;
}

static void
take_event(struct worker *w, struct peer *c, struct json_object *o)
{
	uint64_t seq = number_of(o, "seq");

	if (!own_room(w, c, text_of(o, "room")))
		return;
	if (seq != c->seq + 1)
		w->stats->broken++;
	c->seq = seq;
	strncpy(c->cid, text_of(o, "cid"), sizeof(c->cid) - 1);
	w->stats->received++;
	raise_head(w, c->room, seq);
}

/* The first hello tells where the room stands. */
static void
take_rooms(struct worker *w, struct peer *c, struct json_object *rooms)
{
	struct json_object *room;

	for (size_t i = 0; c->seq == 0 && i < json_object_array_length(rooms);
	     i++) {
		room = json_object_array_get_idx(rooms, i);
		if (!own_room(w, c, text_of(room, "id")))
			continue;
		c->seq = number_of(room, "seq");
		strncpy(c->cid, text_of(room, "cid"), sizeof(c->cid) - 1);
		raise_head(w, c->room, c->seq);
	}
}

static void
take(struct worker *w, struct peer *c, struct json_object *o, uint64_t now)
{
	const char *sig = text_of(o, "sig");

	if (member(o, "error") != NULL) {
		if (c->state == PEER_GREETING)
			peer_kill(w, c, END_REFUSED);
		else
			w->stats->refused++;
	} else if (member(o, "ev") != NULL) {
		take_event(w, c, o);
	} else if (member(o, "rooms") != NULL) {
		take_rooms(w, c, member(o, "rooms"));
	} else if (member(o, "re") != NULL) {
		w->stats->acked++;
		raise_head(w, c->room, number_of(o, "seq"));
	} else if (strcmp(sig, "reset") == 0) {
		w->stats->broken++;
	} else if (strcmp(sig, "synced") == 0) {
		synced(w, c, now);
	}
}

void
storm_heard(
    struct worker *w, struct peer *c, const char *p, size_t n, uint64_t now)
{
	static struct json_tokener *t;
	struct json_object *o;

	if (t == NULL)
		t = json_tokener_new();
	json_tokener_reset(t);
	o = json_tokener_parse_ex(t, p, (int)n);
	if (o != NULL)
		take(w, c, o, now);
	else
		w->stats->broken++;
	json_object_put(o);
}

void
storm_count(struct worker *w)
{
	uint64_t n = 0;

	for (int i = 0; i < w->npeers; i++)
		n += w->peers[i].seq != w->shared->head[w->peers[i].room];
	w->stats->behind = n;
}
