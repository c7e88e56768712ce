-- One row that is written to find out whether the store can be written again after a failure.
CREATE TABLE probe (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL               -- seconds since 1970
) STRICT;

-- The settings of an attempt are kept while it can be gone back to, and its component with them.
CREATE INDEX attempt_kept ON attempt (component) WHERE settings IS NOT NULL;

-- sha256:... of a candidate's component; NULL for one that was made before.
ALTER TABLE candidate ADD COLUMN digest TEXT;
