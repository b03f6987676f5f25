/* proc/admin_socket.c - the Unix socket for administrators. */
#include "proc/admin_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <bsd/string.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 64 };

/* The folder, made where missing; its descriptor, or -1. */
static int
open_folder(const char *data, struct err *err)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", data, ADMIN_FOLDER) >=
	    (int)sizeof(path))
		return err_set(err, ERR_CONF, "data: the path is too long");
	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return err_sys(err, "data: %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return err_sys(err, "data: %s", path);
	if (fchmod(fd, 0700) == -1) {
		err_sys(err, "data: %s", path);
		close(fd);
		return -1;
	}
	return fd;
}

/* The socket and half-made backups of a server that was killed. */
static void
sweep(int folder)
{
	int copy = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy != -1 ? fdopendir(copy) : NULL;
	const struct dirent *e;

	while (dir != NULL && (e = readdir(dir)) != NULL)
		if (strncmp(e->d_name, "backup.", 7) == 0)
			unlinkat(folder, e->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	unlinkat(folder, ADMIN_SOCKET, 0);
}

/* A socket's address holds 107 bytes, a path may be longer: then by way of the
 * folder's descriptor. */
static void
set_address(struct sockaddr_un *sun, const char *data, int folder)
{
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/%s/%s", data,
		ADMIN_FOLDER, ADMIN_SOCKET) >= (int)sizeof(sun->sun_path))
		snprintf(sun->sun_path, sizeof(sun->sun_path),
		    "/proc/self/fd/%d/%s", folder, ADMIN_SOCKET);
}

static int
listen_there(const char *data, int folder, struct err *err)
{
	struct sockaddr_un sun;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return err_sys(err, "admin socket");
	set_address(&sun, data, folder);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
	    fchmodat(folder, ADMIN_SOCKET, 0600, 0) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	err_sys(err, "admin socket in %s/%s", data, ADMIN_FOLDER);
	close(fd);
	return -1;
}

int
admin_socket_open(struct listen_set *s, const char *data, struct err *err)
{
	int folder = open_folder(data, err), fd;

	s->n = 0;
	if (folder == -1)
		return -1;
	sweep(folder);
	fd = listen_there(data, folder, err);
	close(folder);
	if (fd == -1)
		return -1;
	s->fd[s->n++] = fd;
	return 0;
}

void
admin_socket_close(struct listen_set *s, const char *data)
{
	char path[PATH_MAX];

	if (s->n > 0 && snprintf(path, sizeof(path), "%s/%s/%s", data,
			    ADMIN_FOLDER, ADMIN_SOCKET) < (int)sizeof(path))
		unlink(path);
	listen_close(s);
}
