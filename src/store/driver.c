/* store/driver.c - which drivers there are, and a database without threads. */
#include "store/driver.h"

#include <string.h>

#include "store/module.h"

const struct db_driver *
driver_find(const char *name, struct err *err)
{
	static const struct db_driver *const drivers[] = { &sqlite_driver,
		&fail_driver };

	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return module_load(name, err);
}

bool
store_is_shared(const char *driver)
{
	const struct db_driver *d = driver_find(driver, NULL);

	return d != NULL && d->shared;
}

struct db *
store_open_alone(const struct store_conf *conf, struct err *err)
{
	const struct db_driver *driver = driver_find(conf->driver, err);
	struct db *db;

	if (driver == NULL)
		return NULL;
	db = driver->open(conf, true, err);
	if (db == NULL)
		return NULL;
	db->driver = driver;
	db->ok = true;
	return db;
}

void
store_close_alone(struct db **db)
{
	if (*db != NULL)
		(*db)->driver->close(*db);
	*db = NULL;
}

int
store_swap(const struct store_conf *conf, const char *new_path, struct err *err)
{
	const struct db_driver *driver = driver_find(conf->driver, err);

	if (driver == NULL)
		return -1;
	return driver->swap(conf, new_path, err);
}
