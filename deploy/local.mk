# deploy: what is installed beside the programs, and what others pick up.
dist_man_MANS = deploy/man/burungd.8 deploy/man/burungctl.8
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = deploy/completion/burungctl

# systemd looks below /usr/local/lib, too.
systemdsystemunitdir = $(prefix)/lib/systemd/system
nodist_systemdsystemunit_DATA = deploy/systemd/burungd.service
dist_systemdsystemunit_DATA = deploy/systemd/burungd.socket
CLEANFILES += deploy/systemd/burungd.service
deploy/systemd/burungd.service: deploy/systemd/burungd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) deploy/systemd && \
		sed 's#[@]bindir[@]#$(bindir)#' $(srcdir)/$@.in >$@.tmp && mv $@.tmp $@

# Their names there are not those of the files here.
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
install-data-hook:
	$(MKDIR_P) "$(DESTDIR)$(sysusersdir)" "$(DESTDIR)$(tmpfilesdir)"
	$(INSTALL_DATA) $(srcdir)/deploy/systemd/burung-chat.sysusers \
		"$(DESTDIR)$(sysusersdir)/burung-chat.conf"
	$(INSTALL_DATA) $(srcdir)/deploy/systemd/burung-chat.tmpfiles \
		"$(DESTDIR)$(tmpfilesdir)/burung-chat.conf"
uninstall-hook:
	rm -f "$(DESTDIR)$(sysusersdir)/burung-chat.conf" \
		"$(DESTDIR)$(tmpfilesdir)/burung-chat.conf"

# What an administrator reads and copies.
dist_doc_DATA = README.md CHANGELOG.md \
	doc/OPERATIONS.md doc/PROTOCOL.md doc/openapi.yaml doc/asyncapi.yaml
examplesdir = $(docdir)/examples
dist_examples_DATA = nginx/burung-chat.conf nginx/burung-chat-hosts.conf \
	nginx/burung-chat-upstream.conf deploy/grafana/burung.json \
	deploy/logrotate
nodist_examples_DATA = deploy/burungd.conf

# The configuration of an installed server behind a proxy.
CLEANFILES += deploy/burungd.conf
deploy/burungd.conf: $(srcdir)/conf/burungd.conf Makefile
	$(AM_V_GEN)$(MKDIR_P) deploy && \
		sed -e 's|^#\(listen =\).*|\1 127.0.0.1:8080|' \
			-e 's|^#\(data =\).*|\1 /var/lib/burung-chat|' \
			-e 's|^#\(www =\).*|\1 $(pkgdatadir)/www|' \
			$(srcdir)/conf/burungd.conf >$@.tmp && mv $@.tmp $@
