-- One row that is written to find out whether the store can be written again after a failure.
CREATE TABLE probe (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL               -- seconds since 1970
) STRICT;
