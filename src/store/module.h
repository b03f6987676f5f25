/* store/module.h - drivers that need large libraries are modules, loaded only
 * when the configuration names them. Private to store. */
#ifndef STORE_MODULE_H
#define STORE_MODULE_H

#include "store/driver.h"

/* What a module exports as burung_store_module. */
struct store_module {
	const char *version; /* of the build: must be the program's */
	size_t driver_size;  /* sizeof(struct db_driver) of the build */
	const struct db_driver *driver;
};
extern const struct store_module burung_store_module;

/* Loads the module that serves the scheme of a URI ("mongodb://…"), once; it
 * stays. NULL with *err, which says what to do. */
const struct db_driver *module_load(const char *uri, struct err *err);

#endif
