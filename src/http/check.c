/* http/check.c - header blocks: where they end, and whether they are right. */
#include "http/check.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* RFC 9110 §5.6.2 */
static const char token_marks[] = "!#$%&'*+-.^_`|~";
/* RFC 3986 §3.3: pchar without letters, digits and '%'; then what browsers
 * leave as it is in queries besides. */
static const char path_marks[] = "/-._~!$&'()*+,;=:@";
static const char query_marks[] = "/-._~!$&'()*+,;=:@?[]{}|^`";
static const char host_marks[] = ".-_:[]";

/* Headers whose repetition has no meaning, or two. */
static const char *const singles[] = { "Authorization", "Content-Length",
	"Content-Type", "Expect", "Host", "Origin", "Sec-WebSocket-Key",
	"Sec-WebSocket-Version", "Transfer-Encoding" };

/* What is refused, in plain words. */
static int
refuse(struct http_refusal *r, int status, const char *why)
{
	r->status = status;
	r->why = why;
	return -1;
}

static bool
is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static bool
is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	       (c >= 'A' && c <= 'F');
}

static bool
is_one_of(uint8_t c, const char *marks)
{
	return c != 0 && strchr(marks, c) != NULL;
}

static bool
is_token(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (!is_alnum((uint8_t)*s) &&
		    !is_one_of((uint8_t)*s, token_marks))
			return false;
	return true;
}

/* Every character one of those, every % with two digits behind it and not %00.
 */
static int
target_part(const char *s, const char *marks, struct http_refusal *r)
{
	for (; *s != '\0'; s++) {
		if (is_alnum((uint8_t)*s) || is_one_of((uint8_t)*s, marks))
			continue;
		if (*s != '%')
			return refuse(r, 400,
			    "the address has a character that must be escaped");
		if (!is_hex((uint8_t)s[1]) || !is_hex((uint8_t)s[2]))
			return refuse(
			    r, 400, "a % in the address has no two hex digits");
		if (s[1] == '0' && s[2] == '0')
			return refuse(r, 400, "the address has an escaped NUL");
		s += 2;
	}
	return 0;
}

static int
read_target(struct http_head *h, char *target, struct http_refusal *r)
{
	char *mark;

	if (strlen(target) > HTTP_TARGET_MAX)
		return refuse(r, 414, "the address is longer than 2 KiB");
	if (*target != '/')
		return refuse(
		    r, 400, "the address does not begin with a slash");
	h->path = target;
	h->query = "";
	if ((mark = strchr(target, '?')) != NULL) {
		*mark = '\0';
		h->query = mark + 1;
	}
	if (target_part(h->path, path_marks, r) == -1)
		return -1;
	return target_part(h->query, query_marks, r);
}

static int
read_method(struct http_head *h, const char *method, struct http_refusal *r)
{
	const char *s = method;

	while ((*s >= 'A' && *s <= 'Z') || *s == '-' || *s == '_')
		s++;
	if (s == method || *s != '\0' || s - method > HTTP_METHOD_MAX)
		return refuse(r, 400, "the method is not one");
	h->method = method;
	return 0;
}

static int
read_version(struct http_head *h, const char *v, struct http_refusal *r)
{
	if (strncmp(v, "HTTP/", 5) != 0 || v[5] < '0' || v[5] > '9' ||
	    v[6] != '.' || v[7] < '0' || v[7] > '9' || v[8] != '\0')
		return refuse(
		    r, 400, "the request line does not end in HTTP/1.1");
	if (v[5] != '1' || v[7] > '1')
		return refuse(r, 505, "only HTTP/1.1 and HTTP/1.0 are spoken");
	h->minor = (uint8_t)(v[7] - '0');
	return 0;
}

static int
read_request_line(struct http_head *h, char *line, struct http_refusal *r)
{
	char *target, *version;

	if ((target = strchr(line, ' ')) == NULL ||
	    (version = strchr(target + 1, ' ')) == NULL)
		return refuse(r, 400, "the request line has no three parts");
	*target++ = '\0';
	*version++ = '\0';
	if (read_method(h, line, r) == -1 || read_version(h, version, r) == -1)
		return -1;
	return read_target(h, target, r);
}

static char *
trim(char *s)
{
	char *end;

	s += strspn(s, " \t");
	for (end = s + strlen(s); end > s; end--)
		if (end[-1] != ' ' && end[-1] != '\t')
			break;
	*end = '\0';
	return s;
}

static int
read_field(struct http_field *f, char *line, struct http_refusal *r)
{
	char *colon;

	if (*line == ' ' || *line == '\t')
		return refuse(r, 400, "a header line begins with a blank");
	if ((colon = strchr(line, ':')) == NULL)
		return refuse(r, 400, "a header line has no colon");
	*colon = '\0';
	f->name = line;
	f->value = trim(colon + 1);
	if (!is_token(f->name))
		return refuse(r, 400, "a header's name is not a token");
	return 0;
}

/* Cuts the block into C strings. lines: with the request line. */
static int
read_lines(struct http_head *h, char *block, struct http_refusal *r)
{
	char *line = block, *end;

	for (; *line != '\r'; line = end + 2) {
		end = line + strcspn(line, "\r");
		*end = '\0';
		if (line == block) {
			if (read_request_line(h, line, r) == -1)
				return -1;
		} else if (read_field(&h->fields[h->count++], line, r) == -1)
			return -1;
	}
	return 0;
}

/* Joins the values of the fields called as the i-th into room, which grows.
 * The later ones lose their names. */
