/* store/sqlite/sq_node.c - the hosts that share the store. */

#include "base/mem.h"
#include "store/sqlite/sq.h"

int
sq_node_put(struct db *db, const struct node *n, struct err *err)
{
	struct sq *s = (struct sq *)db;

	if (sq_begin(s, err) == -1)
		return -1;
	if (sq_run(s, Q_NODE_PUT, err, "bbssiu", &n->id, &n->run, n->name,
		n->bus, (int)n->serving, n->at) == -1) {
		sq_rollback(s);
		return -1;
	}
	return sq_commit(s, err);
}

int
sq_node_drop(struct db *db, const struct node *n, struct err *err)
{
	struct sq *s = (struct sq *)db;
	int rows;

	if (sq_begin(s, err) == -1)
		return -1;
	rows = sq_run(s, Q_NODE_DROP, err, "bbu", &n->id, &n->run, n->at);
	if (rows == -1) {
		sq_rollback(s);
		return -1;
	}
	return sq_commit(s, err) == -1 ? -1 : rows;
}

int
sq_nodes(struct db *db, struct node_list *l_r, struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt =
	    sq_query(s, Q_NODES, err, "u", (uint64_t)NODES_MAX);
	struct node *n;
	int rc;

	*l_r = (struct node_list){ 0 };
	if (stmt == NULL)
		return -1;
	l_r->v = mem_calloc(NODES_MAX, sizeof(*l_r->v));
	while ((rc = sq_step(s, stmt, err)) == 1 && l_r->n < NODES_MAX) {
		n = &l_r->v[l_r->n++];
		sq_get_id(stmt, 0, &n->id);
		sq_get_id(stmt, 1, &n->run);
		sq_get_text(stmt, 2, n->name, sizeof(n->name));
		sq_get_text(stmt, 3, n->bus, sizeof(n->bus));
		n->serving = sqlite3_column_int(stmt, 4) != 0;
		n->at = sq_get_u64(stmt, 5);
	}
	sq_done(stmt);
	if (rc == -1)
		node_list_free(l_r);
	return rc == -1 ? -1 : 0;
}
