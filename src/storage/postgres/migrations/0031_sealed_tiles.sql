-- Tiles of a model that begin before this instant are sealed: nothing is counted into them any more, so that they can be
-- rolled up. An older binary does not ask, and must not count beside one that rolls up.
ALTER TABLE model ADD COLUMN sealed_until timestamptz;