static char *
join(struct http_head *h, size_t i, char *room)
{
	struct http_field *f = &h->fields[i];
	const char *sep = strcasecmp(f->name, "Cookie") == 0 ? "; " : ", ";
	char *p = NULL;
	size_t j;

	for (j = i + 1; j < h->count; j++) {
		if (strcasecmp(h->fields[j].name, f->name) != 0)
			continue;
		if (p == NULL)
			p = stpcpy(room, f->value);
		p = stpcpy(stpcpy(p, sep), h->fields[j].value);
		h->fields[j].name = "";
	}
	if (p == NULL)
		return room;
	f->value = room;
	return p + 1;
}

static int
check_singles(const struct http_head *h, struct http_refusal *r)
{
	size_t i, k, seen;

	for (k = 0; k < sizeof(singles) / sizeof(singles[0]); k++) {
		for (seen = i = 0; i < h->count; i++)
			seen += strcasecmp(h->fields[i].name, singles[k]) == 0;
		if (seen > 1)
			return refuse(
			    r, 400, "a header that may come once came twice");
	}
	return 0;
}

static int
check_host(const struct http_head *h, struct http_refusal *r)
{
	const char *s = http_head_value(h, "Host");

	if (s == NULL)
		return h->minor == 0
			   ? 0
			   : refuse(r, 400, "there is no Host header");
	if (*s == '\0')
		return refuse(r, 400, "the Host header is empty");
	for (; *s != '\0'; s++)
		if (!is_alnum((uint8_t)*s) &&
		    !is_one_of((uint8_t)*s, host_marks))
			return refuse(r, 400, "the Host header is not a host");
	return 0;
}

/* Digits only. What does not fit stays at the largest number. */
static int
check_length(struct http_head *h, struct http_refusal *r)
{
	const char *s = http_head_value(h, "Content-Length");

	if (http_head_value(h, "Transfer-Encoding") != NULL)
		return s != NULL ? refuse(r, 400,
				       "Transfer-Encoding and Content-Length "
				       "contradict")
				 : refuse(r, 411,
				       "Transfer-Encoding is not served; send "
				       "Content-Length");
	if (s == NULL)
		return 0;
	if (*s == '\0' || strspn(s, "0123456789") != strlen(s))
		return refuse(r, 400, "Content-Length is not a number");
	for (; *s != '\0'; s++)
		h->length = h->length > UINT64_MAX / 10 - 1
				? UINT64_MAX
				: h->length * 10 + (uint64_t)(*s - '0');
	return 0;
}

/* A body must be JSON; nothing else ever gets near evhtp's form parser. */
static int
check_type(const struct http_head *h, struct http_refusal *r)
{
	static const char json[] = "application/json";
	const char *type = http_head_value(h, "Content-Type");
	size_t n = sizeof(json) - 1;

	if (h->length == 0)
		return 0;
	if (type != NULL && strncasecmp(type, json, n) == 0 &&
	    (type[n] == '\0' || is_one_of((uint8_t)type[n], "; \t")))
		return 0;
	return refuse(r, 415, "a body must be application/json");
}

static int
check_expect(struct http_head *h, struct http_refusal *r)
{
	const char *s = http_head_value(h, "Expect");

	if (s == NULL || h->minor == 0)
		return 0;
	if (strcasecmp(s, "100-continue") != 0)
		return refuse(r, 417, "only 100-continue can be expected");
	h->expect = h->length > 0;
	return 0;
}

/* HTTP/1.0 knows no upgrade (RFC 9110 §7.8). */
static void
forget_upgrade(struct http_head *h)
{
	size_t i;

	for (i = 0; i < h->count; i++)
		if (strcasecmp(h->fields[i].name, "Upgrade") == 0)
			h->fields[i].name = "";
}

/* Is token one of the comma-separated members of list (may be NULL)? */
static bool
lists(const char *list, const char *token)
{
	size_t n = strlen(token), len;

	while (list != NULL && *list != '\0') {
		list += strspn(list, ", \t");
		len = strcspn(list, ", \t");
		if (len == n && strncasecmp(list, token, n) == 0)
			return true;
		list += len;
	}
	return false;
}

static int
check_fields(struct http_head *h, uint64_t body_max, struct http_refusal *r)
{
	const char *connection = http_head_value(h, "Connection");

	if (check_host(h, r) == -1 || check_length(h, r) == -1 ||
	    check_type(h, r) == -1)
		return -1;
	if (h->length > body_max)
		return refuse(r, 413, "the body is longer than is accepted");
	if (check_expect(h, r) == -1)
		return -1;
	if (h->minor == 0)
		forget_upgrade(h);
	h->keep_alive = h->minor == 0 ? lists(connection, "keep-alive")
				      : !lists(connection, "close");
	return 0;
}

/* One allocation: the head, its fields, the block and room for joined values
 * (a join takes less than the line that it drops). */
struct http_head *
http_head_read(
    const uint8_t *p, size_t n, uint64_t body_max, struct http_refusal *r)
{
	struct http_head *h;
	size_t i, lines = 0;
	char *block, *room;

	r->status = 0;
	for (i = 0; i < n; i++)
		lines += p[i] == '\n';
	h = mem_zalloc(sizeof(*h) + lines * sizeof(h->fields[0]) + 2 * n + 2);
	block = (char *)&h->fields[lines];
	memcpy(block, p, n);
	block[n] = '\0';
	room = block + n + 1;
	if (read_lines(h, block, r) == -1 || check_singles(h, r) == -1) {
		free(h);
		return NULL;
	}
	for (i = 0; i < h->count; i++)
		if (*h->fields[i].name != '\0')
			room = join(h, i, room);
	if (check_fields(h, body_max, r) == -1) {
		free(h);
		return NULL;
	}
	return h;
}

const char *
http_head_value(const struct http_head *h, const char *name)
{
	size_t i;

	for (i = 0; i < h->count; i++)
		if (strcasecmp(h->fields[i].name, name) == 0)
			return h->fields[i].value;
	return NULL;
}
