-- Packed counts for people and for Grafana. An older binary can live with them; it does not know them.

-- The counts of the feature at this place (from 1) of a packed tile: bins in order, and what has no bin. Reads version 1
-- of the layout in src/core/histogram/coding/codec.ts, from which a feature's bins stand first. The checksum is not
-- looked at here: the daemon does that.
CREATE FUNCTION driftd_unpack(blob bytea, place integer,
  OUT bins bigint[], OUT missing bigint, OUT invalid bigint, OUT other bigint, OUT unseen bigint)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  at integer := 2;
  kind integer;
  value bigint;
  shift integer;
  octet integer;
  size integer;
  rest bigint[] := '{}';
  wanted integer;
  empty boolean := false;
BEGIN
  IF get_byte(blob, 0) <> 1 THEN
    RAISE EXCEPTION 'version % of packed counts is not known', get_byte(blob, 0);
  END IF;
  IF place < 1 OR place > get_byte(blob, 1) THEN
    RAISE EXCEPTION 'there is no feature % among the % that are packed', place, get_byte(blob, 1);
  END IF;
  FOR i IN 1..place LOOP
    kind := get_byte(blob, at);
    at := at + 1;
    value := 0; shift := 0;
    LOOP
      octet := get_byte(blob, at); at := at + 1;
      value := value | ((octet & 127)::bigint << shift);
      EXIT WHEN octet < 128;
      shift := shift + 7;
    END LOOP;
    IF i < place THEN at := at + value::integer; END IF;
  END LOOP;
  bins := '{}';
  size := NULL;
  wanted := CASE WHEN kind = 0 THEN 2 ELSE 4 END;
  LOOP
    value := 0; shift := 0;
    LOOP
      octet := get_byte(blob, at); at := at + 1;
      value := value | ((octet & 127)::bigint << shift);
      EXIT WHEN octet < 128;
      shift := shift + 7;
    END LOOP;
    IF size IS NULL THEN
      size := value;
    ELSIF cardinality(bins) < size THEN
      IF empty THEN
        bins := bins || array_fill(0::bigint, ARRAY[value::integer]);
        empty := false;
      ELSIF value = 0 THEN
        empty := true;
      ELSE
        bins := bins || value;
      END IF;
    ELSE
      rest := rest || value;
      EXIT WHEN cardinality(rest) = wanted;
    END IF;
  END LOOP;
  missing := rest[1];
  invalid := rest[2];
  other := rest[3];
  unseen := rest[4];
END $$;

-- Every packed histogram, unpacked: for a look with psql. Slow over many tiles: give model, feature and a span of time.
CREATE VIEW driftd_counts AS
SELECT m.name AS model, f.name AS feature, s.name AS segment, t.start, t.span_minutes, t.part, t.events,
       b.fingerprint AS binning, u.bins, u.missing, u.invalid, u.other, u.unseen
FROM tile t
JOIN binning_set bs ON bs.id = t.binning_set_id
CROSS JOIN LATERAL unnest(bs.binning_ids) WITH ORDINALITY AS place (binning_id, number)
JOIN binning b ON b.id = place.binning_id
JOIN feature f ON f.id = b.feature_id
JOIN model m ON m.id = t.model_id
JOIN segment s ON s.id = t.segment_id
CROSS JOIN LATERAL driftd_unpack(t.counts, place.number::integer) AS u;

-- Live counts of a feature in [from_time, to_time) beside a baseline's (the active one, or this version), one row a bin:
-- numeric bins as (lower, upper], NULL without an end; a bin of one value, and categories, by label. Counted on the
-- binning of the baseline that most of the live values were counted on. No row when the baseline has no such feature.
CREATE FUNCTION driftd_histogram(model_name text, feature_name text, segment_name text,
  from_time timestamptz, to_time timestamptz, baseline_version integer DEFAULT NULL)
