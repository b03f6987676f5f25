/* store/mongo/mg_since.c - what happened since a change was decided on. */

#include "store/asked.h"
#include "store/mongo/mg_known.h"

struct since {
	const struct change *c;
	struct err *err;
	bool moved;
};

static void
take_event(const bson_t *doc, void *arg)
{
	struct since *s = arg;
	struct event ev;

	if (s->moved)
		return;
	mg_get_event(doc, &ev);
	s->moved = append_unmoved(s->c->a, &s->c->s, &ev, s->err) == -1;
	event_free_body(&ev);
}

int
mg_check_since(struct mg *m, const struct change *c, const struct known *k,
    struct err *err)
{
	struct since s = { .c = c, .err = err };
	int rc = append_since(c->a, k->room.seq, err);

	if (rc != 1)
		return rc;
	if (mg_find(m, C_EVENTS,
		mg_doc("room:b seq:{$gt:u $lte:u} kind:{$ne:i}", &k->room.id,
		    c->a->known, k->room.seq, (int)EV_MESSAGE),
		NULL, take_event, &s, err) == -1)
		return -1;
	return s.moved ? -1 : 0;
}
