-- SPDX-License-Identifier: MIT
-- Holdfast store, schema version 1. src/README.md explains it; lane tables are in lane_table.sql.
-- Times: *_ns are nanoseconds; since_boot_ns is powered time of the boot beside it; utc_ns is for people only.

CREATE TABLE hf_store (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  device TEXT    NOT NULL
) STRICT;

-- One row per boot in which something was committed; the anchor is there once its clock was trusted.
CREATE TABLE hf_boot (
  boot                 INTEGER PRIMARY KEY,
  boot_id              TEXT NOT NULL UNIQUE,
  anchor_since_boot_ns INTEGER,
  anchor_utc_ns        INTEGER
) STRICT;

-- One row per opening that committed an event. `epoch` holds the 64 random bits.
CREATE TABLE hf_epoch (
  n            INTEGER PRIMARY KEY,
  epoch        INTEGER NOT NULL UNIQUE,
  parent       INTEGER,
  boot         INTEGER NOT NULL,
  reason       TEXT    NOT NULL,
  fingerprint  TEXT    NOT NULL,
  acknowledged INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Where the parent of epoch n ended, per lane.
CREATE TABLE hf_epoch_end (
  n         INTEGER NOT NULL,
  lane_name TEXT    NOT NULL,
  last_seq  INTEGER NOT NULL,
  PRIMARY KEY (n, lane_name)
) STRICT, WITHOUT ROWID;

-- cursor: it and every seq below are settled. cursor_bytes: the running total of data bytes up to it.
CREATE TABLE hf_lane (
  lane         INTEGER PRIMARY KEY,
  name         TEXT    NOT NULL UNIQUE,
  priority     INTEGER NOT NULL,
  cursor       INTEGER NOT NULL DEFAULT 0,
  cursor_bytes INTEGER NOT NULL DEFAULT 0,
  lost_events  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Interned texts: topics, types, content types.
CREATE TABLE hf_text (
  id   INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE hf_state (
  key          TEXT    PRIMARY KEY,
  version      INTEGER NOT NULL,
  content_type TEXT    NOT NULL,
  value        BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows that the broker has refused and that will be tried again.
CREATE TABLE hf_failed (
  lane         INTEGER NOT NULL,
  seq          INTEGER NOT NULL,
  attempts     INTEGER NOT NULL,
  reason       INTEGER NOT NULL,
  detail       TEXT    NOT NULL,
  first_utc_ns INTEGER NOT NULL,
  last_utc_ns  INTEGER NOT NULL,
  PRIMARY KEY (lane, seq)
) STRICT, WITHOUT ROWID;

-- Rows that the broker refuses for good: the lane's row, and why.
CREATE TABLE hf_quarantine (
  lane          INTEGER NOT NULL,
  seq           INTEGER NOT NULL,
  epoch         INTEGER NOT NULL,
  boot          INTEGER NOT NULL,
  since_boot_ns INTEGER NOT NULL,
  key           TEXT    NOT NULL,
  type          ANY     NOT NULL,
  topic         ANY     NOT NULL,
  content_type  ANY     NOT NULL,
  attributes    TEXT    NOT NULL,
  ttl_s         INTEGER,
  total_bytes   INTEGER NOT NULL,
  crc           INTEGER NOT NULL,
  data          BLOB    NOT NULL,
  reason        INTEGER NOT NULL,
  detail        TEXT    NOT NULL,
  attempts      INTEGER NOT NULL,
  first_utc_ns  INTEGER NOT NULL,
  last_utc_ns   INTEGER NOT NULL,
  PRIMARY KEY (lane, seq)
) STRICT;

-- Declared losses that the broker has not acknowledged yet. AUTOINCREMENT: n is part of a message id.
CREATE TABLE hf_gap (
  n         INTEGER PRIMARY KEY AUTOINCREMENT,
  epoch     INTEGER NOT NULL,
  lane      INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq  INTEGER NOT NULL,
  missing   INTEGER NOT NULL,
  bytes     INTEGER NOT NULL,
  reason    TEXT    NOT NULL
) STRICT;
