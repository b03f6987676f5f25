/* http/static.h - the built client's files: ETag, immutable for hashed names,
 * precompressed variants, right types, no way out of the folder. */
#ifndef HTTP_STATIC_H
#define HTTP_STATIC_H

#include "base/err.h"
#include "http/server.h"

struct static_files;

/* Opens the folder and keeps it (paths are resolved below it, by openat2 or
 * equal care: no "..", no links out, no dot files). NULL with *err. */
struct static_files *static_new(const char *folder, struct err *err);
void static_free(struct static_files **s);

/* An http_handler_cb whose arg is the struct static_files: GET and HEAD. */
void static_handle(struct http_request *req, void *arg);

#endif
