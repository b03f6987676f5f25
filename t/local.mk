# t: the C tests. One block per layer; a test links its layer and those below,
# so that a call upwards does not link.

AM_TESTS_ENVIRONMENT = \
	ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 \
	UBSAN_OPTIONS=print_stacktrace=1 \
	srcdir='$(srcdir)'; \
	export ASAN_OPTIONS UBSAN_OPTIONS srcdir;
LOG_COMPILER = timeout
AM_LOG_FLAGS = --kill-after=10 300
EXTRA_DIST += t/lib/tap.h t/lib/tally.py t/run t/lint

.PHONY: list-tests helpers
helpers: $(filter t/helpers/%,$(check_PROGRAMS)) $(module_PROGRAMS) \
	t/helpers/fail_alloc.so
list-tests:
	@printf '%s\n' $(TESTS)

# Preloaded into a build without sanitizers, so it is one itself.
t/helpers/fail_alloc.so: t/helpers/fail_alloc.c
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) $(WARN_CFLAGS) -std=gnu11 \
		-D_GNU_SOURCE -O2 -g -fPIC -shared -o $@ $<
CLEANFILES += t/helpers/fail_alloc.so
EXTRA_DIST += t/helpers/fail_alloc.c

# base ------------------------------------------------------------------------
base_tests = t/unit/base_buf \
	t/unit/base_conf \
	t/unit/base_failpoint \
	t/unit/base_histo \
	t/unit/base_id \
	t/unit/base_json \
	t/unit/base_log \
	t/unit/base_map \
	t/unit/base_shlock \
	t/unit/base_slab \
	t/unit/base_utf8
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
t_unit_base_buf_LDADD = $(BASE_LIBS)
t_unit_base_conf_LDADD = $(BASE_LIBS)
t_unit_base_failpoint_LDADD = $(BASE_LIBS)
t_unit_base_histo_LDADD = $(BASE_LIBS)
t_unit_base_id_LDADD = $(BASE_LIBS)
t_unit_base_json_LDADD = $(BASE_LIBS)
t_unit_base_log_LDADD = $(BASE_LIBS)
t_unit_base_map_LDADD = $(BASE_LIBS)
t_unit_base_shlock_LDADD = $(BASE_LIBS)
t_unit_base_slab_LDADD = $(BASE_LIBS)
t_unit_base_utf8_LDADD = $(BASE_LIBS)

# model -----------------------------------------------------------------------
model_tests = t/unit/model_event t/unit/model_rights t/unit/model_room \
	t/unit/model_text t/unit/model_user
check_PROGRAMS += $(model_tests)
TESTS += $(model_tests)
t_unit_model_event_LDADD = $(MODEL_LIBS)
t_unit_model_rights_LDADD = $(MODEL_LIBS)
t_unit_model_room_LDADD = $(MODEL_LIBS)
t_unit_model_text_LDADD = $(MODEL_LIBS)
t_unit_model_user_LDADD = $(MODEL_LIBS)

# net -------------------------------------------------------------------------
net_tests = t/unit/net_conn t/unit/net_conn_end t/unit/net_loop \
	t/unit/net_offload
check_PROGRAMS += $(net_tests)
TESTS += $(net_tests)
t_unit_net_conn_LDADD = $(NET_LIBS)
t_unit_net_conn_end_LDADD = $(NET_LIBS)
t_unit_net_loop_LDADD = $(NET_LIBS)
EXTRA_DIST += t/lib/peer.h t/lib/turn.h
t_unit_net_offload_LDADD = $(NET_LIBS)

# ws --------------------------------------------------------------------------
ws_tests = t/unit/ws_random t/unit/ws_read t/unit/ws_write
check_PROGRAMS += $(ws_tests)
TESTS += $(ws_tests)
EXTRA_DIST += t/lib/ws_client.h t/lib/ws_feed.h t/lib/ws_slow.h
t_unit_ws_random_LDADD = $(WS_LIBS)
t_unit_ws_read_LDADD = $(WS_LIBS)
t_unit_ws_write_LDADD = $(WS_LIBS)

# http ------------------------------------------------------------------------
http_tests = t/unit/http_accept t/unit/http_check \
	t/unit/http_proxy
check_PROGRAMS += $(http_tests) t/helpers/http_probe
TESTS += $(http_tests)
t_unit_http_accept_LDADD = $(HTTP_LIBS)
t_unit_http_check_LDADD = $(HTTP_LIBS)
t_unit_http_proxy_LDADD = $(HTTP_LIBS)
t_helpers_http_probe_LDADD = $(HTTP_LIBS)
t_helpers_http_probe_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
# The WebSocket part.
EXTRA_DIST += t/lib/ws_talk.h
check_PROGRAMS += t/unit/http_wsconn t/helpers/ws_echo
TESTS += t/unit/http_wsconn
t_unit_http_wsconn_LDADD = $(HTTP_LIBS)
t_helpers_ws_echo_LDADD = $(HTTP_LIBS)
t_helpers_ws_echo_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)

# store -----------------------------------------------------------------------
store_tests = t/store_accounts t/store_changes t/store_contract t/store_faults \
	t/store_greet t/store_io t/store_nodes \
	t/unit/store_durable t/unit/store_order t/unit/store_threads
check_PROGRAMS += $(store_tests)
TESTS += $(store_tests)
EXTRA_DIST += t/lib/faulty_vfs.h t/lib/store_fixture.h
# Again, on a MongoDB; skipped where there is none.
mongo_tests = t/mongo_contract/accounts t/mongo_contract/changes \
	t/mongo_contract/cluster t/mongo_contract/contract \
	t/mongo_contract/faults t/mongo_contract/greet \
	t/mongo_contract/kills t/mongo_contract/nodes
