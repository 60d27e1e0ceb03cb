-- SPDX-License-Identifier: MIT
-- One per lane; {lane} is its number. Append-only, rowid = seq, no secondary index: an event dirties one leaf.
-- type, topic, content_type: an id of hf_text, or the text itself once hf_text is full.
-- total_bytes: data bytes of this lane up to and including this row, since the store was made.
CREATE TABLE hf_lane_{lane} (
  seq           INTEGER PRIMARY KEY,
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
  data          BLOB    NOT NULL
) STRICT;
