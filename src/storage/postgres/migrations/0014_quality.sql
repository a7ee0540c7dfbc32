-- Events with a feature that the model's baseline does not know; part of the events.
ALTER TABLE model_progress ADD COLUMN unknown_events bigint NOT NULL DEFAULT 0;

-- What is wrong with the events of a monitor's model. streak: evaluations in a row with the fault, below 0 without it.
CREATE TABLE quality_problem (
  monitor_id integer NOT NULL REFERENCES monitor ON DELETE CASCADE,
  check_name text NOT NULL,
  about      text NOT NULL,
  streak     integer NOT NULL,
  open_since timestamptz,
  told       boolean NOT NULL,
  PRIMARY KEY (monitor_id, check_name, about)
);
