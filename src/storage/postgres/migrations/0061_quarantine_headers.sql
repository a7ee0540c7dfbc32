-- What a bad record's headers said of its type. An older binary writes none.
ALTER TABLE quarantine ADD COLUMN headers jsonb;
