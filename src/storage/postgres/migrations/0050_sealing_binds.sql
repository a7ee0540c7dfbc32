-- breaking
-- From 0031 on slices are sealed before they are rolled up, and whoever counts must ask first: a driftd from before does not
-- and would write tiles of 5 minutes into slices that are hours already, which readers would then add twice. It must stop.
-- Said here and not there, since a migration is never changed. Nothing else of the schema changes.
COMMENT ON COLUMN model.sealed_until IS 'Tiles that begin before this instant are never written again';
