/* chat/blocked.c - refused sends that must come again first. */
#include "chat/blocked.h"

#include <stdlib.h>

#include "base/mem.h"

struct blocked {
	struct blocked *next;
	struct id room;
	struct cid cid;
};

static struct blocked **
find(struct device *dev, const struct id *room)
{
	struct blocked **b = &dev->blocked;

	while (*b != NULL && !id_eq(&(*b)->room, room))
		b = &(*b)->next;
	return b;
}

void
blocked_add(struct device *dev, const struct id *room, const struct cid *cid)
{
	struct blocked **b = find(dev, room);

	if (*b != NULL)
		return; /* the first refused one counts */
	MEM_NEW(*b);
	(*b)->room = *room;
	(*b)->cid = *cid;
}

void
blocked_drop(struct device *dev, const struct id *room, const struct cid *cid)
{
	struct blocked **b = find(dev, room), *gone = *b;

	if (gone == NULL || !cid_eq(&gone->cid, cid))
		return;
	*b = gone->next;
	free(gone);
}

bool
blocked_pass(struct device *dev, const struct id *room, const struct cid *cid)
{
	blocked_drop(dev, room, cid);
	return *find(dev, room) == NULL;
}

void
blocked_free(struct device *dev)
{
	struct blocked *b;

	while ((b = dev->blocked) != NULL) {
		dev->blocked = b->next;
		free(b);
	}
}
