/* base/json_scan.h - a JSON text, strictly read, as json-c's objects. json-c's
 * own reader takes more than RFC 8259 allows, and where it gets no memory it
 * leaves out, cuts off or crashes. */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include <stddef.h>

#include "base/err.h"

#define JSON_DEPTH_MAX   16
#define JSON_INTEGER_MAX 9007199254740991 /* 2^53 - 1 */

/* The object that p is, as base/json.h promises, to be put by the caller; NULL
 * with ERR_BAD_REQUEST. */
struct json_object *json_scan(const void *p, size_t len, struct err *err);

#endif
