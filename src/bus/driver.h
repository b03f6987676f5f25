/* bus/driver.h - what a driver of the bus provides. Private to src/bus. */
#ifndef BUS_DRIVER_H
#define BUS_DRIVER_H

#include "bus/bus.h"

struct bus_driver {
	const char *name;
	void (*close)(struct bus *bus);
	void (*publish)(struct bus *bus, const struct bus_msg *m);
	/* May be NULL: everything comes anyway. The driver calls ready. */
	void (*subscribe)(
	    struct bus *bus, const struct id *topic, loop_cb *ready, void *arg);
	void (*unsubscribe)(struct bus *bus, const struct id *topic);
};

/* The first member of each driver's own struct. */
struct bus {
	const struct bus_driver *driver;
	const struct bus_ops *ops;
	void *arg;
	struct loop *loop;
	struct bus_stats stats;
};

#endif
