/* bench/load_procs.c - what processes and their children use, from /proc. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench/load.h"

enum { PIDS_MAX = 512 };

struct pids {
	int n, v[PIDS_MAX];
};

/* What stands behind the name in /proc/PID/stat; false: it is gone. */
static bool
read_stat(const char *pid, char *line, int size, const char **rest_r)
{
	char path[64];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	ok = fgets(line, size, f) != NULL && strrchr(line, ')') != NULL;
	fclose(f);
	if (ok)
		*rest_r = strrchr(line, ')') + 2;
	return ok;
}

static bool
contains(const struct pids *p, int pid)
{
	for (int i = 0; i < p->n; i++)
		if (p->v[i] == pid)
			return true;
	return false;
}

/* Adds the children of those that are there; false: there were none new. */
static bool
add_children(struct pids *p)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	char line[1024];
	const char *rest;
	int parent, before = p->n;

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]) ||
		    !read_stat(e->d_name, line, sizeof(line), &rest) ||
		    sscanf(rest, "%*c %d", &parent) != 1)
			continue;
		if (contains(p, parent) && !contains(p, atoi(e->d_name)) &&
		    p->n < PIDS_MAX)
			p->v[p->n++] = atoi(e->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	return p->n > before;
}

static struct pids
family(const int *roots, int n)
{
	struct pids p = { .n = n };

	memcpy(p.v, roots, (size_t)n * sizeof(roots[0]));
	while (n > 0 && add_children(&p))
		;
	return p;
}

double
proc_cpu(int pid)
{
	char name[16], line[1024];
	const char *rest;
	unsigned long user, kernel;

	snprintf(name, sizeof(name), "%d", pid);
	if (!read_stat(name, line, sizeof(line), &rest) ||
	    sscanf(rest, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		&user, &kernel) != 2)
		return 0;
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

double
procs_cpu(const int *roots, int n)
{
	struct pids p = family(roots, n);
	double sum = 0;

	for (int i = 0; i < p.n; i++)
		sum += proc_cpu(p.v[i]);
	return sum;
}

/* The lines of smaps_rollup that begin so, in bytes. */
static double
memory(const int *roots, int n, const char *begin)
{
	struct pids p = family(roots, n);
	char line[256], path[64];
	double sum = 0, kib;
	FILE *f;

	for (int i = 0; i < p.n; i++) {
		snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", p.v[i]);
		f = fopen(path, "r");
		while (f != NULL && fgets(line, sizeof(line), f) != NULL)
			if (strncmp(line, begin, strlen(begin)) == 0 &&
			    sscanf(line, "%*s %lf", &kib) == 1)
				sum += kib * 1024;
		if (f != NULL)
			fclose(f);
	}
	return sum;
}

double
procs_pss(const int *roots, int n)
{
	return memory(roots, n, "Pss:");
}

double
procs_private(const int *roots, int n)
{
	return memory(roots, n, "Private_");
}

struct host_load
host_load(void)
{
	double v[8] = { 0 }, hz = (double)sysconf(_SC_CLK_TCK);
	struct host_load l = { 0 };
	FILE *f = fopen("/proc/stat", "r");

	if (f == NULL)
		return l;
	/* user nice system idle iowait irq softirq steal */
	if (fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &v[0], &v[1],
		&v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) == 8) {
		l.busy = (v[0] + v[1] + v[2] + v[5] + v[6]) / hz;
		l.steal = v[7] / hz;
	}
	fclose(f);
	return l;
}
