-- SPDX-License-Identifier: MIT
--
-- What the inbox remembers, version 1. It lives in the inbox's own file or in the application's database, so
-- its version is a row and not the file's user_version. README.md explains the rules.

CREATE TABLE hf_in_meta (
  name  TEXT PRIMARY KEY,  -- 'schema': version of these tables; 'rewinds': how many were ever reported
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO hf_in_meta (name, value) VALUES ('schema', 1), ('rewinds', 0);

-- urn:holdfast:<device>. Rows are never deleted, so the highest number is their count.
CREATE TABLE hf_in_device (
  device INTEGER PRIMARY KEY,
  name   TEXT NOT NULL UNIQUE,
  epochs INTEGER NOT NULL DEFAULT 0  -- how many epochs of it are known: the newest one's ordinal
) STRICT;

-- urn:holdfast:<device>/<lane>: what events come from. Never deleted either.
CREATE TABLE hf_in_source (
  source INTEGER PRIMARY KEY,
  name   TEXT NOT NULL UNIQUE,
  device INTEGER NOT NULL,
  lane   TEXT NOT NULL
) STRICT;
CREATE INDEX hf_in_source_device ON hf_in_source (device);

-- The device's history. An epoch id (its 64 bits as a signed integer) is never forgotten.
CREATE TABLE hf_in_epoch (
  device  INTEGER NOT NULL,
  epoch   INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,  -- 1, 2, 3 ... per device, in the order they became known here
  state   INTEGER NOT NULL,  -- 0: named as a parent; 1: an event of it was seen; 2: its record was seen
  parent  INTEGER,           -- with state 2; NULL: the first epoch of a store
  rewound INTEGER NOT NULL DEFAULT 0,  -- 1: a rewind was reported for it
  PRIMARY KEY (device, epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX hf_in_epoch_kin ON hf_in_epoch (device, parent, ordinal) WHERE state = 2;

-- What an epoch record states: the parent's last seq per lane. A lane that is not listed ended at 0.
CREATE TABLE hf_in_parent_end (
  device INTEGER NOT NULL,
  epoch  INTEGER NOT NULL,  -- the child, which states it
  lane   TEXT NOT NULL,
  last   INTEGER NOT NULL,
  PRIMARY KEY (device, epoch, lane)
) STRICT, WITHOUT ROWID;

-- Seqs whose effect is committed: disjoint intervals with a hole between any two. In order: one row.
CREATE TABLE hf_in_applied (
  source INTEGER NOT NULL,
  epoch  INTEGER NOT NULL,
  first  INTEGER NOT NULL,
  last   INTEGER NOT NULL,
  PRIMARY KEY (source, epoch, first)
) STRICT, WITHOUT ROWID;

-- Seqs that gap records explain one by one: disjoint, and disjoint from the applied ones.
CREATE TABLE hf_in_declared (
  source INTEGER NOT NULL,
  epoch  INTEGER NOT NULL,
  first  INTEGER NOT NULL,
  last   INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (source, epoch, first)
) STRICT, WITHOUT ROWID;

-- Sparse gap records: of first..last, `missing` are explained, and which ones is not said. Hulls may overlap
-- everything.
CREATE TABLE hf_in_sparse (
  source  INTEGER NOT NULL,
  epoch   INTEGER NOT NULL,
  first   INTEGER NOT NULL,
  last    INTEGER NOT NULL,
  missing INTEGER NOT NULL,
  reason  TEXT NOT NULL,
  PRIMARY KEY (source, epoch, first, last)
) STRICT, WITHOUT ROWID;

-- What showed that a store went back in time; the newest 1,000 are kept.
CREATE TABLE hf_in_rewind (
  rewind INTEGER PRIMARY KEY,
  device INTEGER NOT NULL,
  epoch  INTEGER NOT NULL,
  parent INTEGER,  -- set while the report rests on this parent not being known: withdrawn when it is
  what   TEXT NOT NULL
) STRICT;
CREATE INDEX hf_in_rewind_parent ON hf_in_rewind (device, parent) WHERE parent IS NOT NULL;

-- Events of other producers: only `source` and `id`. Swept by age.
CREATE TABLE hf_in_foreign (
  source     TEXT NOT NULL,
  id         TEXT NOT NULL,
  applied_at INTEGER NOT NULL,  -- the consumer's wall clock, seconds since 1970
  PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX hf_in_foreign_age ON hf_in_foreign (applied_at);
