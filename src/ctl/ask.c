/* ctl/ask.c - one HTTP request over the admin socket. */
#include "ctl/ask.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SOCKET   "run/admin.sock"
#define HEAD_MAX 16384

/* A long path goes by way of its folder's descriptor: an address has room for
 * 107 bytes. */
int
ask_connect(const char *data)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int folder = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = -1, saved;

	if (folder == -1)
		return -1;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d/%s",
	    folder, SOCKET);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd != -1 &&
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		fd = -1;
	}
	saved = errno;
	close(folder);
	errno = saved;
	return fd;
}

static int
send_all(int fd, const struct buf *b, struct err *err)
{
	size_t done = 0;

	while (done < b->len) {
		ssize_t n =
		    send(fd, b->data + done, b->len - done, MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(err, "the server does not listen");
		done += (size_t)n;
	}
	return 0;
}

/* 1: some more, 0: the end, -1 *err. */
static int
read_more(int fd, struct buf *b, struct err *err)
{
	ssize_t n;

	do
		n = read(fd, buf_reserve(b, 65536), 65536);
	while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return err_set(err, ERR_BUSY,
		    "the server takes the question but gives no answer; its "
		    "log may say why");
	if (n == -1)
		return err_sys(err, "reading the server's answer");
	b->len += (size_t)n;
	return n > 0;
}

/* The value of one header of the head, which is a string; or NULL. */
static const char *
header(const char *head, const char *name)
{
	size_t len = strlen(name);
	const char *line;

	for (line = strstr(head, "\r\n"); line != NULL;
	     line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, len) == 0 && line[len] == ':')
			return line + len + 1;
	}
	return NULL;
}

/* "done/total" of an interim answer. */
static void
take_progress(struct answer *a, const char *value)
{
	uint64_t done, total = 0;
	char *slash;

	if (value == NULL || a->progress.cb == NULL)
		return;
	done = strtoull(value, &slash, 10);
	if (*slash == '/')
		total = strtoull(slash + 1, NULL, 10);
	a->progress.told = true;
	a->progress.cb(done, total, a->progress.arg);
}

/* One head off the front of a->first. */
static int
read_head(struct answer *a, struct err *err)
{
	const char *text, *end = NULL, *length;
	int rc = 1;

	text = buf_cstr(&a->first);
	end = strstr(text, "\r\n\r\n");
	while (end == NULL && a->first.len < HEAD_MAX &&
	       (rc = read_more(a->fd, &a->first, err)) == 1)
		end = strstr(buf_cstr(&a->first), "\r\n\r\n");
	if (rc == -1)
		return -1;
	text = buf_cstr(&a->first);
	if (end == NULL || strncmp(text, "HTTP/1.1 ", 9) != 0)
		return err_set(
		    err, ERR_BUSY, "the server ended before it answered");
	a->first.data[end + 2 - text] = '\0'; /* the head alone is looked at */
	a->status = (int)strtol(text + 9, NULL, 10);
	length = header(text, "Content-Length");
	a->length = length != NULL ? strtoull(length, NULL, 10) : 0;
	if (a->status == 102)
		take_progress(a, header(text, "Progress"));
	buf_drain(&a->first, (size_t)(end + 4 - text));
	return 0;
}

int
ask_post(int fd, const char *op, const struct buf *body, unsigned wait_s,
    struct answer *a_r, struct err *err)
{
	struct timeval wait = { .tv_sec = wait_s };
	struct buf out = { 0 };
	int rc;

	a_r->fd = fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	buf_addf(&out,
	    "POST /admin/%s HTTP/1.1\r\nHost: burungd\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n",
	    op, body->len);
	buf_add(&out, body->data, body->len);
	rc = send_all(fd, &out, err);
	explicit_bzero(out.data, out.len);
	buf_free(&out);
	a_r->status = 100;
	while (rc == 0 && a_r->status < 200)
		rc = read_head(a_r, err);
	if (rc == 0 && a_r->status == 200 && a_r->progress.told)
		a_r->progress.cb(1, 1, a_r->progress.arg); /* that was it */
	if (rc == -1)
		answer_end(a_r);
	return rc;
}

int
answer_body(struct answer *a, struct buf *out, struct err *err)
{
	size_t had = out->len;
	int rc = 1;

	buf_add(out, a->first.data, a->first.len);
	while (rc == 1 && out->len - had < a->length)
		rc = read_more(a->fd, out, err);
	if (rc == 0 && out->len - had < a->length)
		return err_set(
		    err, ERR_BUSY, "the server ended within its answer");
	return rc == -1 ? -1 : 0;
}

void
answer_end(struct answer *a)
{
	if (a->fd != -1)
		close(a->fd);
	a->fd = -1;
	buf_free(&a->first);
}
