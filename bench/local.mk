# bench: its part of the Makefile.
EXTRA_PROGRAMS = bench/seed bench/store_bench
bench_seed_SOURCES = bench/seed.c
bench_seed_CPPFLAGS = $(AM_CPPFLAGS) $(SODIUM_CFLAGS)
# all of the model: the MongoDB module needs more of it than seed does
bench_seed_LDFLAGS = $(MODULES_IN) -Wl,--whole-archive src/model/libmodel.a \
	-Wl,--no-whole-archive
bench_seed_LDADD = $(CHAT_LIBS)
EXTRA_DIST += bench/run bench/report.py bench/scenarios.py bench/servers.py bench/crowd
bench_store_bench_LDADD = $(STORE_LIBS)
# The load generator, and the limit in two forms.
EXTRA_PROGRAMS += bench/chatload bench/rawcast bench/rawcast_batch
bench_chatload_SOURCES = bench/chatload.c bench/load.h bench/load_client.c \
	bench/load_hist.c bench/load_peer.c bench/load_procs.c \
	bench/load_profile.c bench/load_stage.c bench/load_storm.c \
	bench/load_storms.c bench/load_worker.c
bench_chatload_CPPFLAGS = $(AM_CPPFLAGS) $(JSON_CFLAGS) -I$(top_srcdir)
bench_chatload_LDADD = $(BASE_LIBS)
bench_rawcast_SOURCES = bench/rawcast.c
bench_rawcast_LDADD = $(WS_LIBS)
bench_rawcast_batch_SOURCES = bench/rawcast.c
bench_rawcast_batch_CPPFLAGS = $(AM_CPPFLAGS) -DBATCH
bench_rawcast_batch_LDADD = $(WS_LIBS)
