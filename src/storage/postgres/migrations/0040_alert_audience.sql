-- The receivers that know of an alert's open incident: they hear how it goes on and that it is over, whatever becomes of its
-- severity or of the routes. NULL: told before this was kept. An older release leaves the column as it is.
ALTER TABLE alert ADD COLUMN told_receivers text[];
