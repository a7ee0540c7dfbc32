-- Missed ticks are counted with every look at the gauges, and ticks are never deleted. An older binary can live with it.
CREATE INDEX monitor_tick_missed ON monitor_tick (monitor_id) WHERE state = 'missed';
