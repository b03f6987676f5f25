/* store/mongo/mg_doc.c - from structs to documents and back. */

#include <stdarg.h>
#include <string.h>

#include "base/log.h"
#include "store/mongo/mg.h"

#define DEPTH_MAX 8

/* A document being built, or a part of one. */
struct level {
	bson_t own; /* of parts */
	bson_t *b;
	bool array;
	uint32_t n; /* elements of an array */
};

struct builder {
	struct level level[DEPTH_MAX];
	int depth;
	const char *name;
	int name_len;
	char index[16];
};

/* bson_t cannot hold 2^63 and more; nothing of ours is that large. */
static int64_t
signed_of(uint64_t v)
{
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static bool
put_bytes(struct builder *k, const void *p, size_t n)
{
	return bson_append_binary(k->level[k->depth].b, k->name, k->name_len,
	    BSON_SUBTYPE_BINARY, p, (uint32_t)n);
}

static bool
put_id(struct builder *k, const struct id *id)
{
	bson_oid_t oid;

	memcpy(oid.bytes, id->b, sizeof(oid.bytes));
	return bson_append_oid(
	    k->level[k->depth].b, k->name, k->name_len, &oid);
}

static bool
put_member_key(struct builder *k, va_list *ap)
{
	struct id key[2];

	key[0] = *va_arg(*ap, const struct id *);
	key[1] = *va_arg(*ap, const struct id *);
	return put_bytes(k, key, sizeof(key));
}

void
mg_event_key(const struct id *room, uint64_t seq, uint8_t key_r[MG_EVENT_KEY])
{
	memcpy(key_r, room->b, sizeof(room->b));
	for (size_t i = 0; i < 8; i++)
		key_r[sizeof(room->b) + i] = (uint8_t)(seq >> (56 - 8 * i));
}

static bool
put_event_key(struct builder *k, va_list *ap)
{
	const struct id *room = va_arg(*ap, const struct id *);
	uint8_t key[MG_EVENT_KEY];

	mg_event_key(room, va_arg(*ap, uint64_t), key);
	return put_bytes(k, key, sizeof(key));
}

/* Appends a part that was built elsewhere, and frees it. */
static bool
put_part(struct builder *k, char type, bson_t *part)
{
	bson_t *b = k->level[k->depth].b;
	bool good = type == 'd'
			? bson_append_document(b, k->name, k->name_len, part)
			: bson_append_array(b, k->name, k->name_len, part);

	bson_destroy(part);
	return good;
}

static bool
put_text(struct builder *k, const char *text, size_t len)
{
	return bson_append_utf8(
	    k->level[k->depth].b, k->name, k->name_len, text, (int)len);
}

static bool
put_one(struct builder *k, char type, va_list *ap)
{
	bson_t *b = k->level[k->depth].b;
	const char *text;

	switch (type) {
	case 'b':
		return put_id(k, va_arg(*ap, const struct id *));
	case 'c':
		return put_bytes(
		    k, va_arg(*ap, const struct cid *), sizeof(struct cid));
	case 'h':
		return put_bytes(k, va_arg(*ap, const uint8_t *), TOKEN_HASH);
	case 'm':
		return put_member_key(k, ap);
	case 'e':
		return put_event_key(k, ap);
	case 's':
		text = va_arg(*ap, const char *);
		return put_text(k, text, strlen(text));
	case 't':
		text = va_arg(*ap, const char *);
		return put_text(k, text, va_arg(*ap, size_t));
	case 'u':
		return bson_append_int64(
		    b, k->name, k->name_len, signed_of(va_arg(*ap, uint64_t)));
	case 'i':
		return bson_append_int32(
		    b, k->name, k->name_len, va_arg(*ap, int));
	case '+':
	case '-':
		return bson_append_int32(
		    b, k->name, k->name_len, type == '+' ? 1 : -1);
	case 'y':
		return bson_append_bool(b, k->name, k->name_len, true);
	case 'd':
	case 'a':
		return put_part(k, type, va_arg(*ap, bson_t *));
	}
	return false;
}

static bool
open_part(struct builder *k, bool array)
{
	bson_t *parent = k->level[k->depth].b;
	struct level *l;

	if (++k->depth == DEPTH_MAX)
		return false;
	l = &k->level[k->depth];
	l->b = &l->own;
	l->array = array;
	l->n = 0;
	return array
		   ? bson_append_array_begin(parent, k->name, k->name_len, l->b)
		   : bson_append_document_begin(
			 parent, k->name, k->name_len, l->b);
}

static bool
close_part(struct builder *k)
{
	struct level *l = &k->level[k->depth];
	bson_t *parent;

	if (k->depth == 0)
		return false;
	parent = k->level[--k->depth].b;
	return l->array ? bson_append_array_end(parent, l->b)
			: bson_append_document_end(parent, l->b);
}

/* The name before the type: in arrays the next number. Where the type is. */
static const char *
take_name(struct builder *k, const char *s)
{
	struct level *l = &k->level[k->depth];
	const char *key;

	if (l->array) {
		k->name_len = (int)bson_uint32_to_string(
		    l->n++, &key, k->index, sizeof(k->index));
		k->name = key;
		return s;
	}
	k->name = s;
	k->name_len = (int)strcspn(s, ":");
	return s[k->name_len] == ':' ? s + k->name_len + 1 : "";
}

bson_t *
mg_doc(const char *form, ...)
{
	struct builder k = { .depth = 0 };
	const char *s = form;
	bool good = true;
	va_list ap;

	k.level[0].b = bson_new();
	va_start(ap, form);
	for (s += strspn(s, " "); good && *s != '\0'; s += strspn(s, " ")) {
		if (*s == '}' || *s == ']') {
			good = close_part(&k);
			s++;
			continue;
		}
		s = take_name(&k, s);
		if (*s == '{' || *s == '[')
			good = open_part(&k, *s == '[');
		else
			good = put_one(&k, *s, &ap);
		s++;
	}
	va_end(ap);
	if (!good || k.depth != 0)
		log_fatal("mongo: a document that cannot be built: %s", form);
	return k.level[0].b;
}

bson_t *
mg_ids(const struct id *first, size_t n, size_t size)
{
	bson_t *a = bson_new();
	char index[16];
	const char *key;
	bson_oid_t oid;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = (const uint8_t *)first + i * size;

		memcpy(oid.bytes, p, sizeof(oid.bytes));
		bson_uint32_to_string((uint32_t)i, &key, index, sizeof(index));
		bson_append_oid(a, key, -1, &oid);
	}
	return a;
}

