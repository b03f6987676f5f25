/* chat/ending.h - commands that end sessions. */
#ifndef CHAT_ENDING_H
#define CHAT_ENDING_H

#include "chat/request.h"

/* Answers, and then hands what was written to the hub: that may close the
 * asker's own connection, and the answer should come before. The events are
 * moved out of *more. With req->err set it only answers. */
void ending_reply(struct request *req, struct event_list *more);

#endif
