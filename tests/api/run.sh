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
. "$here/../server.sh"
serve "$here/admit.yaml" "$here/schemathesis.toml"

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
