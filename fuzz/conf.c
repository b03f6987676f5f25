/* fuzz/conf.c - any configuration: refused with a reason, or read; and what was
 * read, written down as burungctl shows it, is read again as the same. Behind
 * the first NUL the environment: NAME=value lines. */
#include "base/conf.h"

#include <sys/mman.h>

#include <bsd/string.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int
load(const void *p, size_t n, struct conf **conf_r, struct err *err)
{
	int fd = memfd_create("conf", 0), rc;
	char path[64];

	must(fd != -1 && (n == 0 || write(fd, p, n) == (ssize_t)n));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = conf_load(path, conf_r, err);
	close(fd);
	return rc;
}

static void
write_key(const char *name, const char *value, void *arg)
{
	if (value[0] != '\0')
		buf_addf(arg, "%s = %s\n", name, value);
}

static void
clear_key(const char *name, const char *value, void *arg)
{
	char variable[80] = "BURUNG_";

	strlcat(variable, name, sizeof(variable));
	for (char *s = variable; *s != '\0'; s++)
		if (*s >= 'a' && *s <= 'z')
			*s = (char)(*s - 'a' + 'A');
	unsetenv(variable);
}

static void
clear_environment(void)
{
	struct conf *conf;
	struct err err = { 0 };

	clearenv();
	must(conf_load(NULL, &conf, &err) == 0);
	conf_each(conf, clear_key, NULL);
	conf_free(&conf);
}

/* Lines of NAME=value, without NUL in them. */
static void
set_environment(char *text)
{
	char *line, *eq;

	while ((line = strsep(&text, "\n")) != NULL)
		if (strncmp(line, "BURUNG_", 7) == 0 &&
		    (eq = strchr(line, '=')) != NULL) {
			*eq = '\0';
			setenv(line, eq + 1, 1);
		}
}

/* A login is shown as three asterisks, which is what would be read again. */
static bool
hides_login(const struct buf *shown)
{
	static const char hidden[] = "://***@";

	return memmem(shown->data, shown->len, hidden, sizeof(hidden) - 1) !=
	       NULL;
}

static void
same_again(const struct conf *conf)
{
	struct buf first = { 0 }, second = { 0 };
	struct conf *again;
	struct err err = { 0 };
	char fixed[200];

	conf_each(conf, write_key, &first);
	must(load(first.data, first.len, &again, &err) == 0);
	conf_each(again, write_key, &second);
	must(first.len == second.len &&
	     memcmp(first.data, second.data, first.len) == 0);
	conf_fixed_diff(conf, again, fixed, sizeof(fixed));
	must(fixed[0] == '\0' || hides_login(&first));
	conf_free(&again);
	buf_free(&first);
	buf_free(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf text = { 0 };
	struct conf *conf = NULL;
	struct err err = { 0 };
	size_t file;
	int rc;

	buf_add(&text, p, n);
	buf_cstr(&text);
	file = strlen((char *)text.data);
	if (file < n)
		set_environment((char *)text.data + file + 1);
	rc = load(text.data, file, &conf, &err);
	clear_environment();
	must((rc == -1) == (err.code == ERR_CONF));
	must(rc == 0 || err.text[0] != '\0');
	if (rc == 0)
		same_again(conf);
	conf_free(&conf);
	buf_free(&text);
	return 0;
}
