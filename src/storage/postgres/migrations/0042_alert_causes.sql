-- What an alert's open incident was told as: drift, broken data, or one after the other. NULL: as drift. An older release
-- leaves the column as it is.
ALTER TABLE alert ADD COLUMN told_causes text[];
