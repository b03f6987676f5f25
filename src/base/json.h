/* base/json.h - writing JSON into a buf, and reading what came from outside
 * with all the checks that json-c leaves out. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"

/* Writing. Values are written one after another; commas are put in by
 * themselves: a comma is added when the last byte of b is neither '{', '[', ':'
 * nor the buffer's start. Key functions write `"key":value`. */
void json_open(struct buf *b, char bracket);  /* '{' or '[' */
void json_close(struct buf *b, char bracket); /* '}' or ']' */
void json_key(struct buf *b, const char *key);
void json_str(struct buf *b, const void *s, size_t len); /* escapes */
void json_kstr(struct buf *b, const char *key, const char *s);
void json_kstrn(struct buf *b, const char *key, const void *s, size_t len);
void json_ku64(struct buf *b, const char *key, uint64_t v);
void json_kbool(struct buf *b, const char *key, bool v);
void json_kid(struct buf *b, const char *key, const struct id *id);
void json_kcid(struct buf *b, const char *key, const struct cid *cid);
void json_kraw(struct buf *b, const char *key, const void *json, size_t len);
void json_raw(struct buf *b, const void *json, size_t len); /* one value */

/* Writes a value that was read. */
struct json;
void json_value(struct buf *b, const struct json *v);

/* Reading. A document: at most max bytes, depth <= 16, valid UTF-8, no
 * duplicate keys, no NaN/Infinity, no comments, nothing behind it, no \u0000,
 * integers within ±(2^53-1). */
/* struct json: one value, borrowed from its document. */

/* The document's top value, which must be an object; NULL with *err
 * (ERR_BAD_REQUEST, ERR_TOO_LARGE). Freed with json_free. */
struct json *json_parse(const void *p, size_t len, size_t max, struct err *err);
void json_free(struct json **doc);

/* Fields of an object. Each returns 1 found, 0 absent (or null), -1 with *err
 * (ERR_BAD_REQUEST, text names the key and what is expected). *_need also
 * makes absence an error, so returns 1 or -1. Strings are borrowed from the
 * document, NUL terminated and without NUL inside. */
int json_get_str(const struct json *o, const char *key, const char **s_r,
    size_t *len_r, struct err *err);
int json_get_u64(
    const struct json *o, const char *key, uint64_t *v_r, struct err *err);
int json_get_bool(
    const struct json *o, const char *key, bool *v_r, struct err *err);
int json_get_id(
    const struct json *o, const char *key, struct id *id_r, struct err *err);
int json_get_cid(
    const struct json *o, const char *key, struct cid *cid_r, struct err *err);
int json_get_array(const struct json *o, const char *key,
    const struct json **a_r, struct err *err);
int json_get_object(const struct json *o, const char *key,
    const struct json **o_r, struct err *err);
int json_need_str(const struct json *o, const char *key, const char **s_r,
    size_t *len_r, struct err *err);
int json_need_u64(
    const struct json *o, const char *key, uint64_t *v_r, struct err *err);
int json_need_bool(
    const struct json *o, const char *key, bool *v_r, struct err *err);
int json_need_id(
    const struct json *o, const char *key, struct id *id_r, struct err *err);
int json_need_cid(
    const struct json *o, const char *key, struct cid *cid_r, struct err *err);

/* Arrays, and values of unknown kind. json_at returns NULL past the end. */
size_t json_len(const struct json *a);
const struct json *json_at(const struct json *a, size_t i);
bool json_is_object(const struct json *v);
bool json_is_array(const struct json *v);
/* The value itself as a string, an integer, an id: 0, or -1 when it is
 * something else. */
int json_as_str(const struct json *v, const char **s_r, size_t *len_r);
int json_as_u64(const struct json *v, uint64_t *v_r);
int json_as_id(const struct json *v, struct id *id_r);
int json_as_cid(const struct json *v, struct cid *cid_r);

/* Calls cb for each key of an object, in order, until it returns non-zero;
 * returns what the last call returned (0 for an empty object). */
int json_each(const struct json *o,
    int (*cb)(const char *key, const struct json *v, void *arg), void *arg);

#endif
