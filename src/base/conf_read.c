/* base/conf_read.c - reads the configuration's file, and the environment. */
#include "base/conf_read.h"

#include <bsd/string.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct conf_key *
key_find(const char *name)
{
	for (size_t i = 0; i < conf_nkeys; i++)
		if (strcmp(conf_keys[i].name, name) == 0)
			return &conf_keys[i];
	return NULL;
}

static char *
trim(char *s)
{
	size_t len;

	while (isspace((unsigned char)*s))
		s++;
	for (len = strlen(s); len > 0 && isspace((unsigned char)s[len - 1]);)
		len--;
	s[len] = '\0';
	return s;
}

/* One line being read: where it stands, for messages. */
struct line {
	const char *path;
	unsigned number;
	unsigned *seen; /* the line where each key stood, or 0 */
};

static int
line_wrong(
    const struct line *l, const char *name, const char *why, struct err *err)
{
	return err_set(
	    err, ERR_CONF, "%s:%u: %.32s: %s", l->path, l->number, name, why);
}

static int
line_set(struct line *l, struct conf *conf, const char *name, const char *text,
    struct err *err)
{
	const struct conf_key *key = key_find(name);
	struct err why = { 0 };

	if (key == NULL)
		return line_wrong(l, name,
		    "no such key; conf/burungd.conf lists them all", err);
	if (l->seen[key - conf_keys] != 0)
		return err_set(err, ERR_CONF,
		    "%s:%u: %s: stands in line %u already; remove one of them",
		    l->path, l->number, name, l->seen[key - conf_keys]);
	l->seen[key - conf_keys] = l->number;
	if (text[0] == '\0')
		return line_wrong(l, name,
		    "has no value; write one, or remove the line for the "
		    "default",
		    err);
	if (conf_value_set(key, conf_value_of(conf, key), text, &why) == -1)
		return line_wrong(l, name, why.text, err);
	return 0;
}

static int
line_read(struct line *l, struct conf *conf, char *s, struct err *err)
{
	char *eq;

	s = trim(s);
	if (s[0] == '\0' || s[0] == '#')
		return 0;
	eq = strchr(s, '=');
	if (eq == NULL)
		return line_wrong(
		    l, s, "is not `key = value`; comments begin with #", err);
	*eq = '\0';
	return line_set(l, conf, trim(s), trim(eq + 1), err);
}

int
conf_read_file(const char *path, struct conf *conf, struct err *err)
{
	struct line l = { .path = path };
	char *s = NULL;
	size_t size = 0;
	int rc = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return err_set(err, ERR_CONF,
		    "%s: %s; name another file with -c, or none for the "
		    "defaults",
		    path, strerror(errno));
	l.seen = mem_calloc(conf_nkeys, sizeof(*l.seen));
	errno = 0;
	while (rc == 0 && getline(&s, &size, f) != -1) {
		l.number++;
		rc = line_read(&l, conf, s, err);
	}
	/* no memory for a line is no error of the file's, nor its end */
	if (rc == 0 && !feof(f))
		rc = err_set(err, ERR_CONF, "%s: %s", path, strerror(errno));
	free(l.seen);
	free(s);
	fclose(f);
	return rc;
}

/* An empty variable is none: that is how a compose file leaves one out. Blanks
 * around a value do not count, as in the file: some end in a CR. */
static int
env_key(struct conf *conf, const struct conf_key *key, struct err *err)
{
	char name[64] = "BURUNG_", *text, *copy;
	struct err why = { 0 };
	int rc = 0;

	strlcat(name, key->name, sizeof(name));
	for (char *p = name; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
	text = getenv(name);
	if (text == NULL)
		return 0;
	copy = mem_dup(text, strlen(text) + 1);
	text = trim(copy);
	if (text[0] != '\0' &&
	    conf_value_set(key, conf_value_of(conf, key), text, &why) == -1)
		rc = err_set(
		    err, ERR_CONF, "environment: %s: %s", name, why.text);
	free(copy);
	return rc;
}

int
conf_read_env(struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < conf_nkeys; i++)
		if (env_key(conf, &conf_keys[i], err) == -1)
			return -1;
	return 0;
}
