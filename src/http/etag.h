/* http/etag.h - strong entity tags of files, from their content. */
#ifndef HTTP_ETAG_H
#define HTTP_ETAG_H

#include <sys/stat.h>

#define HTTP_ETAG 35 /* 32 hex digits, two quotes, NUL */

struct http_etags;

/* Remembers what was computed, by the file's identity, size and times. */
struct http_etags *http_etags_new(void);
void http_etags_free(struct http_etags **t);

/* The tag, with its quotes, of an open file with status st. Of files above 8
 * MiB the identity and times are hashed, not the content. 0, or -1: it cannot
 * be read. */
int http_etag_of(
    struct http_etags *t, int fd, const struct stat *st, char out[HTTP_ETAG]);

#endif