void
mg_get_id(const bson_t *d, const char *name, struct id *id_r)
{
	bson_iter_t it;

	memset(id_r, 0, sizeof(*id_r));
	if (bson_iter_init_find(&it, d, name) && BSON_ITER_HOLDS_OID(&it))
		memcpy(id_r->b, bson_iter_oid(&it)->bytes, sizeof(id_r->b));
}

void
mg_get_cid(const bson_t *d, const char *name, struct cid *cid_r)
{
	const uint8_t *p;
	bson_iter_t it;
	uint32_t len;

	memset(cid_r, 0, sizeof(*cid_r));
	if (!bson_iter_init_find(&it, d, name) || !BSON_ITER_HOLDS_BINARY(&it))
		return;
	bson_iter_binary(&it, NULL, &len, &p);
	memcpy(cid_r->b, p, len < sizeof(cid_r->b) ? len : sizeof(cid_r->b));
}

void
mg_get_hash(const bson_t *d, uint8_t hash[TOKEN_HASH])
{
	const uint8_t *p = NULL;
	bson_iter_t it;
	uint32_t len = 0;

	if (bson_iter_init_find(&it, d, "_id") && BSON_ITER_HOLDS_BINARY(&it))
		bson_iter_binary(&it, NULL, &len, &p);
	if (p != NULL && len == TOKEN_HASH)
		memcpy(hash, p, len);
}

uint64_t
mg_get_u64(const bson_t *d, const char *name)
{
	bson_iter_t it;
	int64_t v;

	if (!bson_iter_init_find(&it, d, name))
		return 0;
	v = bson_iter_as_int64(&it);
	return v > 0 ? (uint64_t)v : 0;
}

