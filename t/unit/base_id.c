/* t/unit/base_id.c - ids are never the same twice, whoever makes them. */
#include <sys/mman.h>
#include <sys/wait.h>

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "base/id.h"

#define MAKERS 8
#define EACH   20000

static int
by_bytes(const void *a, const void *b)
{
	return id_cmp(a, b);
}

static int
repeats(struct id *ids, size_t n)
{
	int same = 0;

	qsort(ids, n, sizeof(*ids), by_bytes);
	for (size_t i = 1; i < n; i++)
		same += id_eq(&ids[i - 1], &ids[i]);
	return same;
}

static void *
make(void *arg)
{
	struct id *ids = arg;

	for (int i = 0; i < EACH; i++)
		ids[i] = id_new();
	return NULL;
}

static void
test_threads(void)
{
	struct id *ids = malloc(MAKERS * EACH * sizeof(*ids));
	pthread_t threads[MAKERS];

	for (int i = 0; i < MAKERS; i++)
		pthread_create(&threads[i], NULL, make, ids + i * EACH);
	for (int i = 0; i < MAKERS; i++)
		pthread_join(threads[i], NULL);
	is_int(repeats(ids, MAKERS * EACH), 0, "%d threads make no id twice",
	    MAKERS);
	free(ids);
}

/* Children of one parent that has made ids already, and of each other. */
static void
test_forks(void)
{
	size_t size = (MAKERS + 1) * EACH * sizeof(struct id);
	struct id *ids = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint8_t random[MAKERS + 1][5];
	int same = 0, bad = 0, status;

	id_new();
	for (int i = 0; i < MAKERS; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			make(ids + i * EACH);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		bad += status != 0;
	}
	make(ids + MAKERS * EACH);
	for (int i = 0; i <= MAKERS; i++) {
		memcpy(random[i], ids[i * EACH].b + 4, 5);
		for (int j = 0; j < i; j++)
			same += memcmp(random[i], random[j], 5) == 0;
	}
	is_int(bad, 0, "%d children made ids", MAKERS);
	is_int(same, 0, "each child has a random part of its own");
	is_int(repeats(ids, (MAKERS + 1) * EACH), 0,
	    "parent and children make no id twice");
	munmap(ids, size);
}

static void
test_form(void)
{
	uint32_t before = (uint32_t)time(NULL), at;
	struct id id = id_new(), zero = { { 0 } };

	at = (uint32_t)id.b[0] << 24 | (uint32_t)id.b[1] << 16 |
	     (uint32_t)id.b[2] << 8 | id.b[3];
	ok(at >= before && at <= (uint32_t)time(NULL),
	    "an id begins with the second it was made in");
	ok(!id_is_zero(&id) && id_is_zero(&zero), "only zero is none");
	ok(id_cmp(&zero, &id) < 0 && id_cmp(&id, &zero) > 0, "ids are ordered");
}

static void
test_hex(void)
{
	struct cid cid = cid_new(), cid2;
	struct id id = id_new(), id2;
	char hex[CID_HEX];

	id_hex(&id, hex);
	is_int(strlen(hex), 24, "an id is 24 digits");
	ok(id_parse(hex, 24, &id2) == 0 && id_eq(&id, &id2), "which read back");
	is_int(id_parse(hex, 23, &id2), -1, "23 digits are refused");
	hex[7] = 'g';
	is_int(id_parse(hex, 24, &id2), -1, "'g' is refused");
	cid_hex(&cid, hex);
	ok(cid_parse(hex, 32, &cid2) == 0 && cid_eq(&cid, &cid2),
	    "a cid reads back from 32 digits");
	is_int(cid_parse(hex, 31, &cid2), -1, "31 digits are refused");
	cid2 = cid_new();
	ok(!cid_eq(&cid, &cid2), "two cids differ");
}

static void
test_derive(void)
{
	struct id a = { { 1 } }, b = { { 2 } };
	struct cid c = cid_derive("added", &a, 7), d;
	char hex[CID_HEX];

	d = cid_derive("added", &a, 7);
	ok(cid_eq(&c, &d), "the same input gives the same cid");
	d = cid_derive("added", &a, 8);
	ok(!cid_eq(&c, &d), "another number gives another");
	d = cid_derive("added", &b, 7);
	ok(!cid_eq(&c, &d), "another id gives another");
	d = cid_derive("removed", &a, 7);
	ok(!cid_eq(&c, &d), "another word gives another");
	is_str(cid_hex(&c, hex), "6841767cc46744f83b1119b74bd6c619",
	    "and it is so on every host, for ever");
}

int
main(void)
{
	test_form();
	test_threads();
	test_forks();
	test_hex();
	test_derive();
	return done_testing();
}
