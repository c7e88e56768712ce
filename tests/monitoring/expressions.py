"""Writes the expressions of a Grafana dashboard as recording rules, so that promtool reads them."""

import json
import sys

VARIABLES = {"$__rate_interval": "5m", "$job": ".*", "$instance": ".*", "$gate": ".*"}


def expressions(value):
    """Every `expr` of a document."""
    if isinstance(value, list):
        for item in value:
            yield from expressions(item)
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "expr":
                yield member
            else:
                yield from expressions(member)


def plain(expression):
    """An expression with values in the place of the dashboard's variables."""
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


with open(sys.argv[1], encoding="utf-8") as file:
    found = list(expressions(json.load(file)))
rules = [{"record": f"dashboard:{number}", "expr": plain(one)} for number, one in enumerate(found)]
json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, sys.stdout, indent=1)
