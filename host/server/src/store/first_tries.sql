-- The configured file of a gate that has no release yet, while it is tried for the first one. What is found
-- here at a start may have ended the server, and is set aside.
CREATE TABLE first_try (
    gate TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    since INTEGER NOT NULL,           -- seconds since 1970
    set_aside INTEGER NOT NULL        -- 1 once a start found it
) STRICT;
