#!/bin/sh
# Makes clients of docs/openapi.json with the common generators, compiles them, and lets each decide,
# patch, upload and measure against a real server on loopback. Changes nothing outside a folder of its own.
#
#   tests/clients/run.sh ADMIT TOOLS
#
# ADMIT is the binary, TOOLS the folder that tests/clients/setup.sh installs the generators into.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
admit=$1 tools=$(cd "$2/clients" && pwd)
document=$root/docs/openapi.json
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
. "$here/../server.sh"

echo "redocly: lint"
if ! (cd "$root" && "$tools/typescript/node_modules/.bin/redocly" lint "$document") >"$folder/lint" 2>&1 ||
    grep -q 'You have .* warning' "$folder/lint"; then
    cat "$folder/lint" >&2
    exit 1
fi

serve "$here/../api/admit.yaml"
TOKEN=$("$admit" issuer token --aud 0b5fd5b5-2b5c-4b5e-9d5c-6a1c6f3f5a01 \
    --tid f645ad92-e38d-4d1a-b510-d1b09a74a8ca)
export TOKEN SERVICE="$service" ADMIN="$admin" ACCESS="$access"

echo "openapi-python-client: a client"
PYTHONPATH=$tools/python python3 -m openapi_python_client generate --fail-on-warning \
    --config "$here/python/generator.yaml" --path "$document" --output-path "$folder/python" >generated 2>&1 ||
    { cat generated >&2; exit 1; }
PYTHONPATH=$tools/python:$folder/python python3 "$here/python/client.py"

echo "openapi-typescript: types"
mkdir typescript
cp "$here/typescript/package.json" "$here/typescript/tsconfig.json" "$here/typescript/client.ts" typescript
ln -s "$tools/typescript/node_modules" typescript/node_modules
(
    cd typescript
    node_modules/.bin/openapi-typescript "$document" -o api.d.ts >../generated 2>&1 ||
        { cat ../generated >&2; exit 1; }
    node_modules/.bin/tsc
    node built/client.js
)

if [ -x "$tools/bin/oapi-codegen" ]; then
    echo "oapi-codegen: a client"
    mkdir -p go/admit
    cp "$here/go/go.mod" "$here/go/go.sum" "$here/go/main.go" go
    "$tools/bin/oapi-codegen" -generate types,client -package admit -o go/admit/admit.go "$document"
    (cd go && go run .)
else
    echo "SKIPPED: a client by oapi-codegen; it needs Go"
fi
kill -0 "$server"
