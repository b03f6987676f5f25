# t: the C tests. One block per layer; a test links its layer and those below,
# so that a call upwards does not link.

AM_TESTS_ENVIRONMENT = \
	ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 \
	UBSAN_OPTIONS=print_stacktrace=1 \
	srcdir='$(srcdir)'; \
	export ASAN_OPTIONS UBSAN_OPTIONS srcdir;
EXTRA_DIST += t/lib/tap.h

# base ------------------------------------------------------------------------

# model -----------------------------------------------------------------------
model_tests = t/unit/model_event t/unit/model_rights t/unit/model_room \
	t/unit/model_user
check_PROGRAMS += $(model_tests)
TESTS += $(model_tests)
t_unit_model_event_LDADD = $(MODEL_LIBS)
t_unit_model_rights_LDADD = $(MODEL_LIBS)
t_unit_model_room_LDADD = $(MODEL_LIBS)
t_unit_model_user_LDADD = $(MODEL_LIBS)

# net -------------------------------------------------------------------------

# ws --------------------------------------------------------------------------

# http ------------------------------------------------------------------------

# store -----------------------------------------------------------------------

# bus -------------------------------------------------------------------------

check_PROGRAMS += t/bus_contract
TESTS += t/bus_contract
t_bus_contract_LDADD = $(BUS_LIBS)

# chat ------------------------------------------------------------------------

# gate ------------------------------------------------------------------------

# proc ------------------------------------------------------------------------

# the whole -------------------------------------------------------------------
