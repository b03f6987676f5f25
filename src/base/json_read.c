/* base/json_read.c - reading JSON that came from outside. A struct json is one
 * of json-c's objects. */
#include <json-c/json.h>
#include <string.h>

#include "base/json.h"
#include "base/json_scan.h"
#include "base/log.h"

static json_object *
inner(const struct json *v)
{
	return (json_object *)(uintptr_t)v;
}

static struct json *
outer(json_object *v)
{
	return (struct json *)v;
}

struct json *
json_parse(const void *p, size_t len, size_t max, struct err *err)
{
	if (len > max || len > INT32_MAX) {
		err_set(err, ERR_TOO_LARGE, "longer than %zu bytes", max);
		return NULL;
	}
	return outer(json_scan(p, len, err));
}

void
json_free(struct json **doc)
{
	if (*doc != NULL)
		json_object_put(inner(*doc));
	*doc = NULL;
}

static const struct json *
field(const struct json *o, const char *key)
{
	json_object *v;

	if (!json_object_object_get_ex(inner(o), key, &v))
		return NULL;
	return outer(v);
}

/* What a getter returns for a value that is (rc 0) or is not (-1) of its
 * kind. */
static int
found(int rc, const char *key, const char *kind, struct err *err)
{
	if (rc == 0)
		return 1;
	return err_set(err, ERR_BAD_REQUEST, "%s: must be %s", key, kind);
}

static int
need(int rc, const char *key, const char *kind, struct err *err)
{
	if (rc != 0)
		return rc;
	return err_set(err, ERR_BAD_REQUEST, "%s is missing: %s", key, kind);
}

static const char STRING[] = "a string";
static const char INTEGER[] = "an integer from 0 to 2^53 - 1";
static const char BOOL[] = "true or false";
static const char ID[] = "an id of 24 hex digits";
static const char CID[] = "a cid of 32 hex digits";

int
json_get_str(const struct json *o, const char *key, const char **s_r,
    size_t *len_r, struct err *err)
{
	const struct json *v = field(o, key);

	return v == NULL ? 0
			 : found(json_as_str(v, s_r, len_r), key, STRING, err);
}

int
json_get_u64(
    const struct json *o, const char *key, uint64_t *v_r, struct err *err)
{
	const struct json *v = field(o, key);

	return v == NULL ? 0 : found(json_as_u64(v, v_r), key, INTEGER, err);
}

int
json_get_bool(const struct json *o, const char *key, bool *v_r, struct err *err)
{
	const struct json *v = field(o, key);

	if (v == NULL)
		return 0;
	if (!json_object_is_type(inner(v), json_type_boolean))
		return found(-1, key, BOOL, err);
	*v_r = json_object_get_boolean(inner(v));
	return 1;
}

int
json_get_id(
    const struct json *o, const char *key, struct id *id_r, struct err *err)
{
	const struct json *v = field(o, key);

	return v == NULL ? 0 : found(json_as_id(v, id_r), key, ID, err);
}

int
json_get_cid(
    const struct json *o, const char *key, struct cid *cid_r, struct err *err)
{
	const struct json *v = field(o, key);

	return v == NULL ? 0 : found(json_as_cid(v, cid_r), key, CID, err);
}

int
json_get_array(const struct json *o, const char *key, const struct json **a_r,
    struct err *err)
{
	const struct json *v = field(o, key);

	if (v == NULL)
		return 0;
	*a_r = v;
	return found(json_is_array(v) ? 0 : -1, key, "an array", err);
}

int
json_get_object(const struct json *o, const char *key, const struct json **o_r,
    struct err *err)
{
	const struct json *v = field(o, key);

	if (v == NULL)
		return 0;
	*o_r = v;
	return found(json_is_object(v) ? 0 : -1, key, "an object", err);
}

int
json_need_str(const struct json *o, const char *key, const char **s_r,
    size_t *len_r, struct err *err)
{
	return need(json_get_str(o, key, s_r, len_r, err), key, STRING, err);
}

int
json_need_u64(
    const struct json *o, const char *key, uint64_t *v_r, struct err *err)
{
	return need(json_get_u64(o, key, v_r, err), key, INTEGER, err);
}

int
json_need_bool(
    const struct json *o, const char *key, bool *v_r, struct err *err)
{
	return need(json_get_bool(o, key, v_r, err), key, BOOL, err);
}

int
json_need_id(
    const struct json *o, const char *key, struct id *id_r, struct err *err)
{
	return need(json_get_id(o, key, id_r, err), key, ID, err);
}

int
json_need_cid(
    const struct json *o, const char *key, struct cid *cid_r, struct err *err)
{
	return need(json_get_cid(o, key, cid_r, err), key, CID, err);
}

size_t
json_len(const struct json *a)
{
	return json_is_array(a) ? json_object_array_length(inner(a)) : 0;
}

const struct json *
json_at(const struct json *a, size_t i)
{
	return i < json_len(a) ? outer(json_object_array_get_idx(inner(a), i))
			       : NULL;
}

bool
json_is_object(const struct json *v)
{
	return json_object_is_type(inner(v), json_type_object);
}

bool
json_is_array(const struct json *v)
{
	return json_object_is_type(inner(v), json_type_array);
}

int
json_as_str(const struct json *v, const char **s_r, size_t *len_r)
{
	if (!json_object_is_type(inner(v), json_type_string))
		return -1;
	*s_r = json_object_get_string(inner(v));
	*len_r = (size_t)json_object_get_string_len(inner(v));
	return 0;
}

int
json_as_u64(const struct json *v, uint64_t *v_r)
{
	int64_t n;

	if (!json_object_is_type(inner(v), json_type_int))
		return -1;
	n = json_object_get_int64(inner(v));
	if (n < 0)
		return -1;
	*v_r = (uint64_t)n;
	return 0;
}

int
json_as_id(const struct json *v, struct id *id_r)
{
	const char *s;
	size_t len;

	return json_as_str(v, &s, &len) == -1 ? -1 : id_parse(s, len, id_r);
}

int
json_as_cid(const struct json *v, struct cid *cid_r)
{
	const char *s;
	size_t len;

	return json_as_str(v, &s, &len) == -1 ? -1 : cid_parse(s, len, cid_r);
}

int
json_each(const struct json *o,
    int (*cb)(const char *key, const struct json *v, void *arg), void *arg)
{
	json_object_iter it;
	int rc = 0;

	json_object_object_foreachC(inner(o), it)
	{
		rc = cb(it.key, outer(it.val), arg);
		if (rc != 0)
			break;
	}
	return rc;
}

void
json_value(struct buf *b, const struct json *v)
{
	size_t len;
	const char *s = json_object_to_json_string_length(inner(v),
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

	if (s == NULL)
		log_fatal("no memory");
	json_raw(b, s, len);
}
