/* t/unit/chat_hub_member.c - somebody is removed and added again, twice, and
 * hears what was said to members, each once, in whatever order the room's log,
 * the self room's, the store's answers and the timers come.
 *
 * The store, the timers and the connection are models here (--wrap), which a
 * seeded walk moves on in any order. */
#include <string.h>

#include "base/mem.h"
#include "bus/driver.h"
#include "chat/hub_event.h"
#include "chat/hub_private.h"
#include "chat/sync.h"
#include "store/append.h"
#include "t/lib/tap.h"

#define WALKS 2000
#define STEPS 120
#define SOME  64

static struct id room_id, user_id, other_id;

/* What is written one after the other: at is its seq in its log. */
static const struct written {
	enum event_kind kind;
	uint64_t seq, n;
} written[] = {
	{ EV_JOIN, 1, 0 },
	{ EV_ADDED, 1, 1 },
	{ EV_LEAVE, 2, 0 },
	{ EV_REMOVED, 2, 2 },
	{ EV_MESSAGE, 3, 0 },
	{ EV_JOIN, 4, 0 },
	{ EV_ADDED, 3, 4 },
	{ EV_MESSAGE, 5, 0 },
	{ EV_LEAVE, 6, 0 },
	{ EV_REMOVED, 4, 6 },
	{ EV_MESSAGE, 7, 0 },
	{ EV_JOIN, 8, 0 },
	{ EV_ADDED, 5, 8 },
	{ EV_MESSAGE, 9, 0 },
};
#define WRITTEN  (sizeof(written) / sizeof(written[0]))
#define BEGIN    2 /* the first two are there when the device comes */
#define LAST_SEQ 9

static size_t stored, rows; /* how many of them; rows: folded into the member */
static size_t next[2];      /* on the bus: rooms' and self rooms' apart */

/* --- the store --- */

struct job {
	store_work_cb *work;
	loop_cb *done;
	void *arg;
	bool read;
};

static struct job jobs[SOME];
static size_t njobs;
static size_t event_reads; /* of the room's events */

void __wrap_store_read(
    struct store *st, store_work_cb *work, loop_cb *done, void *arg);
int __wrap_db_heads(struct db *db, struct head *v, size_t n, struct err *err);
int __wrap_db_member_get(struct db *db, const struct id *room,
    const struct id *user, struct member *m_r, struct err *err);
int __wrap_db_events(struct db *db, const struct id *room, uint64_t from,
    uint64_t to, size_t max, size_t bytes, struct event_list *l_r,
    struct err *err);

void
__wrap_store_read(
    struct store *st, store_work_cb *work, loop_cb *done, void *arg)
{
	if (njobs == SOME)
		bail_out("too many reads");
	jobs[njobs++] = (struct job){ work, done, arg, false };
}

static uint64_t
head_seq(bool self)
{
	uint64_t seq = 0;

	for (size_t i = 0; i < stored; i++)
		if (event_kind_is_self(written[i].kind) == self)
			seq = written[i].seq;
	return seq;
}

int
__wrap_db_heads(struct db *db, struct head *v, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		v[i].seq = id_eq(&v[i].room, &other_id)
			       ? 0
			       : head_seq(!id_eq(&v[i].room, &room_id));
		v[i].members = 2;
	}
	/* Whoever reads a head raises the rows up to it. */
	rows = stored;
	return 0;
}

int
__wrap_db_member_get(struct db *db, const struct id *room,
    const struct id *user, struct member *m_r, struct err *err)
{
	*m_r = (struct member){ .room = *room, .user = *user };
	for (size_t i = 0; i < rows; i++) {
		if (written[i].kind == EV_JOIN) {
			m_r->role = ROLE_MEMBER;
			m_r->joined = written[i].seq;
		} else if (written[i].kind == EV_LEAVE) {
			m_r->role = ROLE_NONE;
		}
	}
	return m_r->role != ROLE_NONE;
}

static struct event
event_of(const struct written *w)
{
	bool self = event_kind_is_self(w->kind);
	struct event_subject s = { .user = user_id,
		.room = room_id,
		.seq = w->n,
		.role = ROLE_MEMBER };
	struct event ev = {
		.room = self ? user_id : room_id, .seq = w->seq, .kind = w->kind
	};
	struct buf body = { 0 };

	if (w->kind == EV_JOIN)
		event_body_join(&body, &s, "name", "name");
	else if (w->kind == EV_LEAVE)
		event_body_leave(&body, &s);
	else if (self)
		event_body_self(&body, w->kind, &s);
	else
		buf_adds(&body, "said");
	event_set_body(&ev, body.data, body.len);
	buf_free(&body);
	return ev;
}

