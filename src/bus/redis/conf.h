/* bus/redis/conf.h - which Redis servers, and how to log in there. Private to
 * src/bus/redis. */
#ifndef BUS_REDIS_CONF_H
#define BUS_REDIS_CONF_H

#include <stdint.h>

#include "base/err.h"

#define REDIS_SERVERS_MAX 16

struct redis_address {
	char *host; /* a name or an address, without brackets; NULL: path */
	char *path; /* of a Unix socket */
	uint16_t port;
	char *shown; /* for people: no password in it */
};

struct redis_conf {
	struct redis_address server[REDIS_SERVERS_MAX];
	unsigned n;
	char *user, *password; /* of all of them; NULL: none */
	unsigned db;           /* part of the channels' names */
};

/* Reads
 *	redis://[[user]:password@]host[:port][,host[:port]…][/db]
 *	redis+unix://[[user]:password@]/path[,/path…][?db=db]
 * where user and password may be percent-encoded. The caller owns *conf_r. 0,
 * or -1 with *err, which never has the password in it. */
int redis_conf_parse(
    const char *url, struct redis_conf **conf_r, struct err *err);
void redis_conf_free(struct redis_conf **conf);

#endif
