/* store/mongo/mg_member.c - one member of a room, and lists of them. */

#include "base/mem.h"
#include "store/mongo/mg.h"

static void
take_member(const bson_t *doc, void *arg)
{
	mg_get_member(doc, arg);
}

int
mg_member_get(struct db *db, const struct id *room, const struct id *user,
    struct member *m_r, struct err *err)
{
	struct mg *m = (struct mg *)db;
	struct room r;
	int rc = mg_room_get(db, room, &r, err);

	*m_r = (struct member){ .room = *room, .user = *user };
	if (rc != 1)
		return rc;
	if (mg_get(m, C_MEMBERS, mg_member_query(m, room, user), take_member,
		m_r, err) == -1)
		return -1;
	if (m_r->role != ROLE_NONE)
		return 1;
	*m_r = (struct member){ .room = *room, .user = *user };
	return 0;
}

static void
take_listed(const bson_t *doc, void *arg)
{
	struct member_views *l = arg;

	mg_get_member(doc, &l->v[l->n++].member);
}

static void
take_user(const bson_t *doc, void *arg)
{
	struct member_views *l = arg;
	struct user u;

	mg_get_user(doc, &u);
	for (size_t i = 0; i < l->n; i++)
		if (id_eq(&l->v[i].member.user, &u.id))
			l->v[i].user = u;
}

int
mg_members(struct db *db, const struct id *room, uint64_t after, size_t limit,
    struct member_views *l_r, struct err *err)
{
	struct mg *m = (struct mg *)db;
	struct room r;
	int rc = mg_room_get(db, room, &r, err);

	*l_r = (struct member_views){ 0 };
	if (rc == -1 || limit == 0)
		return rc == -1 ? -1 : 0;
	l_r->v = mem_calloc(limit, sizeof(*l_r->v));
	rc = mg_find(m, C_MEMBERS,
	    mg_doc("room:b joined:{$gt:u} role:{$gt:i}", room, after,
		(int)ROLE_NONE),
	    mg_doc("sort:{joined:+} limit:u", (uint64_t)limit), take_listed,
	    l_r, err);
	if (rc > 0)
		rc = mg_find(m, C_USERS,
		    mg_doc("_id:{$in:a}",
			mg_ids(&l_r->v->member.user, l_r->n, sizeof(*l_r->v))),
		    NULL, take_user, l_r, err);
	if (rc == -1)
		member_views_free(l_r);
	return rc == -1 ? -1 : 0;
}
