/* proc/metrics.c - the board as Prometheus reads it, and as `status` tells. */
#include "proc/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"

#define HEARD_AGAIN_MS 3000 /* no worker missed a host for so long */
#define AT(field)      offsetof(struct board_worker, field)

/* A number of each worker. */
struct metric {
	const char *name, *type, *help;
	size_t off;
};

static const struct metric counters[] = {
	{ "burung_events_stored_total", "counter",
	    "Events committed to the store.", AT(stored) },
	{ "burung_events_delivered_total", "counter",
	    "Events put into the queues of devices.", AT(delivered) },
	{ "burung_gap_repairs_total", "counter",
	    "Gaps in a room's events filled from the store.", AT(repaired) },
	{ "burung_slow_devices_closed_total", "counter",
	    "Devices closed because their queue was full.", AT(dropped) },
	{ "burung_worker_deaths_total", "counter",
	    "Workers that ended unasked in this place.", AT(deaths) },
	{ "burung_bus_messages_sent_total", "counter",
	    "Messages to other workers.", AT(bus_sent) },
	{ "burung_bus_messages_received_total", "counter",
	    "Messages of other workers.", AT(bus_received) },
	{ "burung_bus_messages_dropped_total", "counter",
	    "Messages that other workers were too slow for.", AT(bus_dropped) },
	{ "burung_bus_resyncs_total", "counter",
	    "Times the store was asked for what the bus may have lost.",
	    AT(bus_resyncs) },
	{ "burung_bus_servers", "gauge", "Redis servers in the configuration.",
	    AT(bus_servers) },
	{ "burung_bus_servers_up", "gauge",
	    "Redis servers that carry this worker's messages.", AT(bus_up) },
	{ "burung_hosts_unheard", "gauge",
	    "Hosts that are alive in the store but not heard on the bus.",
	    AT(hosts_unheard) },
	{ "burung_memory_bytes", "gauge", "Resident memory.", AT(rss) },
	{ "burung_devices", "gauge", "Devices that are logged in.",
	    AT(devices) },
	{ "burung_people", "gauge", "Persons with such a device.", AT(people) },
	{ "burung_rooms", "gauge", "Rooms that one of them is in.", AT(rooms) },
};

static uint64_t
value_at(const struct board_worker *w, size_t off)
{
	return *(const _Atomic uint64_t *)((const char *)w + off);
}

/* Was there ever a worker in this place? */
static bool
is_used(const struct board *b, unsigned i)
{
	return b->worker[i].generation > 0;
}

static void
put_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_metric(struct buf *out, const struct board *b, const struct metric *m)
{
	put_head(out, m->name, m->type, m->help);
	for (unsigned i = 0; i < b->places; i++)
		if (is_used(b, i))
			buf_addf(out, "%s{worker=\"%u\"} %ju\n", m->name, i + 1,
			    (uintmax_t)value_at(&b->worker[i], m->off));
}

static void
put_connections(struct buf *out, const struct board *b)
{
	put_head(out, "burung_connections", "gauge", "Open connections.");
	for (unsigned i = 0; i < b->places; i++)
		if (is_used(b, i))
			buf_addf(out, "burung_connections{worker=\"%u\"} %u\n",
			    i + 1, b->worker[i].connections);
	put_head(out, "burung_worker_up", "gauge",
	    "1: the worker serves, 0: there is none in this place.");
	for (unsigned i = 0; i < b->places; i++)
		if (is_used(b, i))
			buf_addf(out, "burung_worker_up{worker=\"%u\"} %u\n",
			    i + 1, b->worker[i].accepting != 0);
}

static void
put_lag(struct buf *out, const struct board *b)
{
	put_head(out, "burung_bus_lag_seconds", "gauge",
	    "How long a message to oneself took over Redis.");
	for (unsigned i = 0; i < b->places; i++)
		if (is_used(b, i))
			buf_addf(out,
			    "burung_bus_lag_seconds{worker=\"%u\"} %.3f\n",
			    i + 1, (double)b->worker[i].bus_lag_ms / 1000);
}

/* This one included; 0 where the store is not to be shared. */
static void
put_hosts(struct buf *out, struct hosts *h)
{
	uint64_t now = clock_mono_ms();
	unsigned live = 0;

	shlock_lock(&h->lock);
	for (unsigned i = 0; i < h->n; i++)
		live += host_is_live(&h->v[i], now);
	shlock_unlock(&h->lock);
	put_head(
	    out, "burung_hosts", "gauge", "Hosts that are alive in the store.");
	buf_addf(out, "burung_hosts %u\n", live);
}

