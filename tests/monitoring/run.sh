#!/bin/sh
# Checks docs/monitoring with promtool: the alert rules and what they fire at, the expressions of the
# dashboard, and the metrics of a real server on loopback.
#
#   tests/monitoring/run.sh ADMIT TOOLS
#
# ADMIT is the binary, TOOLS the folder that tests/monitoring/setup.sh installs promtool into.
set -eu
admit=$1 tools=$2
here=$(cd "$(dirname "$0")" && pwd)
docs=$here/../../docs/monitoring
PATH=$tools/bin:$PATH

promtool check rules "$docs/alerts.yaml"
promtool test rules "$here/alerts.test.yaml"

. "$here/../server.sh"
serve "$here/../api/admit.yaml"

echo "promtool: expressions of the dashboard"
python3 "$here/expressions.py" "$docs/dashboard.json" >dashboard.yaml
promtool check rules dashboard.yaml

echo "promtool: metrics of a server"
python3 - "$admin" >metrics <<'END'
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1] + "/metrics").read().decode(), end="")
END
promtool check metrics <metrics
kill -0 "$server"
