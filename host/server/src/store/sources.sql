-- Releases of each gate that kept failing, so that the server took them back. None is activated again
-- unless somebody forces it, which ends its entry here.
CREATE TABLE taken_back (
    gate TEXT NOT NULL,
    release TEXT NOT NULL,            -- digest
    at INTEGER NOT NULL,              -- seconds since 1970
    faults INTEGER NOT NULL,          -- decisions that had failed by then
    reason TEXT NOT NULL,             -- the code of the last of them
    error TEXT NOT NULL,              -- what failed, one line
    component TEXT NOT NULL,          -- digest
    policy_name TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    PRIMARY KEY (gate, release)
) STRICT;

-- What the last verdict on a source's component was, beside `error`: `applied`; `content` when what it is
-- refused it; `passing` when something else did; `ended` when the server ended while it was tried. The
-- verdict of another version of this program counts for less.
ALTER TABLE source ADD COLUMN verdict TEXT NOT NULL DEFAULT 'passing';
ALTER TABLE source ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE source ADD COLUMN at INTEGER NOT NULL DEFAULT 0;  -- seconds since 1970
UPDATE source SET verdict = 'applied' WHERE error IS NULL;

-- The component of a gate that is being tried, for the first time: what is found here at a start may have
-- ended the server.
CREATE TABLE trying (
    gate TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    since INTEGER NOT NULL            -- seconds since 1970
) STRICT;
