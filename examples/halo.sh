#!/bin/bash
# halo.sh - an account, a room and a message, with nothing but curl.
#
#   halo.sh http://127.0.0.1:8080 NAME [SETUP-CODE]
#
# Asks for the password on standard input. Makes the account if there is none of
# that name (the server's first one needs the setup code it printed), else logs
# in; then opens a group, says something there and reads it back.

set -eu

[ $# -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
server=${1%/} name=$2 setup=${3:-}

if [ -t 0 ]; then
	read -rsp "Password of $name: " password
	echo >&2
else
	read -r password
fi

# string TEXT: as a JSON string.
string() {
	local s=${1//\\/\\\\}
	printf '"%s"' "${s//\"/\\\"}"
}

# call OP JSON: one command; its answer. An error is printed too, and the status
# of curl is 22 then.
call() {
	curl -sS --fail-with-body --max-time 20 "$server/api/$1" \
		-H 'Content-Type: application/json' \
		${token:+-H "Authorization: Bearer $token"} \
		--data-binary @- <<<"$2"
}

# One cid for one message: sent again with the same one, after a lost answer say,
# it is stored only once.
cid() {
	od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# The answers are taken apart with sed here, which is enough for what stands at
# their beginning; programs should parse them (jq).
who="\"name\":$(string "$name"),\"password\":$(string "$password")"
who+=',"token":true,"device":"halo.sh"'
token=
answer=$(call login "{$who}" 2>/dev/null) || answer=$(call register \
	"{$who${setup:+,\"setup\":$(string "$setup")}}") || {
	echo "$answer" >&2
	exit 1
}
token=$(sed -nE 's/.*"token":"([0-9a-f]+)".*/\1/p' <<<"$answer")

room=$(call room_create \
	"{\"kind\":\"private\",\"label\":\"halo\",\"cid\":\"$(cid)\"}" |
	sed -nE 's/^\{"room":\{"id":"([0-9a-f]+)".*/\1/p')
echo "room $room"

message="{\"room\":\"$room\",\"cid\":\"$(cid)\",\"body\":\"Halo from curl\"}"
tries=0
until call send "$message"; do
	tries=$((tries + 1))
	[ $tries -lt 5 ] || exit 1
	sleep 1
done
echo

call history "{\"room\":\"$room\",\"limit\":10}"
echo
call logout '{}' >/dev/null
