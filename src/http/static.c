/* http/static.c - the files of the built client. */
#include "http/static.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/accept.h"
#include "http/etag.h"

#define NAME_MAX_LEN 1024

struct static_files {
	int dir;
	struct http_etags *etags;
};

struct kind {
	const char *ext;
	const char *type;
	bool packs; /* may have .br and .gz beside it */
};

struct packing {
	const char *coding, *ext;
};

/* A file found. */
struct found {
	int fd;
	struct stat st;
	const char *type;
	const char *coding; /* NULL: as it is */
	bool full;          /* not found for want of a descriptor */
};

static const struct kind kinds[] = {
	{ "html", "text/html; charset=utf-8", true },
	{ "js", "text/javascript; charset=utf-8", true },
	{ "mjs", "text/javascript; charset=utf-8", true },
	{ "css", "text/css; charset=utf-8", true },
	{ "json", "application/json", true },
	{ "map", "application/json", true },
	{ "webmanifest", "application/manifest+json", true },
	{ "svg", "image/svg+xml", true },
	{ "txt", "text/plain; charset=utf-8", true },
	{ "xml", "application/xml", true },
	{ "wasm", "application/wasm", true },
	{ "ico", "image/x-icon", true },
	{ "png", "image/png", false },
	{ "jpg", "image/jpeg", false },
	{ "jpeg", "image/jpeg", false },
	{ "gif", "image/gif", false },
	{ "webp", "image/webp", false },
	{ "avif", "image/avif", false },
	{ "woff2", "font/woff2", false },
	{ "woff", "font/woff", false },
	{ "ogg", "audio/ogg", false },
	{ "mp3", "audio/mpeg", false },
};

static const struct kind other = { "", "application/octet-stream", false };

struct static_files *
static_new(const char *folder, struct err *err)
{
	struct static_files *s;
	int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir == -1) {
		err_sys(err, "cannot open the folder %s", folder);
		return NULL;
	}
	MEM_NEW(s);
	s->dir = dir;
	s->etags = http_etags_new();
	return s;
}

void
static_free(struct static_files **s)
{
	if (*s == NULL)
		return;
	close((*s)->dir);
	http_etags_free(&(*s)->etags);
	free(*s);
	*s = NULL;
}

static const struct kind *
kind_of(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t i;

	for (i = 0; dot != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcasecmp(dot + 1, kinds[i].ext) == 0)
			return &kinds[i];
	return &other;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 0x20) - 'a' + 10;
}

/* The path without its slash and with its escapes (which the gate has checked)
 * undone, once. -1: no name of ours is like that: slashes that were escaped,
 * backslashes, control characters, empty parts, parts that begin with a dot. */
static int
name_read(const char *path, char name[NAME_MAX_LEN])
{
	size_t n = 0;
	char c;

	for (path++; *path != '\0'; path++) {
		c = *path;
		if (c == '%') {
			c = (char)(hex_value(path[1]) << 4 |
				   hex_value(path[2]));
			path += 2;
			if (c == '/')
				return -1;
		}
		if ((unsigned char)c < 0x20 || c == 0x7f || c == '\\')
			return -1;
		if ((c == '.' || c == '/') && (n == 0 || name[n - 1] == '/'))
			return -1;
		if (n + 1 >= NAME_MAX_LEN)
			return -1;
		name[n++] = c;
	}
	name[n] = '\0';
	return 0;
}

