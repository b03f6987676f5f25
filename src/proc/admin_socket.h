/* proc/admin_socket.h - the Unix socket for administrators, run/admin.sock in
 * the data folder. */
#ifndef PROC_ADMIN_SOCKET_H
#define PROC_ADMIN_SOCKET_H

#include "base/err.h"
#include "proc/listen.h"

#define ADMIN_FOLDER "run"
#define ADMIN_SOCKET "admin.sock"

/* Listens for the owner of the folder only (0600 in a folder of 0700); what a
 * former server left there is removed. Under the data folder's lock. 0, or -1.
 */
int admin_socket_open(struct listen_set *s, const char *data, struct err *err);

/* Removes the socket: nobody waits in vain for a server that is gone. */
void admin_socket_close(struct listen_set *s, const char *data);

#endif
