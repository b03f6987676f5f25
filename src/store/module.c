/* store/module.c - finds and loads the module of a driver. */

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/module.h"

#define FILE_NAME "store_mongo.so"

/* Where it is installed, and where it is built, seen from a program there: a
 * program that was built but not installed must not find an older one. */
static const char *const folders[] = { "src/store/mongo", "../src/store/mongo",
	"../../src/store/mongo" };

static bool
serves(const char *uri)
{
	return strncmp(uri, "mongodb://", 10) == 0 ||
	       strncmp(uri, "mongodb+srv://", 14) == 0;
}

/* The module beside the program in its build tree. */
static bool
find_built(char path[PATH_MAX])
{
	char exe[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		return false;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	*slash = '\0';
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		n = snprintf(
		    path, PATH_MAX, "%s/%s/%s", exe, folders[i], FILE_NAME);
		if (n < PATH_MAX && access(path, R_OK) == 0)
			return true;
	}
	return false;
}

static const struct db_driver *
load(const char *path, struct err *err)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct store_module *module;

	if (handle == NULL) {
		err_set(err, ERR_CONF,
		    "store: the MongoDB module cannot be loaded (%.140s); "
		    "apt install burung-chat-mongodb, or libmongoc-1.0-0",
		    dlerror());
		return NULL;
	}
	module = dlsym(handle, "burung_store_module");
	if (module == NULL || strcmp(module->version, PACKAGE_VERSION) != 0 ||
	    module->driver_size != sizeof(struct db_driver)) {
		err_set(err, ERR_CONF,
		    "store: %.120s is of another version: install both anew",
		    path);
		dlclose(handle);
		return NULL;
	}
	return module->driver;
}

const struct db_driver *
module_load(const char *uri, struct err *err)
{
	static const struct db_driver *loaded;
	char path[PATH_MAX];

	if (!serves(uri)) {
		err_set(err, ERR_CONF,
		    "store: there is no kind '%.40s'; use sqlite or "
		    "mongodb://HOST/NAME",
		    uri);
		return NULL;
	}
	if (loaded != NULL)
		return loaded;
	if (!find_built(path))
		snprintf(path, sizeof(path), "%s/%s", PKGLIBDIR, FILE_NAME);
	loaded = load(path, err);
	return loaded;
}