void
mg_get_text(const bson_t *d, const char *name, char *out, size_t size)
{
	bson_iter_t it;
	const char *p;
	uint32_t len;

	out[0] = '\0';
	if (!bson_iter_init_find(&it, d, name) || !BSON_ITER_HOLDS_UTF8(&it))
		return;
	p = bson_iter_utf8(&it, &len);
	if (len >= size)
		len = (uint32_t)size - 1;
	memcpy(out, p, len);
	out[len] = '\0';
}

void
mg_get_user(const bson_t *d, struct user *u_r)
{
	mg_get_id(d, "_id", &u_r->id);
	mg_get_text(d, "name", u_r->name, sizeof(u_r->name));
	mg_get_text(d, "display", u_r->display, sizeof(u_r->display));
	u_r->admin = mg_get_u64(d, "admin") != 0;
	u_r->created = mg_get_u64(d, "created");
	u_r->last_seen = mg_get_u64(d, "last_seen");
	u_r->state = (enum user_state)mg_get_u64(d, "state");
}

void
mg_get_session(const bson_t *d, struct session *s_r)
{
	mg_get_id(d, "id", &s_r->id);
	mg_get_id(d, "user", &s_r->user);
	s_r->created = mg_get_u64(d, "created");
	s_r->used = mg_get_u64(d, "used");
	s_r->expires = mg_get_u64(d, "expires");
	mg_get_text(d, "device", s_r->device, sizeof(s_r->device));
}

void
mg_get_invite(const bson_t *d, struct invite *v_r)
{
	mg_get_id(d, "id", &v_r->id);
	mg_get_id(d, "creator", &v_r->creator);
	v_r->created = mg_get_u64(d, "created");
	v_r->expires = mg_get_u64(d, "expires");
	v_r->used = mg_get_u64(d, "used");
	mg_get_id(d, "user", &v_r->user);
}

void
mg_get_room(const bson_t *d, struct room *r)
{
	mg_get_id(d, "_id", &r->id);
	r->kind = (enum room_kind)mg_get_u64(d, "kind");
	mg_get_text(d, "label", r->label, sizeof(r->label));
	r->members = (uint32_t)mg_get_u64(d, "members");
	r->seq = mg_get_u64(d, "seq");
	r->no = mg_get_u64(d, "no");
	r->at = mg_get_u64(d, "at");
	mg_get_cid(d, "cid", &r->cid);
	r->last_message = mg_get_u64(d, "last_message");
	mg_get_text(d, "topic", r->topic, sizeof(r->topic));
}

void
mg_get_member(const bson_t *d, struct member *m_r)
{
	mg_get_id(d, "room", &m_r->room);
	mg_get_id(d, "user", &m_r->user);
	m_r->role = (enum role)mg_get_u64(d, "role");
	m_r->joined = mg_get_u64(d, "joined");
	m_r->read_seq = mg_get_u64(d, "read_seq");
	m_r->read_no = mg_get_u64(d, "read_no");
	m_r->muted = mg_get_u64(d, "muted");
	m_r->archived = mg_get_u64(d, "archived");
}

void
mg_get_event(const bson_t *d, struct event *ev_r)
{
	const char *body = "";
	uint32_t len = 0;
	bson_iter_t it;

	*ev_r = (struct event){ 0 };
	mg_get_id(d, "room", &ev_r->room);
	ev_r->seq = mg_get_u64(d, "seq");
	ev_r->no = mg_get_u64(d, "no");
	ev_r->kind = (enum event_kind)mg_get_u64(d, "kind");
	mg_get_id(d, "from", &ev_r->from);
	mg_get_cid(d, "cid", &ev_r->cid);
	ev_r->at = mg_get_u64(d, "at");
	ev_r->target = mg_get_u64(d, "target");
	if (bson_iter_init_find(&it, d, "body") && BSON_ITER_HOLDS_UTF8(&it))
		body = bson_iter_utf8(&it, &len);
	event_set_body(ev_r, body, len);
}

bson_t *
mg_put_event(const struct event *ev)
{
	return mg_doc("_id:e room:b seq:u no:u kind:i from:b cid:c at:u "
		      "target:u body:t",
	    &ev->room, ev->seq, &ev->room, ev->seq, ev->no, (int)ev->kind,
	    &ev->from, &ev->cid, ev->at, ev->target,
	    ev->body_len > 0 ? ev->body : "", (size_t)ev->body_len);
}
