/* base/mem.h - memory that is there or the worker ends (the master starts
 * another). */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);            /* not cleared */
void *mem_zalloc(size_t size);           /* cleared */
void *mem_calloc(size_t n, size_t size); /* cleared, checked for overflow */
void *mem_realloc(void *p, size_t size);
void *mem_reallocarray(void *p, size_t n, size_t size);
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t len);
void *mem_dup(const void *p, size_t len);

/* The same in the form that libcrypto wants, for CRYPTO_set_mem_functions: it
 * crashes where it gets no memory while it sets itself up. */
void *mem_crypto_alloc(size_t size, const char *file, int line);
void *mem_crypto_realloc(void *p, size_t size, const char *file, int line);
void mem_crypto_free(void *p, const char *file, int line);

/* Allocates one *p of its type, cleared. */
#define MEM_NEW(p) ((p) = mem_zalloc(sizeof(*(p))))

#endif
