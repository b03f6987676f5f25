/* fail_alloc.c - preloaded (LD_PRELOAD), makes an allocation of a process fail:
 * those of the libraries too. glibc only; not with AddressSanitizer.
 *
 * The environment variable BURUNG_FAIL_ALLOC names a file of at least
 * sizeof(struct control), which all processes and the test share: the test
 * writes who is to fail at which allocation, by its number or by the place in
 * the code (the callers, hashed), and reads which there were. The first
 * failure's backtrace goes to stderr. */
#include <sys/mman.h>
#include <sys/syscall.h>

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t align, size_t size);
extern void __libc_free(void *p);

enum {
	PLACES = 65536,
	CALLERS = 12, /* that make a place */
	MODULES = 64,
	FRAMES = 40,
};

/* t/lib/burung/starve.py writes it. */
struct control {
	_Atomic int32_t pid;     /* whose count; 0 nobody's, -1 everybody's */
	_Atomic uint32_t all;    /* not 0: those after it fail too */
	_Atomic uint64_t at;     /* the first that fails, from 1; 0 none */
	_Atomic uint64_t place;  /* 0, or only allocations there are counted */
	_Atomic uint64_t count;  /* allocations since it was armed */
	_Atomic uint64_t failed; /* of them */
	_Atomic uint64_t places; /* how many are written down; -1: do not */
	_Atomic int64_t bytes;   /* in use, of all processes since they began */
	_Atomic int64_t blocks;
	uint64_t seen[PLACES];
};

/* Where a library lies: addresses differ from start to start. */
struct module {
	uintptr_t start, end;
};

static struct control *control;
static struct module modules[MODULES];
static size_t nmodules;
static pid_t self;

static int
add_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct module *m = &modules[nmodules];

	(void)size;
	(void)arg;
	m->start = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr +
				info->dlpi_phdr[i].p_memsz;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && end > m->end)
			m->end = end;
	}
	return ++nmodules == MODULES;
}

static void
forked(void)
{
	self = getpid();
}

static void __attribute__((constructor)) begin(void)
{
	const char *path = getenv("BURUNG_FAIL_ALLOC");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *frames[2], *p;

	if (fd == -1)
		return;
	backtrace(frames, 2); /* loads what it needs */
	dl_iterate_phdr(add_module, NULL);
	self = getpid();
	pthread_atfork(NULL, NULL, forked);
	p = mmap(
	    NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		control = p;
}

static void
say_where(void)
{
	static const char head[] = "fail_alloc: here\n";
	void *frames[FRAMES];
	int n = backtrace(frames, FRAMES);

	(void)!write(STDERR_FILENO, head, sizeof(head) - 1);
	backtrace_symbols_fd(frames, n, STDERR_FILENO);
}

static uintptr_t
within_module(uintptr_t at)
{
	for (size_t i = 0; i < nmodules; i++) {
		if (at >= modules[i].start && at < modules[i].end)
			return at - modules[i].start + i;
	}
	return 0;
}

/* The callers of malloc and so on, the same in every process; never 0. */
static uint64_t
place(void)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */
	void *frames[CALLERS + 3];
	int n = backtrace(frames, CALLERS + 3);

	for (int i = 3; i < n; i++)
		hash = (hash ^ within_module((uintptr_t)frames[i])) *
		       1099511628211u;
	return hash | 1;
}

/* Is it one of those that are counted? */
static bool
counts(struct control *c)
{
	static _Thread_local bool inside;
	uint64_t here, n;

	if (inside || (c->place == 0 && c->places == UINT64_MAX))
		return !inside;
	inside = true;
	here = place();
	inside = false;
	if (c->places != UINT64_MAX && (n = c->places++) < PLACES)
		c->seen[n] = here;
	return c->place == 0 || c->place == here;
}

/* Must this one fail? */
static bool
fails(void)
{
	struct control *c = control;
	uint64_t n, at;
	int32_t pid;

	if (c == NULL || (pid = c->pid) == 0 || (pid != -1 && pid != self) ||
	    !counts(c))
		return false;
	n = ++c->count;
	at = c->at;
	if (at == 0 || n < at || (n > at && c->all == 0))
		return false;
	if (c->failed++ == 0)
		say_where();
	errno = ENOMEM;
	return true;
}

static void
count_use(void *p, int sign)
{
	if (control == NULL || p == NULL)
		return;
	control->bytes += sign * (int64_t)malloc_usable_size(p);
	control->blocks += sign;
}

static void *
given(void *p)
{
	count_use(p, 1);
	return p;
}

void *
malloc(size_t size)
{
	return fails() ? NULL : given(__libc_malloc(size));
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : given(__libc_calloc(n, size));
}

void
free(void *p)
{
	count_use(p, -1);
	__libc_free(p);
}

void *
realloc(void *p, size_t size)
{
	void *moved;

	if (size > 0 && fails())
		return NULL;
	count_use(p, -1);
	moved = __libc_realloc(p, size);
	count_use(moved == NULL && size > 0 ? p : moved, 1);
	return moved;
}

void *
reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, bytes);
}

void *
memalign(size_t align, size_t size)
{
	return fails() ? NULL : given(__libc_memalign(align, size));
}

void *
aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

int
posix_memalign(void **p_r, size_t align, size_t size)
{
	void *p = memalign(align, size);

	if (p == NULL)
		return ENOMEM;
	*p_r = p;
	return 0;
}

/* libsodium takes the memory of a password's hash this way. */
void *
mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	if ((flags & MAP_ANONYMOUS) && (flags & MAP_PRIVATE) && fails())
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, at, len, prot, flags, fd, offset);
}

void *
mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	return mmap(at, len, prot, flags, fd, offset);
}
