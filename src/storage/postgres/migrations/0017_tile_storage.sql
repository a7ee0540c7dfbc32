-- Counts are packed as tightly as they go: to try and compress them again costs three times the rest of a write and gains
-- nothing. Days made from now on keep blobs up to a page in the row. An older binary can live with it.
ALTER TABLE tile ALTER COLUMN counts SET STORAGE EXTERNAL;
