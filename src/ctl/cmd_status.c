/* ctl/cmd_status.c - burungctl status, log-level, config. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/table.h"

#define WATCH_S 2

static void
print_sums(const struct json *doc)
{
	char text[TEXT_MAX];

	printf("burungd %s, up %s, log level %s\n", ctl_text(doc, "version"),
	    text_span(ctl_u64(doc, "uptime_ms"), text),
	    ctl_text(doc, "log_level"));
	printf("%" PRIu64 " connections; stored %" PRIu64 "/s (%" PRIu64
	       " in all), delivered %" PRIu64 "/s (%" PRIu64 ")\n",
	    ctl_u64(doc, "connections"), ctl_u64(doc, "stored_rate"),
	    ctl_u64(doc, "stored"), ctl_u64(doc, "delivered_rate"),
	    ctl_u64(doc, "delivered"));
	printf("refused %" PRIu64 ", slow devices closed %" PRIu64
	       ", gaps repaired %" PRIu64 ", workers died %" PRIu64
	       ", memory %s\n\n",
	    ctl_u64(doc, "refused"), ctl_u64(doc, "dropped"),
	    ctl_u64(doc, "repaired"), ctl_u64(doc, "deaths"),
	    text_bytes(ctl_u64(doc, "memory"), text));
}

static const char *
state_of(const struct json *host)
{
	bool me = false, live = false, heard = false, serving = false;

	json_get_bool(host, "this", &me, NULL);
	json_get_bool(host, "live", &live, NULL);
	json_get_bool(host, "heard", &heard, NULL);
	json_get_bool(host, "serving", &serving, NULL);
	return me         ? "this one"
	       : !live    ? "silent"
	       : !serving ? "starts"
	       : heard    ? "heard"
			  : "NOT HEARD on the bus";
}

static void
print_hosts(const struct json *doc)
{
	static const char *const heads[] = { "HOST", "STATE", "BUS", NULL };
	const struct json *l = NULL, *h;
	struct table *t;

	json_get_array(doc, "hosts", &l, NULL);
	if (l == NULL || json_at(l, 0) == NULL)
		return;
	t = table_new(heads);
	for (size_t i = 0; (h = json_at(l, i)) != NULL; i++) {
		table_add(t, ctl_text(h, "name"));
		table_add(t, state_of(h));
		table_add(t, ctl_text(h, "bus"));
	}
	table_print(&t);
	putchar('\n');
}

static void
print_bus(const struct json *doc)
{
	uint64_t servers = ctl_u64(doc, "bus_servers");

	if (servers > 0)
		printf("bus %s: %" PRIu64 " of %" PRIu64 " servers there\n",
		    ctl_text(doc, "bus"), ctl_u64(doc, "bus_servers_up"),
		    servers);
	if (servers > 0)
		putchar('\n');
	print_hosts(doc);
}

static void
add_worker(struct table *t, const struct json *w)
{
	char text[TEXT_MAX];
	bool accepting = false;

	json_get_bool(w, "accepting", &accepting, NULL);
	table_add_u64(t, ctl_u64(w, "worker"));
	table_add_u64(t, ctl_u64(w, "pid"));
	table_add(t, accepting ? "serves" : "starts or ends");
	table_add(t, text_time(ctl_u64(w, "started"), text));
	table_add_u64(t, ctl_u64(w, "connections"));
	table_add_u64(t, ctl_u64(w, "stored_rate"));
	table_add_u64(t, ctl_u64(w, "delivered_rate"));
	table_add_u64(t, ctl_u64(w, "deaths"));
	table_add(t, text_bytes(ctl_u64(w, "memory"), text));
}

static void
print_workers(const struct json *doc)
{
	static const char *const heads[] = { ">WORKER", ">PID", "STATE",
		"SINCE", ">CONNECTIONS", ">STORED/S", ">DELIVERED/S", ">DIED",
		">MEMORY", NULL };
	struct table *t = table_new(heads);
	const struct json *l = NULL, *w;

	json_get_array(doc, "workers", &l, NULL);
	for (size_t i = 0; l != NULL && (w = json_at(l, i)) != NULL; i++)
		add_worker(t, w);
	table_print(&t);
}

static int
show(struct ctl *c)
{
	struct json *doc = ctl_ask(c, "status", NULL);

	if (doc == NULL)
		return CTL_FAILED;
	if (!c->json) {
		if ((c->opts & OPT_WATCH) && isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout);
		print_sums(doc);
		print_bus(doc);
		print_workers(doc);
	}
	json_free(&doc);
	fflush(stdout);
	return CTL_OK;
}

int
cmd_status(struct ctl *c)
{
	struct err err = { 0 };
	int rc;

	if (target_need_server(&c->target, &err) == -1)
		return ctl_fail(&err);
	rc = show(c);
	while (rc == CTL_OK && (c->opts & OPT_WATCH)) {
		sleep(WATCH_S);
		rc = show(c);
	}
	return rc;
}

int
cmd_log_level(struct ctl *c)
{
	struct buf args = { 0 };
	struct err err = { 0 };
	struct json *doc;

	if (target_need_server(&c->target, &err) == -1)
		return ctl_fail(&err);
	if (c->argc == 1)
		json_kstr(&args, "level", c->argv[0]);
	doc = ctl_ask(c, "log_level", &args);
	buf_free(&args);
	if (doc == NULL)
		return CTL_FAILED;
	if (!c->json)
		puts(ctl_text(doc, "level"));
	json_free(&doc);
	return CTL_OK;
}

static int
print_key(const char *key, const struct json *v, void *arg)
{
	const char *s;
	size_t len;

	if (json_as_str(v, &s, &len) == -1)
		return 0;
	printf(len > 0 ? "%s = %s\n" : "#%s =\n", key, s);
	return 0;
}

int
cmd_config(struct ctl *c)
{
	struct json *doc = ctl_ask(c, "config", NULL);
	const struct json *o;

	if (doc == NULL)
		return CTL_FAILED;
	if (!c->json && json_get_object(doc, "config", &o, NULL) == 1)
		json_each(o, print_key, NULL);
	json_free(&doc);
	return CTL_OK;
}
