/* base/json_scan.h - the strict check of a JSON text before json-c sees it. */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include <stddef.h>

#include "base/err.h"

#define JSON_DEPTH_MAX   16
#define JSON_INTEGER_MAX 9007199254740991 /* 2^53 - 1 */

/* Checks that p is one JSON object (RFC 8259) of valid UTF-8 as base/json.h
 * promises, duplicate keys and infinite numbers aside. *members_r: how many
 * members all its objects have together. 0, or -1 with ERR_BAD_REQUEST. */
int json_scan(const void *p, size_t len, size_t *members_r, struct err *err);

#endif
