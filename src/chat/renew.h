/* chat/renew.h - sessions of devices that stay connected are in use all the
 * time, though nobody shows their token. */
#ifndef CHAT_RENEW_H
#define CHAT_RENEW_H

#include "chat/chat.h"

/* Notes it of all devices connected here, in the background; every hour by
 * itself. */
void renew_sessions(struct chat *chat);

struct renew;
struct renew *renew_new(struct chat *chat);
void renew_free(struct renew **r);

#endif
