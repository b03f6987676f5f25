/* bus/bus.c - the bus as its users see it; the drivers do the work. */
#include "bus/bus.h"

#include <stdio.h>
#include <string.h>

#include "bus/driver.h"

static bool
is_local(const char *url)
{
	return url == NULL || strcmp(url, "local") == 0;
}

int
bus_check(const char *url, struct err *err)
{
	return is_local(url) ? 0 : redis_check(url, err);
}

void
bus_describe(const char *url, char *out, size_t size)
{
	if (is_local(url))
		snprintf(out, size, "local");
	else
		redis_describe(url, out, size);
}

struct bus *
bus_open(struct loop *loop, const struct bus_conf *conf,
    const struct bus_ops *ops, void *arg, struct err *err)
{
	if (is_local(conf->url))
		return local_open(loop, conf, ops, arg, err);
	return redis_open(loop, conf, ops, arg, err);
}

void
bus_close(struct bus **bus)
{
	if (*bus == NULL)
		return;
	(*bus)->driver->close(*bus);
	*bus = NULL;
}

void
bus_subscribe(struct bus *bus, const struct id *topic)
{
	if (bus->driver->subscribe != NULL)
		bus->driver->subscribe(bus, topic);
	else if (bus->ops->on_ready != NULL)
		bus->ops->on_ready(bus->arg, topic);
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
	if (bus->driver->stats != NULL)
		bus->driver->stats(bus, s_r);
}

void
bus_state(const struct bus *bus, struct bus_state *s_r)
{
	memset(s_r, 0, sizeof(*s_r));
	if (bus->driver->state != NULL)
		bus->driver->state(bus, s_r);
}

uint64_t
bus_heard_ms(const struct bus *bus, const struct id *host)
{
	if (bus->driver->heard_ms == NULL)
		return UINT64_MAX;
	return bus->driver->heard_ms(bus, host);
}
