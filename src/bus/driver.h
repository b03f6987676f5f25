/* bus/driver.h - what a driver of the bus provides. Private to src/bus. */
#ifndef BUS_DRIVER_H
#define BUS_DRIVER_H

#include "bus/bus.h"

struct bus_driver {
	const char *name;
	void (*close)(struct bus *bus);
	void (*publish)(struct bus *bus, const struct bus_msg *m);
	/* May be NULL: everything comes anyway. The driver calls on_ready. */
	void (*subscribe)(struct bus *bus, const struct id *topic);
	void (*unsubscribe)(struct bus *bus, const struct id *topic);
	/* What bus.h promises; may be NULL: only this host, or what is in
	 * struct bus. */
	void (*state)(const struct bus *bus, struct bus_state *s_r);
	uint64_t (*heard_ms)(const struct bus *bus, const struct id *host);
	void (*stats)(const struct bus *bus, struct bus_stats *s_r);
};

/* The first member of each driver's own struct. */
struct bus {
	const struct bus_driver *driver;
	const struct bus_ops *ops;
	void *arg;
	struct loop *loop;
	struct bus_stats stats;
};

struct bus *local_open(struct loop *loop, const struct bus_conf *conf,
    const struct bus_ops *ops, void *arg, struct err *err);
/* Over Redis servers, and the sockets for the workers of this host. */
struct bus *redis_open(struct loop *loop, const struct bus_conf *conf,
    const struct bus_ops *ops, void *arg, struct err *err);
int redis_check(const char *url, struct err *err);
void redis_describe(const char *url, char *out, size_t size);

#endif
