/* t/store_nodes.c - what every driver of the store must do with the list of
 * hosts. */
#include "lib/store_fixture.h"
#include "store/nodes.h"

static struct node
make(const char *name, uint64_t at)
{
	struct node n = { .id = id_new(), .run = id_new(), .at = at };

	strlcpy(n.name, name, sizeof(n.name));
	strlcpy(n.bus, "redis 10.0.0.1:6379", sizeof(n.bus));
	return n;
}

static const struct node *
find(const struct node_list *l, const struct node *n)
{
	for (size_t i = 0; i < l->n; i++)
		if (id_eq(&l->v[i].id, &n->id))
			return &l->v[i];
	return NULL;
}

static void
test_put(struct db *db)
{
	struct node one = make("one", 1000), two = make("two ü", 2000);
	const struct node *got;
	struct node_list l;

	is_int(db_nodes(db, &l, NULL), 0, "an empty list can be read");
	is_int(l.n, 0, "nobody in it");
	node_list_free(&l);
	is_int(db_node_put(db, &two, NULL), 0, "a host is put");
	is_int(db_node_put(db, &one, NULL), 0, "another one");
	one.serving = true;
	one.at = 1500;
	one.run = id_new();
	is_int(db_node_put(db, &one, NULL), 0, "the first once more");
	is_int(db_nodes(db, &l, NULL), 0, "they are read");
	is_int(l.n, 2, "two");
	got = find(&l, &one);
	ok(got != NULL && got->serving && got->at == 1500 &&
		id_eq(&got->run, &one.run),
	    "the first as it was put last");
	got = find(&l, &two);
	ok(got != NULL && !got->serving && got->at == 2000, "the second");
	is_str(got->name, two.name, "with its name");
	is_str(got->bus, two.bus, "and its bus");
	ok(id_cmp(&l.v[0].id, &l.v[1].id) < 0, "by rising id");
	node_list_free(&l);
}

static void
test_drop(struct db *db)
{
	struct node n = make("three", 3000), seen = n;
	struct node_list l;

	db_node_put(db, &n, NULL);
	n.at = 3001;
	db_node_put(db, &n, NULL);
	is_int(db_node_drop(db, &seen, NULL), 0, "one that lives is left");
	seen = n;
	seen.run = id_new();
	is_int(db_node_drop(db, &seen, NULL), 0, "so is one that restarted");
	is_int(db_node_drop(db, &n, NULL), 1, "one that does not is deleted");
	is_int(db_node_drop(db, &n, NULL), 0, "once");
	db_nodes(db, &l, NULL);
	ok(find(&l, &n) == NULL, "it is gone");
	is_int(l.n, 2, "alone");
	node_list_free(&l);
}

static void
test_fail(void)
{
	struct store_conf conf = { .driver = "fail" };
	struct db *db = store_open_alone(&conf, NULL);
	struct node n = make("x", 1);
	struct node_list l;
	struct err err;

	is_int(db_node_put(db, &n, &err), -1, "without a store none is put");
	is_int(err.code, ERR_BUSY, "busy");
	is_int(db_node_drop(db, &n, &err), -1, "none deleted");
	is_int(db_nodes(db, &l, &err), -1, "none read");
	is_int(l.n, 0, "and none invented");
	store_close_alone(&db);
}

int
main(void)
{
	struct db *db;

	fix_begin();
	db = fix_db();
	test_put(db);
	test_drop(db);
	fix_close(db);
	test_fail();
	ok(!store_is_shared("sqlite"), "SQLite's file is one host's");
	return done_testing();
}
