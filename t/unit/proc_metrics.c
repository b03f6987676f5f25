/* t/unit/proc_metrics.c - the board as Prometheus and `status` read it. */
#include <string.h>

#include "../lib/tap.h"
#include "base/clock.h"
#include "base/json.h"
#include "proc/metrics.h"

static bool
has(struct buf *b, const char *line)
{
	return strstr(buf_cstr(b), line) != NULL;
}

static void
test_metrics(struct board *board)
{
	struct buf b = { 0 };

	metrics_write(&b, board, "1.2");
	ok(has(&b, "burung_info{version=\"1.2\"} 1\n"), "the version");
	ok(has(&b, "burung_events_stored_total{worker=\"1\"} 7\n"),
	    "a counter");
	ok(!has(&b, "{worker=\"3\""), "no place where nobody ever was");
	ok(has(&b, "burung_devices{worker=\"1\"} 5\n") &&
		has(&b, "burung_people{worker=\"1\"} 4\n") &&
		has(&b, "burung_rooms{worker=\"1\"} 3\n"),
	    "what is held for them");
	ok(has(&b, "burung_hosts_unheard{worker=\"2\"} 1\n"),
	    "hosts that are not heard");
	ok(has(&b, "burung_bus_lag_seconds{worker=\"1\"} 0.015\n"),
	    "how late the bus is");
	ok(has(&b, "burung_hosts 2\n"), "hosts that live");
	ok(has(&b,
	       "burung_requests_refused_total{worker=\"2\",code=\"internal\","
	       "status=\"500\"} 3\n"),
	    "what clients cannot tell apart is one");
	ok(has(&b,
	       "burung_http_refused_total{worker=\"1\",status=\"431\"} 2\n"),
	    "refusals by status");
	ok(has(&b,
	       "burung_store_commit_seconds_bucket{worker=\"1\",le=\"0.0001\"} "
	       "1\n"),
	    "the first bucket");
	ok(has(&b,
	       "burung_store_commit_seconds_bucket{worker=\"1\",le=\"2.5\"} "
	       "2\n"),
	    "buckets add up");
	ok(has(&b,
	       "burung_store_commit_seconds_bucket{worker=\"1\",le=\"+Inf\"} "
	       "3\n"),
	    "the last has all");
	ok(has(&b, "burung_store_commit_seconds_sum{worker=\"1\"} 9.003050\n"),
	    "the sum is in seconds");
	ok(has(&b, "burung_store_commit_seconds_count{worker=\"1\"} 3\n"),
	    "the count");
	buf_free(&b);
}

static bool
flag(const struct json *hosts, size_t at, const char *key)
{
	bool is = false;

	json_get_bool(json_at(hosts, at), key, &is, NULL);
	return is;
}

static void
test_status(struct board *board)
{
	struct node me = { .id = board->hosts.v[0].node.id, .bus = "redis x" };
	struct buf b = { 0 };
	const struct json *workers, *hosts;
	struct json *doc;
	uint64_t n = 0;

	json_open(&b, '{');
	status_write(&b, board, &me, "1.2");
	json_close(&b, '}');
	doc = json_parse(b.data, b.len, b.len, NULL);
	ok(doc != NULL, "status is an object");
	json_need_u64(doc, "stored", &n, NULL);
	is_int(n, 12, "sums of all workers, of those gone too");
	json_need_u64(doc, "refused", &n, NULL);
	is_int(n, 3, "all refusals");
	is_int(json_get_array(doc, "workers", &workers, NULL), 1, "workers");
	is_int(json_len(workers), 1, "those that run");
	is_int(json_get_array(doc, "hosts", &hosts, NULL), 1, "hosts");
	is_int(json_len(hosts), 3, "the silent too");
	ok(flag(hosts, 0, "this") && flag(hosts, 0, "live"), "this one");
	ok(flag(hosts, 1, "live") && !flag(hosts, 1, "heard"), "one unheard");
	ok(!flag(hosts, 2, "live") && !flag(hosts, 2, "this"), "one silent");
	json_free(&doc);
	buf_free(&b);
}

/* Three: this one, one that lives unheard, one that has fallen silent. */
static void
make_hosts(struct board *board)
{
	uint64_t now = clock_mono_ms();

	board->worker[0].bus_lag_ms = 15;
	board->worker[1].hosts_unheard = 1;
	board->hosts.n = 3;
	for (unsigned i = 0; i < 3; i++) {
		board->hosts.v[i].node.id = id_new();
		board->hosts.v[i].changed_ms = now;
	}
	board->hosts.v[1].unheard_ms = now;
	board->hosts.v[2].changed_ms = now - HOSTS_LIVE_MS - 1000;
}

int
main(void)
{
	struct board *board = board_new(3);
	struct board_worker *w = board->worker;

	w[0].generation = w[1].generation = 1;
	w[0].pid = 77;
	w[0].stored = 7;
	w[0].devices = 5;
	w[0].people = 4;
	w[0].rooms = 3;
	w[1].stored = 5;
	w[1].refused[ERR_CONF] = 1;
	w[1].refused[ERR_INTERNAL] = 2;
	w[0].http_refused[31] = 2;
	histo_add(&w[0].store.commit, 50);
	histo_add(&w[0].store.commit, 3000);
	histo_add(&w[0].store.commit, 9000000);
	make_hosts(board);
	test_metrics(board);
	test_status(board);
	board_free(&board);
	return done_testing();
}
