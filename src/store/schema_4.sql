-- SPDX-License-Identifier: MIT
-- Holdfast store, from schema version 3 to 4: several relays of one process.

-- Who took which share of the work last. token: one higher at each taking, ever; what carries a lower one comes from a
-- relay that has lost the share. A lease lives in memory and is void at every opening: see leases.hpp.
CREATE TABLE hf_lease (
  share INTEGER PRIMARY KEY,
  relay INTEGER,
  token INTEGER NOT NULL
) STRICT;
INSERT INTO hf_lease (share, relay, token) VALUES
  (0, NULL, 0), (1, NULL, 0), (2, NULL, 0), (3, NULL, 0), (4, NULL, 0), (5, NULL, 0), (6, NULL, 0), (7, NULL, 0);
