/* store/mongo/mg_node.c - the hosts that share the store. */

#include "base/failpoint.h"
#include "base/mem.h"
#include "store/mongo/mg.h"

int
mg_node_put(struct db *db, const struct node *n, struct err *err)
{
	bson_t *set;

	if (FAILPOINT_FAILS("mongo.nodes"))
		return mg_busy((struct mg *)db, err);
	set = mg_doc("run:b name:s bus:s serving:i at:u", &n->run, n->name,
	    n->bus, (int)n->serving, n->at);

	return mg_update((struct mg *)db, C_NODES, mg_doc("_id:b", &n->id),
		   mg_doc("$set:d", set), MG_UPSERT, err) == -1
		   ? -1
		   : 0;
}

int
mg_node_drop(struct db *db, const struct node *n, struct err *err)
{
	return mg_delete((struct mg *)db, C_NODES,
	    mg_doc("_id:b run:b at:u", &n->id, &n->run, n->at), err);
}

static void
take_node(const bson_t *doc, void *arg)
{
	struct node_list *l = arg;
	struct node *n = &l->v[l->n++];

	mg_get_id(doc, "_id", &n->id);
	mg_get_id(doc, "run", &n->run);
	mg_get_text(doc, "name", n->name, sizeof(n->name));
	mg_get_text(doc, "bus", n->bus, sizeof(n->bus));
	n->serving = mg_get_u64(doc, "serving") != 0;
	n->at = mg_get_u64(doc, "at");
}

int
mg_nodes(struct db *db, struct node_list *l_r, struct err *err)
{
	*l_r = (struct node_list){ 0 };
	l_r->v = mem_calloc(NODES_MAX, sizeof(*l_r->v));
	if (mg_find((struct mg *)db, C_NODES, mg_doc(""),
		mg_doc("sort:{_id:+} limit:i", NODES_MAX), take_node, l_r,
		err) != -1)
		return 0;
	node_list_free(l_r);
	return -1;
}
