-- sha256:... of settings as they are written; NULL for those that were written before.
ALTER TABLE gate ADD COLUMN settings_digest TEXT;
ALTER TABLE candidate ADD COLUMN settings_digest TEXT;
