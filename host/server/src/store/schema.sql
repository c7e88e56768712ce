-- Components that gates have, had or may go back to.
CREATE TABLE component (
    digest TEXT PRIMARY KEY,          -- sha256:...
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- What each gate has now. A gate that never had a release is not there.
CREATE TABLE gate (
    name TEXT PRIMARY KEY,
    settings TEXT NOT NULL,           -- JSON object, with those that the policy does not know
    revision INTEGER NOT NULL,        -- counts changes of policy or settings
    active INTEGER NOT NULL REFERENCES attempt (id)  -- the last good release
) STRICT;

-- Every attempt to give a gate another release.
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    gate TEXT NOT NULL,
    at INTEGER NOT NULL,              -- seconds since 1970
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    action TEXT NOT NULL,
    step TEXT,                        -- the step that failed; NULL when the release was activated
    error TEXT,
    component TEXT,                   -- digest; NULL when the artefact could not be read
    policy_name TEXT,
    policy_version TEXT,
    release TEXT,                     -- digest; NULL when refused
    settings TEXT,                    -- JSON object as sealed; NULL when refused
    generation INTEGER,
    previous INTEGER                  -- the attempt a roll-back goes to
) STRICT;
CREATE INDEX attempt_of_gate ON attempt (gate, id);

-- What came last from the watched source of each gate, whatever came of it.
CREATE TABLE source (
    gate TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    error TEXT                        -- why it was refused; NULL when it was not
) STRICT;

CREATE TABLE activity (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    gate TEXT,                        -- NULL when about the server
    type TEXT NOT NULL,
    details TEXT NOT NULL             -- JSON object
) STRICT;
CREATE INDEX activity_of_gate ON activity (gate, id);

-- Access tokens. Only a digest of the secret is kept: it is 32 random bytes, which no list has.
CREATE TABLE access (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    secret_sha256 BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    revoked_at INTEGER
) STRICT;
