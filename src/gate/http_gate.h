/* gate/http_gate.h - what is served over plain HTTP: the commands under /api/,
 * /healthz, /readyz, and the client's files. */
#ifndef GATE_HTTP_GATE_H
#define GATE_HTTP_GATE_H

struct gate;

/* Puts the routes into gate->http; gate->chat and gate->files are set by then
 * and gate outlives the server's requests. /ws is not among them. */
void http_gate_routes(struct gate *gate);

#endif
