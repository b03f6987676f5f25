/* t/unit/base_log.c - lines of the log. */
#include <errno.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "base/log.h"

static char path[] = "/tmp/burung-log-XXXXXX";
static char text[20000];

/* What the log holds; emptied after. */
static const char *
logged(void)
{
	FILE *f = fopen(path, "r");
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	text[n] = '\0';
	fclose(f);
	if (truncate(path, 0) == -1)
		bail_out("cannot empty the log");
	return text;
}

static void
test_line(void)
{
	const char *line;
	int y, rest = 0;

	errno = EPIPE;
	log_info("worker died", "pid=%d", 7);
	is_int(errno, EPIPE, "logging keeps errno");
	line = logged();
	ok(sscanf(line, "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3dZ%n", &y, &rest) ==
		    1 &&
		rest == 24,
	    "a line begins with the time");
	is_str(line + 24, " info [worker 2] worker died pid=7\n",
	    "then level, who, what and more");
	log_warn("event");
	is_str(
	    logged() + 24, " warn [worker 2] event\n", "more may be missing");
}

static void
test_levels(void)
{
	enum log_level level = LOG_ERROR;

	log_debug("hidden");
	is_str(logged(), "", "debug is not shown at info");
	log_set_level(LOG_ERROR);
	log_warn("hidden");
	is_str(logged(), "", "warn is not shown at error");
	log_set_level(LOG_DEBUG);
	log_debug("shown");
	ok(strstr(logged(), " debug ") != NULL, "debug is shown at debug");
	is_int(log_level_parse("warn", &level), 0, "levels have names");
	is_int(level, LOG_WARN, "that are read");
	is_int(log_level_parse("WARN", &level), -1, "and others have not");
}

static void
test_hostile(void)
{
	static char big[5000];
	const char *line;
	size_t len;

	log_info("e", "name=\"a\nb\x1b[31m\x7f é\"");
	ok(strstr(logged(), "name=\"a?b?[31m? é\"\n") != NULL,
	    "control characters are replaced");
	memset(big, 'x', sizeof(big) - 1);
	log_info("e", "%s", big);
	line = logged();
	len = strlen(line);
	ok(len <= 2048 && len > 2000 && line[len - 1] == '\n',
	    "a long line is cut at 2 KiB and ends");
	log_info(big, "k=v");
	len = strlen(logged());
	ok(len <= 2048 && text[len - 1] == '\n', "a long event too");
}

static void
test_reopen(void)
{
	char moved[64];

	snprintf(moved, sizeof(moved), "%s.1", path);
	rename(path, moved);
	log_info("old");
	is_int(log_reopen(), 0, "a moved log is opened anew");
	log_info("new");
	ok(strstr(logged(), "new") != NULL && strstr(text, "old") == NULL,
	    "new lines go to the new file, old ones stayed in the old");
	errno = 0;
	ok(log_open("/nonexistent/log") == -1 && errno == ENOENT,
	    "a log that cannot be opened");
	log_info("still");
	ok(strstr(logged(), "still") != NULL, "leaves the old one in use");
	unlink(moved);
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd == -1)
		bail_out("no temporary file");
	close(fd);
	log_init("worker 2", LOG_INFO);
	is_int(log_open(path), 0, "a log file is opened");
	test_line();
	test_levels();
	test_hostile();
	test_reopen();
	is_int(log_open(NULL), 0, "and left for stderr");
	is_int(log_reopen(), 0, "which needs no reopening");
	unlink(path);
	return done_testing();
}
