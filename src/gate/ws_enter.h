/* gate/ws_enter.h - the upgrade of /ws: a request becomes a device. */
#ifndef GATE_WS_ENTER_H
#define GATE_WS_ENTER_H

#include "chat/device.h"
#include "http/server.h"
#include "store/gather.h"

/* Gathers the questions whose session it is: for gate->entries. */
struct gather *ws_enter_gather(struct store *st);

/* The route of /ws; arg: the gate. Refuses, or upgrades and opens a device in
 * gate->pool. It is read once its session is known. */
void ws_enter(struct http_request *req, void *arg);

/* A device closed: it counts no more for its address and its person. */
void ws_leave(struct device *dev);

/* Closes it with 1001 and a hint when to come again. */
void ws_goodbye(struct device *dev);

#endif
