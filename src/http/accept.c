/* http/accept.c - lists of what a client would like. */
#include "http/accept.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* "0", "0.5", "1.000" and so on in thousandths; anything else is 0. */
static int
thousandths(const char *s, size_t n)
{
	int v, unit = 100;
	size_t i;

	if (n == 0 || n > 5 || (s[0] != '0' && s[0] != '1'))
		return 0;
	v = (s[0] - '0') * 1000;
	for (i = 1; i < n; i++) {
		if (i == 1 ? s[i] != '.' : s[i] < '0' || s[i] > '9')
			return 0;
		if (i > 1) {
			v += (s[i] - '0') * unit;
			unit /= 10;
		}
	}
	return v > 1000 ? 0 : v;
}

/* The q of one list member, whose parameters begin at s. */
static int
member_weight(const char *s, size_t n)
{
	const char *end = s + n, *semi;

	for (; s < end; s = semi) {
		s += strspn(s, "; \t");
		semi = s + strcspn(s, ";,");
		if (semi - s < 2 || strncasecmp(s, "q=", 2) != 0)
			continue;
		s += 2;
		return thousandths(s, strcspn(s, "; \t,"));
	}
	return 1000;
}

/* The weight of the member called name; -1: there is none. */
static int
weight_of(const char *list, const char *name)
{
	size_t len, n = strlen(name);
	const char *s;

	for (s = list; s != NULL && *s != '\0'; s += len) {
		s += strspn(s, ", \t");
		len = strcspn(s, ",");
		if (strcspn(s, ";, \t") == n && strncasecmp(s, name, n) == 0)
			return member_weight(s + n, len - n);
	}
	return -1;
}

int
http_accept_weight(const char *list, const char *coding)
{
	int w = weight_of(list, coding);

	if (w == -1)
		w = weight_of(list, "*");
	return w == -1 ? 0 : w;
}

bool
http_accept_names(const char *list, const char *type)
{
	return weight_of(list, type) > 0;
}

bool
http_accept_tag(const char *list, const char *tag)
{
	size_t len, n = strlen(tag);

	while (list != NULL && *list != '\0') {
		list += strspn(list, ", \t");
		if (*list == '*')
			return true;
		if (strncmp(list, "W/", 2) == 0)
			list += 2;
		len = strcspn(list, ",");
		while (
		    len > n && (list[len - 1] == ' ' || list[len - 1] == '\t'))
			len--;
		if (len == n && strncmp(list, tag, n) == 0)
			return true;
		list += strcspn(list, ",");
	}
	return false;
}
