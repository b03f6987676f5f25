/* store/sqlite/sq_column.c - from rows to structs and back; the order of
 * columns is that of the _COLS in sq_query.h. */

#include <string.h>

#include "store/sqlite/sq.h"

uint64_t
sq_get_u64(sqlite3_stmt *stmt, int col)
{
	return (uint64_t)sqlite3_column_int64(stmt, col);
}

/* n bytes; shorter ones (of a file that others wrote) are filled with 0. */
static void
get_bytes(sqlite3_stmt *stmt, int col, uint8_t *out, size_t n)
{
	const void *p = sqlite3_column_blob(stmt, col);
	size_t len = (size_t)sqlite3_column_bytes(stmt, col);

	memset(out, 0, n);
	if (p != NULL)
		memcpy(out, p, len < n ? len : n);
}

void
sq_get_id(sqlite3_stmt *stmt, int col, struct id *id_r)
{
	get_bytes(stmt, col, id_r->b, sizeof(id_r->b));
}

void
sq_get_cid(sqlite3_stmt *stmt, int col, struct cid *cid_r)
{
	get_bytes(stmt, col, cid_r->b, sizeof(cid_r->b));
}

void
sq_get_text(sqlite3_stmt *stmt, int col, char *out, size_t size)
{
	const unsigned char *p = sqlite3_column_text(stmt, col);
	size_t len = (size_t)sqlite3_column_bytes(stmt, col);

	if (p == NULL)
		len = 0;
	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(out, p, len);
	out[len] = '\0';
}

void
sq_get_user(sqlite3_stmt *stmt, int col, struct user *u_r)
{
	sq_get_id(stmt, col, &u_r->id);
	sq_get_text(stmt, col + 1, u_r->name, sizeof(u_r->name));
	sq_get_text(stmt, col + 2, u_r->display, sizeof(u_r->display));
	u_r->admin = sqlite3_column_int(stmt, col + 3) != 0;
	u_r->created = sq_get_u64(stmt, col + 4);
	u_r->last_seen = sq_get_u64(stmt, col + 5);
	u_r->state = (enum user_state)sqlite3_column_int(stmt, col + 6);
}

void
sq_get_room(sqlite3_stmt *stmt, int col, struct room *r)
{
	sq_get_id(stmt, col, &r->id);
	r->kind = (enum room_kind)sqlite3_column_int(stmt, col + 1);
	sq_get_text(stmt, col + 2, r->label, sizeof(r->label));
	r->members = (uint32_t)sq_get_u64(stmt, col + 3);
	r->seq = sq_get_u64(stmt, col + 4);
	r->no = sq_get_u64(stmt, col + 5);
	r->at = sq_get_u64(stmt, col + 6);
	sq_get_cid(stmt, col + 7, &r->cid);
	r->last_message = sq_get_u64(stmt, col + 8);
	sq_get_text(stmt, col + 9, r->topic, sizeof(r->topic));
}

void
sq_get_member(sqlite3_stmt *stmt, int col, struct member *m_r)
{
	sq_get_id(stmt, col, &m_r->room);
	sq_get_id(stmt, col + 1, &m_r->user);
	m_r->role = (enum role)sqlite3_column_int(stmt, col + 2);
	m_r->joined = sq_get_u64(stmt, col + 3);
	m_r->read_seq = sq_get_u64(stmt, col + 4);
	m_r->read_no = sq_get_u64(stmt, col + 5);
	m_r->muted = sq_get_u64(stmt, col + 6);
	m_r->archived = sq_get_u64(stmt, col + 7);
}

void
sq_get_event(sqlite3_stmt *stmt, int col, struct event *ev_r)
{
	const char *body = (const char *)sqlite3_column_text(stmt, col + 8);

	*ev_r = (struct event){ 0 };
	sq_get_id(stmt, col, &ev_r->room);
	ev_r->seq = sq_get_u64(stmt, col + 1);
	ev_r->no = sq_get_u64(stmt, col + 2);
	ev_r->kind = (enum event_kind)sqlite3_column_int(stmt, col + 3);
	sq_get_id(stmt, col + 4, &ev_r->from);
	sq_get_cid(stmt, col + 5, &ev_r->cid);
	ev_r->at = sq_get_u64(stmt, col + 6);
	ev_r->target = sq_get_u64(stmt, col + 7);
	event_set_body(ev_r, body, (size_t)sqlite3_column_bytes(stmt, col + 8));
}
