-- SPDX-License-Identifier: MIT
-- Holdfast store, from schema version 2 to 3: quarantined events that an operator has sent on their way again.

-- requeued: 1 until the broker has acknowledged it (then the row goes) or has refused it for good once more.
ALTER TABLE hf_quarantine ADD COLUMN requeued INTEGER NOT NULL DEFAULT 0;