int
__wrap_db_events(struct db *db, const struct id *room, uint64_t from,
    uint64_t to, size_t max, size_t bytes, struct event_list *l_r,
    struct err *err)
{
	bool self = !id_eq(room, &room_id);
	struct event ev;

	*l_r = (struct event_list){ 0 };
	event_reads += !self;
	for (size_t i = 0; i < stored && !id_eq(room, &other_id); i++) {
		if (event_kind_is_self(written[i].kind) != self ||
		    written[i].seq < from || written[i].seq > to)
			continue;
		ev = event_of(&written[i]);
		event_list_push(l_r, &ev);
	}
	return 0;
}

/* --- the loop --- */

struct loop_timer {
	loop_cb *cb;
	void *arg;
	bool again;
};

struct call {
	loop_cb *cb;
	void *arg;
};

static struct loop_timer *timers[SOME];
static struct call calls[SOME], turn_end;
static size_t ntimers, ncalls;
static uint64_t now = 1;

struct loop_timer *__wrap_loop_timer_new(
    struct loop *loop, uint32_t ms, bool again, loop_cb *cb, void *arg);
void __wrap_loop_timer_free(struct loop_timer **timer);
void __wrap_loop_defer(struct loop *loop, loop_cb *cb, void *arg);
void __wrap_loop_on_turn_end(
    struct loop *loop, int order, loop_cb *cb, void *arg);
void __wrap_loop_forget(struct loop *loop, loop_cb *cb, const void *arg);
uint64_t __wrap_clock_mono_ms(void);

struct loop_timer *
__wrap_loop_timer_new(
    struct loop *loop, uint32_t ms, bool again, loop_cb *cb, void *arg)
{
	struct loop_timer *t;

	if (ntimers == SOME)
		bail_out("too many timers");
	timers[ntimers++] = MEM_NEW(t);
	*t = (struct loop_timer){ cb, arg, again };
	return t;
}

void
__wrap_loop_timer_free(struct loop_timer **timer)
{
	for (size_t i = 0; *timer != NULL && i < ntimers; i++)
		if (timers[i] == *timer) {
			timers[i] = timers[--ntimers];
			break;
		}
	free(*timer);
	*timer = NULL;
}

void
__wrap_loop_defer(struct loop *loop, loop_cb *cb, void *arg)
{
	if (ncalls == SOME)
		bail_out("too many calls");
	calls[ncalls++] = (struct call){ cb, arg };
}

void
__wrap_loop_on_turn_end(struct loop *loop, int order, loop_cb *cb, void *arg)
{
	turn_end = (struct call){ cb, arg };
}

void
__wrap_loop_forget(struct loop *loop, loop_cb *cb, const void *arg)
{
}

uint64_t
__wrap_clock_mono_ms(void)
{
	return now;
}

static void
end_turn(void)
{
	struct call due[SOME];
	size_t n;

	turn_end.cb(turn_end.arg);
	n = ncalls;
	memcpy(due, calls, n * sizeof(due[0]));
	ncalls = 0;
	for (size_t i = 0; i < n; i++)
		due[i].cb(due[i].arg);
	turn_end.cb(turn_end.arg);
}

/* --- the device --- */

static struct chat chat;
static struct device dev;
static uint64_t heard[SOME];
static size_t nheard;

/* What a client makes of what it is told: the log that it believes to hear, and
 * those that are over and still to be heard to their ends. */
static struct {
	bool open;
	uint64_t last, highest;
	struct {
		uint64_t last, end;
	} over[SOME];
	size_t nover;
	unsigned odd;
} client;

void __wrap_wsconn_share(struct wsconn *w, struct chunk *frames);
void __wrap_wsconn_text(struct wsconn *w, const void *p, size_t len);
size_t __wrap_wsconn_queued(const struct wsconn *w);
void __wrap_presence_came(struct presence *p, struct hub_user *u);
void __wrap_presence_went(struct presence *p, struct hub_user *u);

