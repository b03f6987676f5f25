/* bus/bus.c - the bus as its users see it; the drivers do the work. */
#include "bus/bus.h"

#include "bus/driver.h"

void
bus_close(struct bus **bus)
{
	if (*bus == NULL)
		return;
	(*bus)->driver->close(*bus);
	*bus = NULL;
}

void
bus_subscribe(
    struct bus *bus, const struct id *topic, loop_cb *ready, void *arg)
{
	if (bus->driver->subscribe != NULL)
		bus->driver->subscribe(bus, topic, ready, arg);
	else if (ready != NULL)
		ready(arg);
}

void
bus_unsubscribe(struct bus *bus, const struct id *topic)
{
	if (bus->driver->unsubscribe != NULL)
		bus->driver->unsubscribe(bus, topic);
}

void
bus_publish(struct bus *bus, const struct bus_msg *m)
{
	bus->driver->publish(bus, m);
}

void
bus_stats(const struct bus *bus, struct bus_stats *s_r)
{
	*s_r = bus->stats;
}
