#!/bin/sh
# Sends requests made from docs/openapi.json, good and bad ones, to a real server on loopback, and
# checks every answer against the document. Changes nothing outside a folder of its own.
#
#   tests/api/run.sh ADMIT TOOLS
#
# ADMIT is the binary, TOOLS the folder that `make tools` installs schemathesis into.
set -eu
admit=$1 tools=$2
here=$(cd "$(dirname "$0")" && pwd)
document=$here/../../docs/openapi.json
folder=$(mktemp -d)
server=

end() {
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' HUP INT TERM

cd "$folder"
"$admit" issuer keys >keys.json
cp "$here/admit.yaml" "$here/schemathesis.toml" .

mkfifo said
"$admit" serve --config admit.yaml >said 2>log &
server=$!
exec 3<said
service='' access=''
while [ -z "$access" ] && IFS= read -r line <&3; do
    # shellcheck disable=SC2086 # Split into words.
    set -- $line
    case ${1:-} in
    service) service=$2 ;;
    admin) admin=$2 ;;
    access) access=$2 ;;
    esac
done
# The last line about gates comes when they are set up; an end of the server ends this as well.
while IFS= read -r line <&3; do
    case $line in *intune-mam*) break ;; esac
done
[ -n "$access" ] || { cat log >&2; exit 1; }

check() {
    echo "schemathesis: $1 listener"
    PYTHONPATH=$tools python3 -m schemathesis.cli --config-file schemathesis.toml run \
        --include-tag "$1" --url "$2" --header "Authorization: Bearer $access" "$document"
}
failed=0
check service "$service" || failed=1
check admin "$admin" || failed=1
kill -0 "$server"
exit "$failed"