static void
client_hears(uint64_t seq, bool join, bool leave)
{
	for (size_t i = 0; i < client.nover; i++) {
		if (seq > client.over[i].end)
			continue;
		client.odd += seq != ++client.over[i].last;
		return;
	}
	if (!client.open && join) {
		client.open = true;
		client.last = seq - 1;
	}
	client.odd += !client.open || seq != client.last + 1;
	client.last = seq;
	client.open = client.open && !leave;
}

/* n: the event of the room that the entry tells of. */
static void
client_told(uint64_t n, bool added)
{
	if (added && !client.open && n > client.highest) {
		client.open = true;
		client.last = n - 1;
	} else if (!added && client.open && client.last < n) {
		client.open = false;
		client.over[client.nover].last = client.last;
		client.over[client.nover++].end = n;
	}
}

static void
hear(const char *text)
{
	const char *seq = strstr(text, "\"seq\":");
	const char *body = strstr(text, "\"body\":");
	bool added = strstr(text, "\"ev\":\"added\"") != NULL;

	if (seq == NULL || body == NULL)
		return;
	if (added || strstr(text, "\"ev\":\"removed\"") != NULL) {
		body = strstr(body, "\"seq\":");
		client_told(strtoull(body + 6, NULL, 10), added);
		return;
	}
	if (nheard == SOME)
		bail_out("too much was heard");
	heard[nheard++] = strtoull(seq + 6, NULL, 10);
	if (heard[nheard - 1] > client.highest)
		client.highest = heard[nheard - 1];
	client_hears(heard[nheard - 1], strstr(text, "\"join\"") != NULL,
	    strstr(text, "\"leave\"") != NULL);
}

/* A crowd that comes back: what each of them heard last. */
#define CROWD 20
static struct device crowd[CROWD];
static uint64_t crowd_last[CROWD];
static unsigned crowd_odd;

static bool
crowd_hears(const struct wsconn *w, const char *text)
{
	const char *seq = strstr(text, "\"seq\":");

	for (size_t i = 0; i < CROWD; i++)
		if (w == &crowd[i].ws) {
			if (seq != NULL)
				crowd_odd += strtoull(seq + 6, NULL, 10) !=
					     ++crowd_last[i];
			return true;
		}
	return false;
}

void
__wrap_wsconn_share(struct wsconn *w, struct chunk *frames)
{
	size_t at = 0, head, len;
	char text[1024];

	while (at < frames->len) {
		head = frames->data[at + 1] == 126 ? 4 : 2;
		len = head == 4 ? get_be16(frames->data + at + 2)
				: frames->data[at + 1];
		snprintf(text, sizeof(text), "%.*s", (int)len,
		    (const char *)frames->data + at + head);
		if (!crowd_hears(w, text))
			hear(text);
		at += head + len;
	}
}

void
__wrap_wsconn_text(struct wsconn *w, const void *p, size_t len)
{
}

size_t
__wrap_wsconn_queued(const struct wsconn *w)
{
	return 0;
}

void
__wrap_presence_came(struct presence *p, struct hub_user *u)
{
}

void
__wrap_presence_went(struct presence *p, struct hub_user *u)
{
}

/* --- the bus: what the test hands in --- */

static void
nothing_published(struct bus *b, const struct bus_msg *m)
{
}

static const struct bus_driver silent = { .publish = nothing_published };
static const struct bus_ops deaf = { 0 };
static struct bus bus = { .driver = &silent, .ops = &deaf };

static void
arrive(const struct written *w)
{
	struct event ev = event_of(w);
	struct buf json = { 0 }, data = { 0 };
	struct bus_msg m = { .type = BUS_EVENT, .topic = ev.room, .n = ev.seq };
	struct hub_event e;

	hub_event_of(&e, &ev, &json);
	hub_event_pack(&data, &e);
	m.data = data.data;
	m.len = data.len;
	hub_on_event(chat.hub, &m);
	buf_free(&json);
	buf_free(&data);
	event_free_body(&ev);
}

/* --- another device of the same person --- */

/* What its hello reads, and what the hub makes of it; the device itself is gone
 * again by then. */
struct greeting {
	uint32_t ended;
	uint64_t self;
	struct head head;
	struct member m;
	bool member;
};

static void
greet_work(struct db *db, void *arg)
{
	struct greeting *g = arg;

	g->self = head_seq(true);
	g->head = (struct head){ .room = room_id };
	__wrap_db_heads(db, &g->head, 1, NULL);
	g->member =
	    __wrap_db_member_get(db, &room_id, &user_id, &g->m, NULL) == 1;
	g->head.joined = g->m.joined;
}

