// SPDX-License-Identifier: MIT
//
// The part of a session that looks for damage.
#include <holdfast/check.hpp>

#include "store/salvage.hpp"
#include "store/session.hpp"
#include "store/set_aside.hpp"

namespace holdfast::store {

Result<CheckedRows> Session::check_rows(LaneNumber number, std::int64_t after_seq, std::int64_t to_seq) {
  HOLDFAST_CHECK(!in_transaction());
  Lane* lane = find(number);
  CheckedRows checked{0, to_seq, std::nullopt};
  if (lane == nullptr) return checked;
  std::size_t bytes = 0;
  auto done = lane->rows.scan(after_seq, limits::kCheckRowsMax, texts_, [&](ReadRow row) {
    checked.end_seq = row.event.seq;
    if (row.event.seq > to_seq) return false;
    ++checked.rows;
    bytes += row.event.data.size();
    const bool settled = lane->settled.contains(row.event.seq);
    if (!settled && !complete(row)) checked.damaged_seq = row.event.seq;
    return !checked.damaged_seq && bytes < limits::kPurgeBytesMax;
  });
  if (!done) return tl::unexpected<Error>(done.error());
  if (checked.rows == 0) checked.end_seq = to_seq;
  return checked;
}

Result<std::vector<std::string>> Session::check_structure() {
  auto check = Statement::prepare(handle(), "PRAGMA integrity_check(100)", false);
  if (!check) return tl::unexpected<Error>(check.error());
  std::vector<std::string> findings;
  for (;;) {
    const auto stepped = check->step();
    if (!stepped && says_damaged(stepped.error())) {
      findings.push_back(stepped.error().text());  // so damaged that the check itself cannot go on
      return findings;
    }
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done) return findings;
    if (check->text(0) == "ok") continue;
    if (auto made = check_was_made(check->text(0)); !made) return tl::unexpected<Error>(made.error());
    findings.emplace_back(check->text(0));
  }
}

}  // namespace holdfast::store
