/* chat/ending.c - commands that end sessions. */

#include "chat/ending.h"

#include "base/failpoint.h"
#include "chat/hub.h"

void
ending_reply(struct request *req, struct event_list *more)
{
	struct chat *chat = req->chat;
	struct event_list l = *more;

	*more = (struct event_list){ 0 };
	request_reply(req);
	FAILPOINT("ending.before_publish");
	if (l.n > 0) {
		*chat->c.counters.stored += l.n;
		hub_commit_list(chat->hub, &l);
	}
	event_list_free(&l);
}