/* Opens a regular file below dir, following no links. -1: there is none. */
static int
open_below(int dir, const char *name)
{
	char part[NAME_MAX_LEN];
	int at = dir, next;
	const char *slash;

	for (; (slash = strchr(name, '/')) != NULL; name = slash + 1) {
		memcpy(part, name, (size_t)(slash - name));
		part[slash - name] = '\0';
		next = openat(
		    at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (at != dir)
			close(at);
		if (next == -1)
			return -1;
		at = next;
	}
	next = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (at != dir)
		close(at);
	return next;
}

static bool
find_one(const struct static_files *s, const char *name, struct found *f)
{
	if ((f->fd = open_below(s->dir, name)) == -1) {
		f->full = errno == EMFILE || errno == ENFILE;
		return false;
	}
	if (fstat(f->fd, &f->st) == 0 && S_ISREG(f->st.st_mode))
		return true;
	close(f->fd);
	return false;
}

/* Whether the client wants this coding and name has a variant in it: *f. */
static bool
find_packed(const struct static_files *s, const char *name,
    const struct packing *packing, int weight, struct found *f)
{
	char packed[NAME_MAX_LEN + 4];

	if (weight == 0)
		return false;
	stpcpy(stpcpy(packed, name), packing->ext);
	if (!find_one(s, packed, f))
		return false;
	f->coding = packing->coding;
	return true;
}

/* The file called name, or the variant of it that the client likes best. */
static bool
find(const struct static_files *s, const struct http_request *req,
    const char *name, struct found *f)
{
	static const struct packing br = { "br", ".br" },
				    gz = { "gzip", ".gz" };
	const char *codings = http_header(req, "Accept-Encoding");
	int wbr = http_accept_weight(codings, "br");
	int wgz = http_accept_weight(codings, "gzip");
	const struct kind *kind = kind_of(name);
	struct found plain = { .type = kind->type };
	bool first = wbr >= wgz;

	*f = plain;
	if (!find_one(s, name, f))
		return false;
	plain = *f;
	if (kind->packs &&
	    (find_packed(s, name, first ? &br : &gz, first ? wbr : wgz, f) ||
		find_packed(s, name, first ? &gz : &br, first ? wgz : wbr, f)))
		close(plain.fd);
	else
		*f = plain;
	return true;
}

static void
refuse(struct http_request *req, int status, const char *text)
{
	http_reply(
	    req, status, "text/plain; charset=utf-8", text, strlen(text));
}

static bool
below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 &&
	       (path[n] == '/' || path[n] == '\0');
}

/* hashed: the name changes when the content does. */
static void
send_file(struct static_files *s, struct http_request *req,
    const struct found *f, bool hashed)
{
	char tag[HTTP_ETAG];

	if (http_etag_of(s->etags, f->fd, &f->st, tag) == -1) {
		close(f->fd);
		refuse(req, 500, "500 Internal Server Error\n");
		return;
	}
	http_reply_header(req, "ETag", tag);
	http_reply_header(req, "Vary", "Accept-Encoding");
	http_reply_header(req, "Cache-Control",
	    hashed ? "public, max-age=31536000, immutable" : "no-cache");
	if (f->coding != NULL)
		http_reply_header(req, "Content-Encoding", f->coding);
	if (http_accept_tag(http_header(req, "If-None-Match"), tag)) {
		close(f->fd);
		http_reply(req, 304, NULL, NULL, 0);
		return;
	}
	http_reply_file(req, 200, f->type, f->fd, (size_t)f->st.st_size);
}

/* May a path that is no file be the client's own, to be shown by index.html? */
static bool
is_page(const struct http_request *req)
{
	const char *path = http_path(req);

	return !below(path, "/api") && !below(path, "/assets") &&
	       http_accept_names(http_header(req, "Accept"), "text/html");
}

void
static_handle(struct http_request *req, void *arg)
{
	struct static_files *s = arg;
	char name[NAME_MAX_LEN];
	struct found f;

	if (http_method(req) != HTTP_GET && http_method(req) != HTTP_HEAD) {
		http_reply_header(req, "Allow", "GET, HEAD");
		refuse(req, 405, "405 Method Not Allowed\n");
		return;
	}
	if (name_read(http_path(req), name) == -1) {
		refuse(req, 404, "404 Not Found\n");
		return;
	}
	if (*name == '\0')
		memcpy(name, "index.html", sizeof("index.html"));
	if (find(s, req, name, &f))
		send_file(s, req, &f, strncmp(name, "assets/", 7) == 0);
	else if (is_page(req) && find(s, req, "index.html", &f))
		send_file(s, req, &f, false);
	else if (f.full)
		refuse(req, 503, "503 Service Unavailable\n");
	else
		refuse(req, 404, "404 Not Found\n");
}
