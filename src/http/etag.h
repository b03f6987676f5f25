/* http/etag.h - strong entity tags of files, from their content. */
#ifndef HTTP_ETAG_H
#define HTTP_ETAG_H

#include <sys/stat.h>

#define ETAG 35 /* 32 hex digits, two quotes, NUL */

struct etags;

/* Remembers what was computed, by the file's identity, size and times. */
struct etags *etags_new(void);
void etags_free(struct etags **t);

/* The tag, with its quotes, of an open file with status st. Of files above 8
 * MiB the identity and times are hashed, not the content. 0, or -1: it cannot
 * be read. */
int etag_of(struct etags *t, int fd, const struct stat *st, char out[ETAG]);

#endif
