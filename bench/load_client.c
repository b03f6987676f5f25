/* bench/load_client.c - what a client says and hears: it greets, posts, and
 * takes the time of what arrives. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "bench/load.h"

/* Each message's text begins with this, when it was due and who sent it. */
#define MARK     "~t"
#define MARK_FMT MARK "%016llx%06x"
enum { MARK_LEN = 2 + 16 + 6 };

static bool
has(const char *p, size_t n, const char *what)
{
	return what != NULL && memmem(p, n, what, strlen(what)) != NULL;
}

/* The next steps up to one that waits for something. */
static void
greet(struct worker *w, struct peer *c)
{
	const struct load_step *step;

	for (;; c->step++) {
		step = &w->o->profile->init[c->step];
		if (step->send == NULL && step->expect == NULL)
			break;
		if (step->send != NULL) {
			buf_clear(&w->text);
			load_expand(&w->text, step->send, w, c, "");
			peer_text(w, c, w->text.data, w->text.len);
		}
		if (step->expect != NULL)
			return;
	}
	if (c->state == PEER_DEAD)
		return;
	c->state = PEER_READY;
	w->inflight--;
	w->stats->ready++;
	w->stats->last_ready = load_now();
}

void
client_upgraded(struct worker *w, struct peer *c)
{
	c->state = PEER_GREETING;
	c->step = 0;
	if (w->storm != NULL)
		storm_upgraded(w, c);
	else
		greet(w, c);
}

static void
greeted(struct worker *w, struct peer *c, const char *p, size_t n)
{
	if (has(p, n, w->o->profile->error)) {
		fprintf(stderr, "chatload: %.*s\n", n > 300 ? 300 : (int)n, p);
		peer_kill(w, c, END_REFUSED);
	} else if (has(p, n, w->o->profile->init[c->step].expect)) {
		c->step++;
		greet(w, c);
	}
}

static int
members(const struct load_opts *o, int room)
{
	return o->clients / o->rooms + (room < o->clients % o->rooms);
}

void
client_post(struct worker *w, struct peer *c, uint64_t due)
{
	const struct load_opts *o = w->o;
	char msg[8192];
	int n;

	if (c->state != PEER_READY)
		return;
	n = snprintf(msg, sizeof(msg), MARK_FMT, (unsigned long long)due,
	    (unsigned)c->index);
	for (; n < o->size && n < (int)sizeof(msg) - 1; n++)
		msg[n] = 'x';
	msg[n] = '\0';
	w->seq++;
	if (c->due == NULL)
		c->due = mem_calloc(DUE_MAX, sizeof(*c->due));
	if (c->due_n < DUE_MAX)
		c->due[(c->due_first + c->due_n++) % DUE_MAX] = due;
	w->stats->sent++;
	w->stats->expected += (uint64_t)members(o, c->room);
	buf_clear(&w->text);
	load_expand(&w->text, o->profile->post, w, c, msg);
	peer_text(w, c, w->text.data, w->text.len);
}

/* The oldest message is answered; in a closed loop the next one follows. */
static void
acked(struct worker *w, struct peer *c, uint64_t now)
{
	uint64_t due;

	if (c->due_n == 0)
		return;
	due = c->due[c->due_first];
	c->due_first = (c->due_first + 1) % DUE_MAX;
	c->due_n--;
	w->stats->acked++;
	hist_add(&w->stats->ack, now > due ? now - due : 0);
	if (w->shared->phase == LOAD_SEND && w->shared->window > 0)
		client_post(w, c, now);
}

static uint64_t
read_hex(const char *p, int n)
{
	uint64_t v = 0;

	for (int i = 0; i < n; i++)
		v = v << 4 | (uint64_t)(p[i] <= '9' ? p[i] - '0'
						    : (p[i] | 32) - 'a' + 10);
	return v;
}

static void
delivered(struct worker *w, struct peer *c, const char *mark, uint64_t now)
{
	uint64_t due = read_hex(mark + 2, 16), took = now > due ? now - due : 0;

	if (due < w->shared->began)
		return; /* of an earlier stage */
	w->stats->received++;
	hist_add(&w->stats->delivery, took);
	if (took > w->stats->slowest)
		w->stats->slowest = took;
	if (w->o->profile->ack == NULL &&
	    (int)read_hex(mark + 18, 6) == c->index)
		acked(w, c, now);
}

/* Some servers put several answers into one frame. */
static void
answered(
    struct worker *w, struct peer *c, const char *p, size_t n, uint64_t now)
{
	const char *ack = w->o->profile->ack, *end = p + n;

	if (has(p, n, w->o->profile->error)) {
		if (w->stats->refused++ == 0)
			fprintf(stderr, "chatload: refused: %.*s\n",
			    n > 300 ? 300 : (int)n, p);
		return;
	}
	while ((p = memmem(p, (size_t)(end - p), ack, strlen(ack))) != NULL) {
		p += strlen(ack);
		acked(w, c, now);
	}
}

void
client_heard(
    struct worker *w, struct peer *c, const char *p, size_t n, uint64_t now)
{
	const char *end = p + n, *at = p;

	if (w->storm != NULL) {
		storm_heard(w, c, p, n, now);
		return;
	}
	if (c->state == PEER_GREETING) {
		greeted(w, c, p, n);
		return;
	}
	if (w->o->profile->pings && n == 2 && p[0] == '{') {
		peer_text(w, c, "{}", 2);
		return;
	}
	while ((at = memmem(at, (size_t)(end - at), MARK, 2)) != NULL &&
	       end - at >= MARK_LEN) {
		delivered(w, c, at, now);
		at += MARK_LEN;
	}
	if (c->due_n > 0 && w->o->profile->ack != NULL)
		answered(w, c, p, n, now);
}
