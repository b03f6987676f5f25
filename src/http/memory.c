/* http/memory.c - what evhtp and libcrypto allocate is there, or the worker
 * ends: they would leave a client without an answer, go on without a part, or
 * crash. */
#include <dlfcn.h>
#include <evhtp/parser.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/internal.h"

void
http_memory(void)
{
	evhtp_set_mem_functions(mem_alloc, mem_realloc, free);
	/* Refused where libcrypto is in use already, as by libmongoc. */
	CRYPTO_set_mem_functions(
	    mem_crypto_alloc, mem_crypto_realloc, mem_crypto_free);
}

/* In the place of evhtp's own, which asks malloc: without a parser it would
 * forget the connection that it has just accepted. */
htparser *
htparser_new(void)
{
	htparser *(*theirs)(void) =
	    (htparser * (*)(void)) dlsym(RTLD_NEXT, "htparser_new");
	htparser *p = theirs == NULL ? NULL : theirs();

	if (p == NULL)
		log_fatal("no memory for a parser of HTTP");
	return p;
}
