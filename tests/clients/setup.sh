#!/bin/sh
# Installs the generators of clients into a folder: redocly and openapi-typescript from npm,
# openapi-python-client from PyPI, and oapi-codegen where Go is. Does nothing about those that are there.
#
#   tests/clients/setup.sh TOOLS
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if ! command -v npm >/dev/null; then
    echo "clients: there is no npm, so that no clients are made; install Node.js 20 or newer" >&2
    [ -z "${CI:-}" ]
    exit
fi
mkdir -p "$1/clients/typescript"
tools=$(cd "$1/clients" && pwd)

if ! [ -d "$tools/python/openapi_python_client" ]; then
    python3 -m pip install --quiet --upgrade --target "$tools/python" openapi-python-client==0.29.1
fi
if ! cmp -s "$here/typescript/package-lock.json" "$tools/typescript/package-lock.json"; then
    cp "$here/typescript/package.json" "$here/typescript/package-lock.json" "$tools/typescript"
    cd "$tools/typescript"
    # The lock file says which packages are there: it goes if they do not come.
    npm ci --no-audit --no-fund --loglevel error || { rm package-lock.json; exit 1; }
fi
if command -v go >/dev/null && ! [ -x "$tools/bin/oapi-codegen" ]; then
    GOBIN=$tools/bin go install github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2
fi
