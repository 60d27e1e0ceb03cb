-- SPDX-License-Identifier: MIT
-- Holdfast store, from schema version 1 to 2: budget, pressure, lanes that come and go, idempotency keys.

-- budget_bytes: of database and WAL; 0 until the first opening by this version has set it.
-- clean: the last opening ended by close(). restored: a backup that has not been opened since it was made.
-- table_pages: pages of the callers' own tables and indexes.
ALTER TABLE hf_store ADD COLUMN budget_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hf_store ADD COLUMN growing      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hf_store ADD COLUMN clean        INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hf_store ADD COLUMN restored     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hf_store ADD COLUMN table_pages  INTEGER NOT NULL DEFAULT 0;

-- lost_events, lost_bytes: declared in gap records, ever; *_below: those of them at or below the cursor. So
-- the backlog is last seq - cursor - (lost_events - lost_events_below), without counting rows.
-- retired: removed; the row stays, because its sequence must never begin again.
ALTER TABLE hf_lane ADD COLUMN lost_bytes        INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hf_lane ADD COLUMN lost_events_below INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hf_lane ADD COLUMN lost_bytes_below  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hf_lane ADD COLUMN when_full         INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hf_lane ADD COLUMN guaranteed_bytes  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hf_lane ADD COLUMN max_bytes         INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hf_lane ADD COLUMN ttl_s             INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hf_lane ADD COLUMN commit_delay_ms   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hf_lane ADD COLUMN paused            INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hf_lane ADD COLUMN retired           INTEGER NOT NULL DEFAULT 0;

-- What version 1 has lost is in quarantine (bounded), and all of it was declared.
UPDATE hf_lane SET
  lost_events_below = lost_events - (SELECT count(*) FROM hf_quarantine q WHERE q.lane = hf_lane.lane AND q.seq > hf_lane.cursor),
  lost_bytes = (SELECT coalesce(sum(length(q.data)), 0) FROM hf_quarantine q WHERE q.lane = hf_lane.lane),
  lost_bytes_below = (SELECT coalesce(sum(length(q.data)), 0) FROM hf_quarantine q WHERE q.lane = hf_lane.lane AND q.seq <= hf_lane.cursor);

-- An acknowledged gap is kept until the cursor has passed it: it explains why rows are not there.
ALTER TABLE hf_gap ADD COLUMN acknowledged INTEGER NOT NULL DEFAULT 0;

-- Answers of writes that carried an idempotency key; the oldest go first. receipt: see key_table.hpp.
CREATE TABLE hf_key (
  n       INTEGER PRIMARY KEY,
  key     TEXT NOT NULL UNIQUE,
  receipt TEXT NOT NULL
) STRICT;
