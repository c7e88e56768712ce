"""Uses the client that openapi-python-client made of docs/openapi.json against a real server."""

import importlib
import os
import pkgutil
import sqlite3
import tempfile
from io import BytesIO

import admit_client
from admit_client import AuthenticatedClient, Client
from admit_client.api.admin import backup, get_settings, metrics, patch_settings, post_policy
from admit_client.api.service import decide, decide_batch, gate_ready, ready
from admit_client.models import (
    Activation,
    Decision,
    DecisionOutcome,
    Error,
    PatchedSettings,
    Question,
    Questions,
    Settings,
    SettingsPatch,
)
from admit_client.types import File

GATE = "windows-mdm"

for module in pkgutil.walk_packages(admit_client.__path__, "admit_client."):
    importlib.import_module(module.name)

access, token = os.environ["ACCESS"], os.environ["TOKEN"]
service = AuthenticatedClient(base_url=os.environ["SERVICE"], token=access)
admin = AuthenticatedClient(base_url=os.environ["ADMIN"], token=access)
anybody = Client(base_url=os.environ["ADMIN"])


def of(kind, answer):
    """The answer, which has to be of this kind."""
    assert isinstance(answer, kind), answer
    return answer


# Decisions.
decision = of(Decision, decide.sync(GATE, client=service, body=Question(token=token, id="1")))
assert decision.outcome == DecisionOutcome.ALLOW, decision
assert decision.id == "1" and decision.identity.object_id and decision.policy.name == GATE
questions = Questions(requests=[Question(token=token), Question(token="x", trace=True)])
answers = decide_batch.sync(GATE, client=service, body=questions)
assert [one.outcome.value for one in answers.decisions] == ["allow", "invalid"], answers
unknown = of(Error, decide.sync("nowhere", client=service, body=Question(token=token)))
assert unknown.code.value == "unknown_gate", unknown

# Settings, with the revision that they were read at.
before = get_settings.sync_detailed(GATE, client=admin)
scopes = of(Settings, before.parsed).effective["scopes"]
tag = before.headers["etag"]
change = SettingsPatch.from_dict({"scopes": [*scopes, "python"], "allow_guests": None})
changed = of(PatchedSettings, patch_settings.sync(GATE, client=admin, body=change, if_match=tag))
assert changed.effective["scopes"][-1] == "python" and changed.activation.steps, changed
late = of(Error, patch_settings.sync(GATE, client=admin, body=change, if_match=tag))
assert late.code.value == "changed_meanwhile", late

# Bytes in both directions: a component out of the copy of the store, and back as an upload.
with tempfile.NamedTemporaryFile() as copy:
    copy.write(of(File, backup.sync(client=admin)).payload.read())
    copy.flush()
    store = sqlite3.connect(copy.name)
    (component,) = store.execute("select bytes from component").fetchone()
    store.close()
upload = File(payload=BytesIO(component))
tried = of(Activation, post_policy.sync(GATE, client=admin, body=upload, dry_run=True))
assert tried.result.value in ("checked", "unchanged"), tried
refused = of(Error, post_policy.sync(GATE, client=admin, body=File(payload=BytesIO(b"\0asm"))))
assert refused.code.value == "inspect", refused

# What anybody may ask.
assert "admit_decisions_total{" in of(str, metrics.sync(client=anybody))
assert ready.sync(client=anybody).status.value == "ready"
assert gate_ready.sync(GATE, client=anybody).status.value == "ready"
print("python: decided, patched, uploaded, measured")