TESTS += $(mongo_tests)
check_PROGRAMS += t/mongo_faults
t_mongo_faults_LDADD = $(STORE_LIBS)
t_mongo_faults_LDFLAGS = $(MODULES_IN)
mongo_logs = $(mongo_tests:=.log)
$(mongo_logs): t/mongo_faults t/store_faults t/store_accounts t/store_changes t/store_contract t/store_greet t/store_nodes $(module_PROGRAMS)
EXTRA_DIST += $(mongo_tests) t/lib/burung/mongo.py
t_store_accounts_LDADD = $(STORE_LIBS)
t_store_accounts_LDFLAGS = $(MODULES_IN)
t_store_changes_LDADD = $(STORE_LIBS)
t_store_changes_LDFLAGS = $(MODULES_IN)
t_store_contract_LDADD = $(STORE_LIBS)
t_store_contract_LDFLAGS = $(MODULES_IN)
t_store_faults_LDADD = $(STORE_LIBS)
t_store_faults_LDFLAGS = $(MODULES_IN)
t_store_greet_LDADD = $(STORE_LIBS)
t_store_greet_LDFLAGS = $(MODULES_IN)
t_store_io_LDADD = $(STORE_LIBS)
t_store_io_LDFLAGS = $(MODULES_IN)
t_store_nodes_LDADD = $(STORE_LIBS)
t_store_nodes_LDFLAGS = $(MODULES_IN)
t_unit_store_durable_LDADD = $(STORE_LIBS)
t_unit_store_order_LDADD = $(STORE_LIBS)
t_unit_store_threads_LDADD = $(STORE_LIBS)

# bus -------------------------------------------------------------------------

check_PROGRAMS += t/bus_contract t/bus_redis
TESTS += t/bus_contract t/bus_redis
t_bus_redis_LDADD = $(BUS_LIBS)
t_bus_contract_LDADD = $(BUS_LIBS)
EXTRA_DIST += t/lib/redis_fixture.h

# chat ------------------------------------------------------------------------
chat_tests = t/unit/chat_auth t/unit/chat_commands t/unit/chat_hub \
	t/unit/chat_hub_member t/unit/chat_hub_rooms \
	t/unit/chat_limit t/unit/chat_page t/unit/chat_presence \
	t/unit/chat_renew t/unit/chat_span t/unit/chat_whereabouts
check_PROGRAMS += $(chat_tests) t/helpers/commands
TESTS += $(chat_tests)
EXTRA_DIST += t/lib/device.h
t_unit_chat_auth_LDADD = $(CHAT_LIBS)
t_unit_chat_commands_LDADD = $(CHAT_LIBS) $(HTTP_LIBS)
t_helpers_commands_LDADD = $(CHAT_LIBS) $(HTTP_LIBS)
t_unit_chat_presence_LDADD = $(CHAT_LIBS) $(HTTP_LIBS)
t_unit_chat_renew_LDADD = $(CHAT_LIBS) $(HTTP_LIBS)
t_unit_chat_hub_LDADD = $(CHAT_LIBS) $(HTTP_LIBS)
t_unit_chat_hub_rooms_LDADD = $(CHAT_LIBS) $(HTTP_LIBS)
t_unit_chat_hub_member_LDADD = $(CHAT_LIBS) $(HTTP_LIBS)
# The store, the loop and the connection are the test's own.
t_unit_chat_hub_member_LDFLAGS = -Wl,--wrap=store_read,--wrap=db_heads \
	-Wl,--wrap=db_member_get,--wrap=db_events,--wrap=clock_mono_ms \
	-Wl,--wrap=loop_timer_new,--wrap=loop_timer_free,--wrap=loop_defer \
	-Wl,--wrap=loop_on_turn_end,--wrap=loop_forget \
	-Wl,--wrap=wsconn_share,--wrap=wsconn_text,--wrap=wsconn_queued \
	-Wl,--wrap=presence_came,--wrap=presence_went
t_unit_chat_whereabouts_LDADD = src/chat/libchat.a $(BASE_LIBS)
t_unit_chat_limit_LDADD = src/chat/libchat.a $(SODIUM_LIBS) $(BASE_LIBS)
t_unit_chat_page_LDADD = src/chat/libchat.a $(MODEL_LIBS)
t_unit_chat_span_LDADD = src/chat/libchat.a $(MODEL_LIBS)

# gate ------------------------------------------------------------------------

# proc ------------------------------------------------------------------------

check_PROGRAMS += t/unit/proc_board
TESTS += t/unit/proc_board
t_unit_proc_board_LDADD = $(PROC_LIBS)
check_PROGRAMS += t/unit/proc_metrics
TESTS += t/unit/proc_metrics
t_unit_proc_metrics_LDADD = $(PROC_LIBS)
check_PROGRAMS += t/unit/proc_hosts
TESTS += t/unit/proc_hosts
t_unit_proc_hosts_LDADD = $(PROC_LIBS)

# admin -----------------------------------------------------------------------
check_PROGRAMS += t/unit/admin_ops
TESTS += t/unit/admin_ops
t_unit_admin_ops_LDADD = $(ADMIN_LIBS)

# ctl -------------------------------------------------------------------------
check_PROGRAMS += t/unit/ctl_table
TESTS += t/unit/ctl_table
t_unit_ctl_table_SOURCES = t/unit/ctl_table.c src/ctl/table.c
t_unit_ctl_table_LDADD = $(BASE_LIBS)

# the whole -------------------------------------------------------------------
TESTS += t/unit/layering
EXTRA_DIST += t/unit/layering
