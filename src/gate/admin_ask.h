/* gate/admin_ask.h - one of src/admin's commands, asked for over HTTP. */
#ifndef GATE_ADMIN_ASK_H
#define GATE_ADMIN_ASK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "http/server.h"

struct gate;

/* Runs the command of that name, which there is, or `backup`, and answers. args
 * are taken over. */
void admin_ask_begin(struct gate *gate, struct http_request *http,
    const char *name, struct json *args);

/* {fields}, 200. */
void admin_reply_fields(struct http_request *http, const struct buf *fields);
/* Administrators read what went wrong inside. */
void admin_reply_error(
    struct http_request *http, int status, const struct err *err);

#endif
