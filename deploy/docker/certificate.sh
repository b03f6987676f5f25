#!/bin/sh
# certificate.sh - a certificate that nginx signs itself, where none was put into
# the volume /tls yet: for trials; browsers warn of it.
set -e
[ ! -e /tls/burung-chat.crt ] || exit 0
umask 077
name=${BURUNG_NAME:-localhost}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
	-subj "/CN=$name" -addext "subjectAltName=DNS:$name" \
	-keyout /tls/burung-chat.key -out /tls/burung-chat.new
mv /tls/burung-chat.new /tls/burung-chat.crt
