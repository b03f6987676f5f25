# deploy: what is installed beside the programs, and what others pick up.
dist_man_MANS = deploy/man/burungd.8 deploy/man/burungctl.8
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = deploy/completion/burungctl
EXTRA_DIST += deploy/grafana/burung.json deploy/burungd.service
