/* admin/room.c - rooms: list, show. */

#include "admin/ops.h"
#include "store/rooms.h"

static void
put_room(struct buf *b, const struct room *r)
{
	json_open(b, '{');
	json_kid(b, "id", &r->id);
	json_kstr(b, "kind", room_kind_name(r->kind));
	json_kstr(b, "label", r->label);
	json_ku64(b, "members", r->members);
	json_ku64(b, "seq", r->seq);
	json_ku64(b, "messages", r->no);
	json_ku64(b, "at", r->at);
	json_close(b, '}');
}

static void
list_run(struct db *db, struct admin_call *call)
{
	struct id after = { { 0 } };
	struct room_rows l;

	if (json_get_id(call->args, "after", &after, call->err) == -1 ||
	    db_rooms_scan(db, &after, false, ADMIN_PAGE, &l, call->err) == -1)
		return;
	json_key(call->out, "rooms");
	json_open(call->out, '[');
	for (size_t i = 0; i < l.n; i++)
		put_room(call->out, &l.v[i]);
	json_close(call->out, ']');
	if (l.n == ADMIN_PAGE)
		json_kid(call->out, "next", &l.v[l.n - 1].id);
	room_rows_free(&l);
}

const struct admin_op admin_room_list = { .name = "room_list",
	.run = list_run };

static void
put_members(struct buf *b, const struct member_views *l)
{
	json_key(b, "members");
	json_open(b, '[');
	for (size_t i = 0; i < l->n; i++) {
		const struct member_view *v = &l->v[i];

		json_open(b, '{');
		json_kid(b, "user", &v->user.id);
		json_kstr(b, "name", v->user.name);
		json_kstr(b, "role", role_name(v->member.role));
		json_ku64(b, "joined", v->member.joined);
		json_ku64(b, "read", v->member.read_seq);
		json_close(b, '}');
	}
	json_close(b, ']');
	if (l->n == ADMIN_PAGE)
		json_ku64(b, "next", l->v[l->n - 1].member.joined);
}

static void
show_run(struct db *db, struct admin_call *call)
{
	uint64_t after = 0;
	struct member_views l;
	struct room r;
	struct id id;
	int found;

	if (json_need_id(call->args, "room", &id, call->err) == -1 ||
	    json_get_u64(call->args, "after", &after, call->err) == -1)
		return;
	found = db_room_get(db, &id, &r, call->err);
	if (found == 0 || (found == 1 && r.kind == ROOM_SELF))
		err_set(call->err, ERR_NOT_FOUND, "There is no such room.");
	if (call->err->code != ERR_NONE ||
	    db_members(db, &id, after, ADMIN_PAGE, &l, call->err) == -1)
		return;
	json_key(call->out, "room");
	put_room(call->out, &r);
	put_members(call->out, &l);
	member_views_free(&l);
}

const struct admin_op admin_room_show = { .name = "room_show",
	.run = show_run };
