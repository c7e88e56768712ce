-- One row that each commit writes anew: it tells the database that a server last committed to from any
-- copy of it, also where both are one file to the system.
CREATE TABLE mark (
    id INTEGER PRIMARY KEY,
    mark TEXT NOT NULL                -- unique
) STRICT;
INSERT INTO mark VALUES (1, hex(randomblob(16)));
