# fuzz: a program for each target. As usual it replays its corpus, as a test;
# after configure --enable-fuzzing it is one of libFuzzer (fuzz/run).
fuzz_programs = fuzz/fuzz_bus \
	fuzz/fuzz_conf \
	fuzz/fuzz_http_check \
	fuzz/fuzz_http_gate \
	fuzz/fuzz_model \
	fuzz/fuzz_request \
	fuzz/fuzz_ws_read
fuzz_libs = $(CHAT_LIBS) src/http/libhttp.a $(EVHTP_LIBS) $(NET_LIBS) \
	src/ws/libws.a $(BASE_LIBS) $(CRYPTO_LIBS)
EXTRA_DIST += fuzz/corpus fuzz/dict fuzz/must.h fuzz/run

check_PROGRAMS += $(fuzz_programs)
.PHONY: fuzzers
fuzzers: $(fuzz_programs)

if FUZZING
fuzz_main =
FUZZ_LINK = -fsanitize=fuzzer
else
fuzz_main = fuzz/replay.c
TESTS += $(fuzz_programs)
endif

fuzz_fuzz_bus_SOURCES = fuzz/bus.c $(fuzz_main)
fuzz_fuzz_bus_LDADD = $(fuzz_libs)
fuzz_fuzz_bus_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LINK)
fuzz_fuzz_conf_SOURCES = fuzz/conf.c $(fuzz_main)
fuzz_fuzz_conf_LDADD = $(BASE_LIBS)
fuzz_fuzz_conf_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LINK)
fuzz_fuzz_http_check_SOURCES = fuzz/http_check.c $(fuzz_main)
fuzz_fuzz_http_check_LDADD = $(HTTP_LIBS)
fuzz_fuzz_http_check_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LINK)
fuzz_fuzz_http_gate_SOURCES = fuzz/http_gate.c $(fuzz_main)
fuzz_fuzz_http_gate_LDADD = $(HTTP_LIBS)
fuzz_fuzz_http_gate_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LINK)
fuzz_fuzz_model_SOURCES = fuzz/model.c $(fuzz_main)
fuzz_fuzz_model_LDADD = $(MODEL_LIBS)
fuzz_fuzz_model_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LINK)
fuzz_fuzz_request_SOURCES = fuzz/request.c $(fuzz_main)
fuzz_fuzz_request_LDADD = $(fuzz_libs)
fuzz_fuzz_request_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LINK)
fuzz_fuzz_ws_read_SOURCES = fuzz/ws_read.c $(fuzz_main)
fuzz_fuzz_ws_read_LDADD = $(WS_LIBS)
fuzz_fuzz_ws_read_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LINK)
