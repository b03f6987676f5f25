/* proc/hosts.c - the hosts that share the store, as watched from this one. */
#include "proc/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct host *
find(const struct hosts *h, const struct id *id)
{
	for (unsigned i = 0; i < h->n; i++)
		if (id_eq(&h->v[i].node.id, id))
			return &h->v[i];
	return NULL;
}

static struct host
watched(const struct host *before, const struct node *node, uint64_t now)
{
	struct host h = { .node = *node, .first_ms = now };

	if (before == NULL)
		return h;
	if (!id_eq(&before->node.run, &node->run)) {
		h.changed_ms = now;
		return h;
	}
	h.first_ms = before->first_ms;
	h.unheard_ms = before->unheard_ms;
	h.changed_ms = before->node.at != node->at ? now : before->changed_ms;
	return h;
}

void
hosts_update(struct hosts *h, const struct node_list *l, uint64_t now)
{
	struct host *fresh = mem_calloc(HOSTS_MAX, sizeof(*fresh));
	unsigned n = 0;

	for (size_t i = 0; i < l->n && n < HOSTS_MAX; i++)
		fresh[n++] = watched(find(h, &l->v[i].id), &l->v[i], now);
	memcpy(h->v, fresh, n * sizeof(*fresh));
	h->n = n;
	h->more = (unsigned)(l->n - n);
	free(fresh);
}

bool
host_is_live(const struct host *h, uint64_t now)
{
	return h->changed_ms != 0 && now <= h->changed_ms + HOSTS_LIVE_MS;
}

bool
host_is_dead(const struct host *h, uint64_t now)
{
	uint64_t since = h->changed_ms != 0 ? h->changed_ms : h->first_ms;

	return !host_is_live(h, now) && now > since + HOSTS_JUDGE_MS;
}

void
host_name(struct buf *b, const struct host *h)
{
	buf_addf(
	    b, "%s%s (%s)", b->len > 0 ? ", " : "", h->node.name, h->node.bus);
}
