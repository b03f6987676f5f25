/* gate/pages.h - what is served besides commands: is the server well? and the
 * client's files. */
#ifndef GATE_PAGES_H
#define GATE_PAGES_H

struct gate;
struct http_server;

/* /healthz, /readyz, and everything that has no other route. */
void pages_routes(struct gate *gate);

/* /healthz and /readyz on another server. */
void pages_health_routes(struct gate *gate, struct http_server *http);

#endif
