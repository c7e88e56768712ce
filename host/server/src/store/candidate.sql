-- The candidate of each gate. Its component is here and not among the others, which are of releases:
-- what was only tried may come again with other content.
CREATE TABLE candidate (
    gate TEXT PRIMARY KEY,
    bytes BLOB NOT NULL,
    settings TEXT NOT NULL,           -- JSON object, with those that the policy does not know
    revision INTEGER NOT NULL         -- the gate's revision when it was made
) STRICT;
