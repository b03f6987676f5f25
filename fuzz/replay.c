/* fuzz/replay.c - runs a fuzz target over its corpus, as a test: links with the
 * target, and reads fuzz/corpus/ and the program's name without "fuzz_". */
#include <sys/stat.h>

#include <dirent.h>
#include <stdint.h>

#include "../t/lib/tap.h"

#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
replay(const char *folder, const char *name)
{
	static uint8_t input[INPUT_MAX];
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if ((f = fopen(path, "rb")) == NULL) {
		fail("%s can be read", name);
		return;
	}
	n = fread(input, 1, sizeof(input), f);
	fclose(f);
	LLVMFuzzerTestOneInput(input, n);
	pass("%s is survived", name);
}

int
main(int argc, char **argv)
{
	const char *top = getenv("srcdir"), *name = strrchr(argv[0], '/');
	char folder[2048];
	struct dirent *entry;
	DIR *dir;

	name = strstr(name != NULL ? name : argv[0], "fuzz_");
	if (name == NULL)
		bail_out("the program's name does not begin with fuzz_");
	snprintf(folder, sizeof(folder), "%s/fuzz/corpus/%s",
	    top != NULL ? top : "..", name + strlen("fuzz_"));
	if ((dir = opendir(folder)) == NULL)
		bail_out("there is no corpus");
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			replay(folder, entry->d_name);
	closedir(dir);
	ok(tap_count > 0, "the corpus is not empty");
	return done_testing();
}
