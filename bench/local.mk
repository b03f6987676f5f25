# bench: its part of the Makefile.
EXTRA_PROGRAMS = bench/seed
bench_seed_SOURCES = bench/seed.c
bench_seed_CPPFLAGS = $(AM_CPPFLAGS) $(SODIUM_CFLAGS)
bench_seed_LDADD = $(CHAT_LIBS)
EXTRA_DIST += bench/idle
