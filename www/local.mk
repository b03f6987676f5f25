# www: the browser client, built where it is missing, and installed.
.PHONY: client
client:
	@$(top_srcdir)/build-aux/client

if CLIENT
clientdir = $(pkgdatadir)/www
all-local: client
install-data-local: client
	cd $(top_srcdir)/www/dist && find . -type f | while read -r f; do \
		$(INSTALL_DATA) -D "$$f" "$(DESTDIR)$(clientdir)/$$f" || exit 1; done
uninstall-local:
	rm -rf "$(DESTDIR)$(clientdir)"
	-rmdir "$(DESTDIR)$(pkgdatadir)" 2>/dev/null
endif