RETURNS TABLE (bin integer, label text, lower double precision, upper double precision,
  live bigint, baseline bigint, live_share double precision, baseline_share double precision,
  live_cdf double precision, baseline_cdf double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
WITH reference AS (
  SELECT bf.binning_id, bf.rank, bf.segment, bf.document, b.definition::jsonb AS definition
  FROM model m
  JOIN baseline bl ON bl.model_id = m.id AND (bl.version = baseline_version OR baseline_version IS NULL AND bl.state = 'active')
  JOIN baseline_feature bf ON bf.baseline_id = bl.id AND bf.segment IN (segment_name, 'all')
  JOIN feature f ON f.id = bf.feature_id AND f.name = feature_name
  JOIN binning b ON b.id = bf.binning_id
  WHERE m.name = model_name),
tiles AS MATERIALIZED (
  SELECT r.binning_id, u.bins, coalesce(u.other, 0) AS other, coalesce(u.unseen, 0) AS unseen
  FROM model m
  JOIN segment s ON s.model_id = m.id AND s.name = segment_name
  JOIN tile t ON t.model_id = m.id AND t.segment_id = s.id AND t.start >= from_time AND t.start < to_time
  JOIN binning_set bs ON bs.id = t.binning_set_id
  JOIN (SELECT DISTINCT binning_id FROM reference) r ON r.binning_id = ANY (bs.binning_ids)
  CROSS JOIN LATERAL driftd_unpack(t.counts, array_position(bs.binning_ids, r.binning_id)) AS u
  WHERE m.name = model_name),
chosen AS (
  SELECT r.binning_id, r.definition
  FROM reference r LEFT JOIN tiles t ON t.binning_id = r.binning_id
  GROUP BY r.binning_id, r.definition, r.rank
  ORDER BY coalesce(sum((SELECT sum(c) FROM unnest(t.bins) AS c)), 0) DESC, r.rank LIMIT 1),
-- Two further cells of categories: known but not tracked, and never seen.
live AS (
  SELECT c.number::integer AS number, sum(c.count)::bigint AS count
  FROM tiles t JOIN chosen USING (binning_id)
  CROSS JOIN LATERAL unnest(CASE WHEN chosen.definition ? 'edges' THEN t.bins ELSE t.bins || t.other || t.unseen END)
    WITH ORDINALITY AS c (count, number)
  GROUP BY 1),
base AS (
  SELECT c.number::integer AS number, c.count::bigint AS count
  FROM reference r JOIN chosen USING (binning_id)
  CROSS JOIN LATERAL (
    SELECT value::text::bigint AS count, ordinality AS number FROM jsonb_array_elements(r.document->'counts') WITH ORDINALITY
    UNION ALL
    SELECT (r.document->>'other')::bigint, jsonb_array_length(r.document->'counts') + 1 WHERE r.document ? 'other'
    UNION ALL
    SELECT (r.document->>'unseen')::bigint, jsonb_array_length(r.document->'counts') + 2 WHERE r.document ? 'unseen') AS c
  WHERE r.segment = segment_name),
cells AS (
  SELECT g.number,
    CASE WHEN definition ? 'edges' AND g.number > 1 THEN (definition->'edges'->>(g.number - 2))::double precision END AS lower,
    CASE WHEN definition ? 'edges' THEN (definition->'edges'->>(g.number - 1))::double precision END AS upper,
    definition ? 'edges' AS numeric,
    CASE WHEN definition ? 'edges' THEN definition->'atoms' @> to_jsonb(g.number - 1) ELSE false END AS atom,
    CASE WHEN g.number <= jsonb_array_length(definition->'categories') THEN definition->'categories'->>(g.number - 1)
         WHEN g.number = jsonb_array_length(definition->'categories') + 1 THEN '(other)' ELSE '(unseen)' END AS category
  FROM chosen CROSS JOIN LATERAL generate_series(1,
    CASE WHEN definition ? 'edges' THEN jsonb_array_length(definition->'edges') + 1
         ELSE jsonb_array_length(definition->'categories') + 2 END) AS g (number)),
counted AS (
  SELECT c.*, coalesce(l.count, 0) AS live, b.count AS baseline,
    sum(coalesce(l.count, 0)) OVER () AS n, sum(b.count) OVER () AS m,
    sum(coalesce(l.count, 0)) OVER (ORDER BY c.number) AS live_below, sum(b.count) OVER (ORDER BY c.number) AS baseline_below
  FROM cells c LEFT JOIN live l USING (number) LEFT JOIN base b USING (number))
SELECT number - 1,
  CASE WHEN NOT numeric THEN category WHEN atom THEN upper::text
       WHEN lower IS NULL THEN '<= ' || upper::text WHEN upper IS NULL THEN '> ' || lower::text
       ELSE lower::text || ' to ' || upper::text END,
  CASE WHEN numeric AND atom THEN upper ELSE lower END, upper, live::bigint, baseline::bigint,
  (live / nullif(n, 0))::double precision, (baseline / nullif(m, 0))::double precision,
  (live_below / nullif(n, 0))::double precision, (baseline_below / nullif(m, 0))::double precision
FROM counted ORDER BY number
$$;
COMMENT ON FUNCTION driftd_histogram IS 'Live counts of a feature in a span of event time beside the baseline''s, a row a bin';
COMMENT ON VIEW driftd_counts IS 'Tiles with their packed counts as arrays';
