/* store/list.c - what the store answers with is freed. */

#include <stdlib.h>

#include "store/invites.h"
#include "store/nodes.h"
#include "store/rooms.h"
#include "store/users.h"

void
invite_list_free(struct invite_list *l)
{
	free(l->v);
	*l = (struct invite_list){ 0 };
}

void
node_list_free(struct node_list *l)
{
	free(l->v);
	*l = (struct node_list){ 0 };
}

void
session_list_free(struct session_list *l)
{
	free(l->v);
	*l = (struct session_list){ 0 };
}

void
room_rows_free(struct room_rows *l)
{
	free(l->v);
	*l = (struct room_rows){ 0 };
}

void
user_list_free(struct user_list *l)
{
	free(l->v);
	*l = (struct user_list){ 0 };
}

void
member_views_free(struct member_views *l)
{
	free(l->v);
	*l = (struct member_views){ 0 };
}

void
head_list_free(struct head_list *l)
{
	free(l->v);
	*l = (struct head_list){ 0 };
}
