#!/bin/sh
# Puts Prometheus' promtool into a folder, from the package of this Debian release, and installs nothing
# else. Does nothing if it is there. The release says which version that is.
#
#   tests/monitoring/setup.sh TOOLS
set -eu
tools=$1
if [ -x "$tools/bin/promtool" ] || command -v promtool >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "error: no promtool; install Prometheus 2.40 or newer, so that promtool is in PATH" >&2
    exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
# Without the package lists of a new machine there is nothing to download.
if ! apt-get download -qq prometheus 2>/dev/null; then
    apt-get update -qq
    apt-get download -qq prometheus
fi
dpkg -x prometheus_*.deb .
mkdir -p "$tools/bin"
cp usr/bin/promtool "$tools/bin/promtool"
