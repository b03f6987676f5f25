/* chat/cmd_history.c - a page of a room's log. */

#include <stdlib.h>

#include "base/mem.h"
#include "chat/commands.h"
#include "chat/page.h"
#include "chat/span.h"
#include "chat/view.h"

struct history {
	struct id room;
	enum span_mode mode;
	uint64_t n;
	size_t limit;
	size_t max; /* bytes of the answer, about */
};

/* Those who sent the events and those the events are about. */
struct people {
	struct id *ids;
	size_t n;
};

static int
read_mode(const struct json *args, struct history *h, struct err *err)
{
	static const struct {
		const char *key;
		enum span_mode mode;
	} modes[] = { { "before", SPAN_BEFORE }, { "after", SPAN_AFTER },
		{ "around", SPAN_AROUND } };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		uint64_t n;
		int found = json_get_u64(args, modes[i].key, &n, err);

		if (found == -1)
			return -1;
		if (found == 0)
			continue;
		if (h->mode != SPAN_NEWEST)
			return err_set(err, ERR_BAD_REQUEST,
			    "before, after, around: only one of them");
		h->mode = modes[i].mode;
		h->n = n;
	}
	return 0;
}

static void
add_person(struct people *p, const struct id *id)
{
	if (!id_is_zero(id))
		p->ids[p->n++] = *id;
}

static int
compare(const void *a, const void *b)
{
	return id_cmp(a, b);
}

static void
sort_people(struct people *p)
{
	size_t n = 0;

	if (p->n > 1)
		qsort(p->ids, p->n, sizeof(*p->ids), compare);
	for (size_t i = 0; i < p->n; i++)
		if (n == 0 || !id_eq(&p->ids[i], &p->ids[n - 1]))
			p->ids[n++] = p->ids[i];
	p->n = n;
}

static void
collect_people(struct people *p, const struct event *v, size_t n)
{
	struct event_subject s;

	p->ids = mem_calloc(3 * n + 1, sizeof(*p->ids));
	for (size_t i = 0; i < n; i++) {
		add_person(p, &v[i].from);
		if (v[i].kind == EV_MESSAGE ||
		    event_subject(&v[i], &s, NULL) == -1)
			continue;
		add_person(p, &s.user);
		add_person(p, &s.heir);
	}
	sort_people(p);
}

static int
add_users(struct db *db, struct request *req, const struct event *v, size_t n)
{
	struct user_list l = { 0 };
	struct people p = { 0 };
	int rc = 0;

	collect_people(&p, v, n);
	if (p.n > 0)
		rc = db_users_get(db, p.ids, p.n, &l, &req->err);
	if (rc == 0)
		view_users_json(&req->out, &l);
	user_list_free(&l);
	free(p.ids);
	return rc;
}

static void
events_json(struct buf *out, const struct event *v, size_t n)
{
	json_key(out, "events");
	json_open(out, '[');
	for (size_t i = 0; i < n; i++)
		event_json(out, &v[i]);
	json_close(out, ']');
}

static void
read_page(
    struct db *db, struct request *req, const struct history *h, uint64_t head)
{
	struct span span = span_of(h->mode, h->n, h->limit, head);
	struct event_list l = { 0 };
	struct span_fit fit;
	const struct event *v = NULL;
	size_t n = 0;

	if (span.from <= span.to && db_events(db, &h->room, span.from, span.to,
					h->limit, 0, &l, &req->err) == -1)
		return;
	fit = span_fit(&l, h->mode, h->n, h->max);
	if (l.n > 0) {
		v = &l.v[fit.first];
		n = fit.count;
		span = (struct span){ v[0].seq, v[n - 1].seq };
	}
	events_json(&req->out, v, n);
	json_kbool(&req->out, "first", span.from <= 1);
	json_kbool(&req->out, "last", span.to >= head);
	add_users(db, req, v, n);
	event_list_free(&l);
}

static void
history_work(struct db *db, struct request *req)
{
	const struct history *h = req->data;
	struct room room;
	struct member me;

	if (view_may_read(db, &h->room, &req->user, &room, &me, &req->err) == 0)
		read_page(db, req, h, room.seq);
}

static int
history_read(struct request *req, struct history *h)
{
	if (json_need_id(req->args, "room", &h->room, &req->err) == -1 ||
	    page_limit(req->args, &h->limit, &req->err) == -1)
		return -1;
	return read_mode(req->args, h, &req->err);
}

/* A page must fit into the queue of a device, and leave room for others. */
static void
history_run(struct request *req)
{
	struct history *h;

	MEM_NEW(h);
	req->data = h;
	h->max = req->chat->conf->limit_queue / 2;
	if (history_read(req, h) == -1)
		request_reply(req);
	else
		request_read(req, history_work, NULL);
}

const struct chat_cmd cmd_history = { .name = "history", .run = history_run };
