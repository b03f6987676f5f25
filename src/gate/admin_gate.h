/* gate/admin_gate.h - what the admin socket serves: POST /admin/<op>, /metrics,
 * /healthz, /readyz. Only to the server's own user and to root. */
#ifndef GATE_ADMIN_GATE_H
#define GATE_ADMIN_GATE_H

struct gate;

/* Puts the routes into gate->admin.http, and /metrics into
 * gate->admin.metrics_http when there is one. */
void admin_gate_routes(struct gate *gate);

#endif
