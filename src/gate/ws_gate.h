/* gate/ws_gate.h - WebSockets under /ws: frames in, commands out. */
#ifndef GATE_WS_GATE_H
#define GATE_WS_GATE_H

#include "net/loop.h"

struct gate;

/* Makes the pool and the route of /ws. */
void ws_gate_open(struct gate *gate);

/* Tells all devices whether the store answers. */
void ws_gate_tell_store(struct gate *gate, bool ok);

/* No more commands are taken; sockets close with 1001 once what was taken is
 * answered. done: once, when all are gone. */
void ws_gate_drain(struct gate *gate, loop_cb *done, void *arg);

void ws_gate_close(struct gate *gate); /* the pool, which must be empty */

#endif
