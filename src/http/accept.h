/* http/accept.h - what a client would like: lists with q-values (RFC 9110
 * §12.4.2), and entity tags. Pure. */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include <stdbool.h>

/* The weight, 0 to 1000, that an Accept-Encoding value gives to a coding; "*"
 * stands for those not named. 0: not wanted, or list is NULL. */
int http_accept_weight(const char *list, const char *coding);

/* Does an Accept value name this type ("text/html") itself, with q above 0? */
bool http_accept_names(const char *list, const char *type);

/* Is tag (with its quotes) among those of an If-None-Match value (may be NULL)?
 * The comparison is weak (RFC 9110 §13.1.2); "*" is every tag. */
bool http_accept_tag(const char *list, const char *tag);

#endif
