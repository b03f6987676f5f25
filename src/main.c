/* main.c - burungd: arguments, then the master. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <bsd/unistd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/handed.h"
#include "proc/master.h"

static const char usage[] =
    "usage: burungd [-htV] [-c FILE]\n"
    "\n"
    "  -c FILE  read the configuration from FILE; without it every key has\n"
    "           its default. BURUNG_KEY in the environment wins over both\n"
    "  -t       only check the configuration\n"
    "  -V       print the version\n"
    "  -h       print this\n"
    "\n"
    "It stays in the foreground. Signals: TERM, INT end it in order, HUP "
    "reads\n"
    "the configuration again, USR1 reopens the log. See doc/OPERATIONS.md.\n";

static int
bad_usage(void)
{
	fputs(usage, stderr);
	return 2;
}

static int
check(const char *path)
{
	struct err err = { 0 };

	if (master_check(path, &err) == -1) {
		fprintf(stderr, "burungd: %s\n", err.text);
		return 1;
	}
	printf("%s: ok\n", path == NULL ? "defaults" : path);
	return 0;
}

static int
serve(const char *path)
{
	struct err err = { 0 };

	closefrom(STDERR_FILENO + 1 + handed_count());
	if (master_run(path, &err) == 0)
		return 0;
	fprintf(stderr, "burungd: %s\n", err.text);
	return 1;
}

int
main(int argc, char *argv[], char *envp[])
{
	const char *path = NULL;
	int only_check = 0;
	int opt;

	setproctitle_init(argc, argv, envp);
	while ((opt = getopt(argc, argv, "c:htV")) != -1) {
		switch (opt) {
		case 'c':
			path = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 't':
			only_check = 1;
			break;
		case 'V':
			puts("burungd " PACKAGE_VERSION);
			return 0;
		default:
			return bad_usage();
		}
	}
	if (optind < argc) {
		fprintf(stderr, "burungd: what is ‘%s’?\n", argv[optind]);
		return bad_usage();
	}
	return only_check ? check(path) : serve(path);
}
