/* base/conf_read.h - the table of keys, and who fills a configuration by it.
 * Private to base/conf*.c. */
#ifndef BASE_CONF_READ_H
#define BASE_CONF_READ_H

#include "base/conf.h"
#include "base/conf_value.h"
#include "base/err.h"

extern const struct conf_key conf_keys[];
extern const size_t conf_nkeys;

/* Where the key's value stands. */
void *conf_value_of(struct conf *conf, const struct conf_key *key);

/* The lines `key = value` of a file; the variables BURUNG_KEY. 0, or -1 with
 * *err, which names the line or the variable. */
int conf_read_file(const char *path, struct conf *conf, struct err *err);
int conf_read_env(struct conf *conf, struct err *err);

#endif