static void
put_uptime(struct buf *out, const struct board *b)
{
	put_head(out, "burung_worker_start_time_seconds", "gauge",
	    "When the worker of this place started.");
	for (unsigned i = 0; i < b->places; i++)
		if (is_used(b, i))
			buf_addf(out,
			    "burung_worker_start_time_seconds{worker=\"%u\"} "
			    "%.3f\n",
			    i + 1, (double)b->worker[i].started_ms / 1000);
}

/* Codes that clients never read apart count as one, `internal`. */
static void
put_refused(struct buf *out, const struct board *b)
{
	static const char name[] = "burung_requests_refused_total";

	put_head(out, name, "counter",
	    "Requests answered with an error, by its code.");
	for (unsigned i = 0; i < b->places; i++) {
		for (int code = ERR_BAD_REQUEST;
		     is_used(b, i) && code <= ERR_INTERNAL; code++) {
			uint64_t n = b->worker[i].refused[code];

			if (code == ERR_INTERNAL)
				n += b->worker[i].refused[ERR_CONF] +
				     b->worker[i].refused[ERR_SYS];
			buf_addf(out,
			    "%s{worker=\"%u\",code=\"%s\",status=\"%d\"} "
			    "%ju\n",
			    name, i + 1, err_name((enum err_code)code),
			    err_status((enum err_code)code), (uintmax_t)n);
		}
	}
}

/* 400 always, so that there is something to compare with. */
static void
put_http_refused(struct buf *out, const struct board *b)
{
	static const char name[] = "burung_http_refused_total";

	put_head(out, name, "counter",
	    "Requests that broke HTTP's rules or limits, by the status given.");
	for (unsigned i = 0; i < b->places; i++) {
		for (unsigned at = 0; is_used(b, i) && at < HTTP_STATUSES;
		     at++) {
			uint64_t n = b->worker[i].http_refused[at];

			if (n > 0 || at == 0)
				buf_addf(out,
				    "%s{worker=\"%u\",status=\"%u\"} %ju\n",
				    name, i + 1, 400 + at, (uintmax_t)n);
		}
	}
}

static void
put_histo(
    struct buf *out, const char *name, unsigned worker, const struct histo *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < HISTO_BOUNDS; i++) {
		n += h->bucket[i];
		buf_addf(out, "%s_bucket{worker=\"%u\",le=\"%g\"} %ju\n", name,
		    worker, (double)histo_bound_us(i) / 1e6, (uintmax_t)n);
	}
	n += h->bucket[HISTO_BOUNDS];
	buf_addf(out, "%s_bucket{worker=\"%u\",le=\"+Inf\"} %ju\n", name,
	    worker, (uintmax_t)n);
	buf_addf(out, "%s_sum{worker=\"%u\"} %.6f\n", name, worker,
	    (double)h->sum_us / 1e6);
	buf_addf(
	    out, "%s_count{worker=\"%u\"} %ju\n", name, worker, (uintmax_t)n);
}

static void
put_store(struct buf *out, const struct board *b)
{
	static const char commit[] = "burung_store_commit_seconds";
	static const char read[] = "burung_store_read_seconds";

	put_head(out, commit, "histogram",
	    "How long one batch of events takes until it is on the disk.");
	for (unsigned i = 0; i < b->places; i++)
		if (is_used(b, i))
			put_histo(
			    out, commit, i + 1, &b->worker[i].store.commit);
	put_head(out, read, "histogram",
	    "How long the store takes to answer one reading request.");
	for (unsigned i = 0; i < b->places; i++)
		if (is_used(b, i))
			put_histo(out, read, i + 1, &b->worker[i].store.read);
}

void
metrics_write(struct buf *out, struct board *b, const char *version)
{
	put_head(out, "burung_info", "gauge", "The version that runs.");
	buf_addf(out, "burung_info{version=\"%s\"} 1\n", version);
	put_head(out, "burung_start_time_seconds", "gauge",
	    "When the server started.");
	buf_addf(out, "burung_start_time_seconds %.3f\n",
	    (double)b->started_ms / 1000);
	put_connections(out, b);
	put_uptime(out, b);
	put_lag(out, b);
	put_hosts(out, &b->hosts);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		put_metric(out, b, &counters[i]);
	put_refused(out, b);
	put_http_refused(out, b);
	put_store(out, b);
}

