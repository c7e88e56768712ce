-- The id of the access token that did something: names may come again once a token is revoked. NULL for a
-- part of the server, and for what was done before ids were recorded.
ALTER TABLE activity ADD COLUMN actor_id TEXT;
ALTER TABLE attempt ADD COLUMN actor_id TEXT;
ALTER TABLE access ADD COLUMN created_by_id TEXT;