static void
greet_done(void *arg)
{
	struct greeting *g = arg;
	struct hub_user *u = hub_user_find(chat.hub, &user_id);
	struct head_list rooms = { .v = &g->head, .n = g->member };

	if (u != NULL)
		hub_know_user(chat.hub, u, g->ended, g->self, &rooms);
	free(g);
}

static void
greet(void)
{
	struct greeting *g;

	MEM_NEW(g);
	g->ended = hub_user_find(chat.hub, &user_id)->ended;
	__wrap_store_read(NULL, greet_work, greet_done, g);
}

/* --- the walk --- */

static uint64_t seed;

static unsigned
pick(unsigned n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % n;
}

/* The next event of the one or the other log comes by the bus, or is lost. */
static void
bus_step(bool self, bool lost)
{
	size_t i = next[self];

	while (i < stored && event_kind_is_self(written[i].kind) != self)
		i++;
	if (i < stored && !lost)
		arrive(&written[i]);
	next[self] = i < stored ? i + 1 : i;
}

/* Reads see what is stored when they run, and are answered in any order. */
static void
job_step(size_t i)
{
	struct job job = jobs[i];

	if (!job.read) {
		job.work(NULL, job.arg);
		jobs[i].read = true;
		return;
	}
	memmove(&jobs[i], &jobs[i + 1], (--njobs - i) * sizeof(jobs[0]));
	job.done(job.arg);
}

static void
timer_step(size_t i)
{
	now += 1000;
	timers[i]->cb(timers[i]->arg);
}

static void
step(bool lossy, bool greeted)
{
	unsigned what = pick(greeted ? 9 : 8);

	if (what == 0 && stored < WRITTEN)
		stored++;
	else if (what == 1 && rows < stored)
		rows++;
	else if (what == 2 || what == 3)
		bus_step(what == 2, lossy && pick(3) == 0);
	else if (what <= 5 && njobs > 0)
		job_step(pick((unsigned)njobs));
	else if (what == 6 && ntimers > 0)
		timer_step(pick((unsigned)ntimers));
	else if (what == 7)
		end_turn();
	else if (what == 8 && njobs < SOME / 2)
		greet();
}

/* All is stored, and everything under way comes to its end. */
static void
settle(void)
{
	stored = rows = WRITTEN;
	hub_resync(chat.hub);
	for (unsigned i = 0; i < 40; i++) {
		end_turn();
		while (njobs > 0)
			job_step(0);
		for (size_t k = ntimers; k > 0; k--)
			if (k <= ntimers)
				timer_step(k - 1);
	}
	end_turn();
}

static void
come(const struct id *who, uint64_t self_seq)
{
	struct head head = { .room = room_id, .seq = 1, .members = 2 };
	struct head_list rooms = { .v = &head, .n = 1 };

	struct hub_user *u = hub_user_open(chat.hub, who);

	if (!hub_know_user(chat.hub, u, u->ended, self_seq, &rooms))
		bail_out("overtaken");
}

static void
begin(bool company)
{
	stored = rows = next[0] = next[1] = BEGIN;
	nheard = 0;
	memset(&client, 0, sizeof(client));
	client.open = true;
	client.last = 1;
	chat.hub = hub_new(&chat);
	if (company)
		come(&other_id, 0);
	come(&user_id, 1);
	dev = (struct device){
		.chat = &chat, .id = user_id, .refs = 1, .flags = DEVICE_READY
	};
	hub_add_device(chat.hub, hub_user_find(chat.hub, &user_id), &dev);
}

static void
end(void)
{
	hub_remove_device(chat.hub, &dev);
	for (end_turn(); njobs > 0; end_turn())
		job_step(0);
	hub_free(&chat.hub);
}

/* The first membership ends with its leave, the last one is heard whole; the
 * one between whole or, if it was over before anybody here knew, not at all.
 * Whatever was told, a client could follow. */
static bool
as_promised(void)
{
	static const uint64_t all[] = { 2, 4, 5, 6, 8, 9 }, few[] = { 2, 8, 9 };

	if (client.odd > 0)
		return false;
	return (nheard == 6 && memcmp(heard, all, sizeof(all)) == 0) ||
	       (nheard == 3 && memcmp(heard, few, sizeof(few)) == 0);
}

