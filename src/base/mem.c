/* base/mem.c - memory or the end. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static void *
checked(void *p, size_t size)
{
	if (p == NULL)
		log_fatal("out of memory: %zu bytes", size);
	return p;
}

void *
mem_alloc(size_t size)
{
	return checked(malloc(size > 0 ? size : 1), size);
}

void *
mem_zalloc(size_t size)
{
	return mem_calloc(1, size);
}

void *
mem_calloc(size_t n, size_t size)
{
	if (n == 0 || size == 0)
		n = size = 1;
	return checked(calloc(n, size), size);
}

void *
mem_realloc(void *p, size_t size)
{
	return checked(realloc(p, size > 0 ? size : 1), size);
}

void *
mem_reallocarray(void *p, size_t n, size_t size)
{
	if (n == 0 || size == 0)
		n = size = 1;
	return checked(reallocarray(p, n, size), size);
}

char *
mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s) + 1);
}

char *
mem_strndup(const char *s, size_t len)
{
	size_t n = strnlen(s, len);
	char *copy = mem_alloc(n + 1);

	memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

void *
mem_dup(const void *p, size_t len)
{
	void *copy = mem_alloc(len);

	if (len > 0)
		memcpy(copy, p, len);
	return copy;
}

void *
mem_crypto_alloc(size_t size, const char *file, int line)
{
	return mem_alloc(size);
}

void *
mem_crypto_realloc(void *p, size_t size, const char *file, int line)
{
	return mem_realloc(p, size);
}

void
mem_crypto_free(void *p, const char *file, int line)
{
	free(p);
}
