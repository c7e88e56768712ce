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