static void
test_walks(bool company, bool lossy, bool greeted)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < WALKS; i++) {
		seed = i;
		begin(company);
		for (unsigned k = 0; k < STEPS; k++)
			step(lossy, greeted);
		settle();
		if (!as_promised() && wrong++ < 3) {
			diag("walk %u", i);
			for (size_t k = 0; k < nheard; k++)
				diag(
				    "heard %llu", (unsigned long long)heard[k]);
			diag("odd: %u", client.odd);
		}
		end();
	}
	is_int(wrong, 0, "%s, %s%s: a member again hears the room, each once",
	    company ? "others here" : "alone here",
	    lossy ? "with loss" : "without loss",
	    greeted ? ", with more devices" : "");
}

/* A log is closed and opened again while a read of it is under way: the old
 * answer, which has nothing, must not make the new one count for nothing. */
static void
test_old_answer(void)
{
	struct hub_room *room;

	stored = rows = BEGIN;
	chat.hub = hub_new(&chat);
	come(&other_id, 0);
	room = hub_room_find(chat.hub, &room_id);
	hub_log_gap(chat.hub, &room->log, 2);
	timer_step(ntimers - 1);
	job_step(0); /* reads; jobs[0] is the old one */
	hub_user_unused(chat.hub, hub_user_find(chat.hub, &other_id));
	end_turn();
	ok(hub_room_find(chat.hub, &room_id) == NULL, "a log is closed");
	come(&other_id, 0);
	room = hub_room_find(chat.hub, &room_id);
	stored = rows = 5;
	hub_log_gap(chat.hub, &room->log, 3);
	timer_step(ntimers - 1);
	job_step(njobs - 1);
	job_step(0);
	is_int(room->log.seq, 1, "opened again, it gets the old answer first");
	job_step(njobs - 1);
	is_int(room->log.seq, 3, "and takes the new one");
	hub_user_unused(chat.hub, hub_user_find(chat.hub, &other_id));
	for (end_turn(); njobs > 0; end_turn())
		job_step(0);
	hub_free(&chat.hub);
}

/* Many devices that missed about the same: it is read once for all of them, and
 * what is said meanwhile comes behind it. */
static void
test_crowd(void)
{
	struct head head = { .room = room_id, .members = 2, .joined = 1 };
	struct head_list rooms = { .v = &head, .n = 1 };
	struct hub_user *u;
	struct hub_room *room;

	stored = rows = WRITTEN - 1;
	head.seq = head_seq(false);
	event_reads = 0;
	chat.hub = hub_new(&chat);
	u = hub_user_open(chat.hub, &other_id);
	hub_know_user(chat.hub, u, u->ended, 0, &rooms);
	room = hub_room_find(chat.hub, &room_id);
	for (size_t i = 0; i < CROWD; i++) {
		crowd_last[i] = 1 + i % 3;
		crowd[i] =
		    (struct device){ .chat = &chat, .id = other_id, .refs = 1 };
		sync_add(&crowd[i], &room->log, crowd_last[i] + 1);
		hub_add_device(chat.hub, u, &crowd[i]);
		crowd[i].flags = DEVICE_READY;
		sync_start(&crowd[i]);
	}
	stored = WRITTEN;
	arrive(&written[WRITTEN - 1]);
	for (end_turn(); njobs > 0; end_turn())
		job_step(0);
	for (size_t i = 0; i < CROWD; i++)
		crowd_odd += crowd_last[i] != LAST_SEQ || crowd[i].sync != NULL;
	is_int(crowd_odd, 0, "%d devices hear all, in order", CROWD);
	is_int(event_reads, 1, "which was read once");
	for (size_t i = 0; i < CROWD; i++)
		hub_remove_device(chat.hub, &crowd[i]);
	for (end_turn(); njobs > 0; end_turn())
		job_step(0);
	hub_free(&chat.hub);
}

int
main(void)
{
	static _Atomic uint64_t counter;

	room_id = id_new();
	user_id = id_new();
	other_id = id_new();
	chat.bus = &bus;
	chat.c.counters = (struct chat_counters){ &counter, &counter, &counter,
		&counter, &counter };
	for (unsigned how = 0; how < 8; how++)
		test_walks(how & 1, how & 2, how & 4);
	test_old_answer();
	test_crowd();
	return done_testing();
}