/* status --------------------------------------------------------------------
 */

static const struct {
	const char *key;
	size_t off;
} fields[] = {
	{ "delivered", AT(delivered) },
	{ "delivered_rate", AT(delivered_rate) },
	{ "stored", AT(stored) },
	{ "stored_rate", AT(stored_rate) },
	{ "repaired", AT(repaired) },
	{ "dropped", AT(dropped) },
	{ "deaths", AT(deaths) },
	{ "memory", AT(rss) },
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static uint64_t
refused_by(const struct board_worker *w)
{
	uint64_t n = 0;

	for (int code = 1; code < ERR_CODES; code++)
		n += w->refused[code];
	return n;
}

static void
put_worker(struct buf *out, const struct board_worker *w, unsigned number)
{
	json_open(out, '{');
	json_ku64(out, "worker", number);
	json_ku64(out, "pid", (uint64_t)w->pid);
	json_ku64(out, "generation", w->generation);
	json_kbool(out, "accepting", w->accepting != 0);
	json_ku64(out, "started", w->started_ms);
	json_ku64(out, "connections", w->connections);
	for (size_t i = 0; i < FIELDS; i++)
		json_ku64(out, fields[i].key, value_at(w, fields[i].off));
	json_ku64(out, "refused", refused_by(w));
	json_close(out, '}');
}

static void
put_sums(struct buf *out, const struct board *b)
{
	uint64_t connections = 0, refused = 0;

	for (unsigned i = 0; i < b->places; i++) {
		connections += b->worker[i].connections;
		refused += refused_by(&b->worker[i]);
	}
	json_ku64(out, "connections", connections);
	for (size_t f = 0; f < FIELDS; f++) {
		uint64_t sum = 0;

		for (unsigned i = 0; i < b->places; i++)
			sum += value_at(&b->worker[i], fields[f].off);
		json_ku64(out, fields[f].key, sum);
	}
	json_ku64(out, "refused", refused);
}

static void
put_host(
    struct buf *out, const struct host *h, const struct node *me, uint64_t now)
{
	json_open(out, '{');
	json_kid(out, "host", &h->node.id);
	json_kstr(out, "name", h->node.name);
	json_kstr(out, "bus", h->node.bus);
	json_kbool(out, "this", id_eq(&h->node.id, &me->id));
	json_kbool(out, "live", host_is_live(h, now));
	json_kbool(out, "serving", h->node.serving);
	json_kbool(out, "heard",
	    h->unheard_ms == 0 || now > h->unheard_ms + HEARD_AGAIN_MS);
	json_ku64(out, "at", h->node.at);
	json_close(out, '}');
}

static void
put_bus(struct buf *out, struct board *b, const struct node *me)
{
	uint64_t now = clock_mono_ms(), servers = 0, up = UINT64_MAX;

	for (unsigned i = 0; i < b->places; i++) {
		if (b->worker[i].pid == 0)
			continue;
		servers = b->worker[i].bus_servers;
		if (b->worker[i].bus_up < up)
			up = b->worker[i].bus_up;
	}
	json_kstr(out, "bus", me->bus);
	json_ku64(out, "bus_servers", servers);
	json_ku64(out, "bus_servers_up", up == UINT64_MAX ? 0 : up);
	json_key(out, "hosts");
	json_open(out, '[');
	shlock_lock(&b->hosts.lock);
	for (unsigned i = 0; i < b->hosts.n; i++)
		put_host(out, &b->hosts.v[i], me, now);
	shlock_unlock(&b->hosts.lock);
	json_close(out, ']');
}

void
status_write(struct buf *out, struct board *b, const struct node *me,
    const char *version)
{
	uint64_t now = clock_wall_ms();

	json_kstr(out, "version", version);
	json_ku64(out, "started", b->started_ms);
	json_ku64(
	    out, "uptime_ms", now > b->started_ms ? now - b->started_ms : 0);
	json_kstr(
	    out, "log_level", log_level_name((enum log_level)b->log_level));
	put_sums(out, b);
	put_bus(out, b, me);
	json_key(out, "workers");
	json_open(out, '[');
	for (unsigned i = 0; i < b->places; i++)
		if (b->worker[i].pid != 0)
			put_worker(out, &b->worker[i], i + 1);
	json_close(out, ']');
}
