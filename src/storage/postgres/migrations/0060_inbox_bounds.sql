-- Posted events by their bytes, too: how many wait is the difference of two running sums. Rows of an older binary have none
-- and are not counted in bytes; it can live with this.
ALTER TABLE inbox ADD COLUMN next_byte bigint NOT NULL DEFAULT 0;
ALTER TABLE inbox_event ADD COLUMN first_byte bigint;
-- An idempotency key belongs to whoever sent it: the name of a token. Keys of before are kept, and are nobody's.
ALTER TABLE inbox_request ADD COLUMN scope text NOT NULL DEFAULT '' CHECK (length(scope) <= 128);
ALTER TABLE inbox_request DROP CONSTRAINT inbox_request_pkey;
ALTER TABLE inbox_request ADD PRIMARY KEY (scope, key);
