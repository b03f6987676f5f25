# bench: its part of the Makefile.
EXTRA_PROGRAMS = bench/seed bench/store_bench
bench_seed_SOURCES = bench/seed.c
bench_seed_CPPFLAGS = $(AM_CPPFLAGS) $(SODIUM_CFLAGS)
bench_seed_LDADD = $(CHAT_LIBS)
EXTRA_DIST += bench/idle
bench_store_bench_LDADD = $(STORE_LIBS)
EXTRA_PROGRAMS += bench/wsconns
bench_wsconns_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
bench_wsconns_LDADD = $(HTTP_LIBS)
