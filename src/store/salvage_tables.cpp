// SPDX-License-Identifier: MIT
//
// The small tables of a damaged store: device, boots, epochs, gap records, quarantine. Each is read both ways, and what does
// not read, or is not as it was written, becomes a finding.
#include <algorithm>
#include <bit>
#include <utility>

#include "base/text.hpp"
#include "store/salvage_impl.hpp"

namespace holdfast::store {
namespace {

// By name, since older stores have fewer columns.
std::optional<int> column_of(const Statement& row, std::string_view name) {
  for (int i = 0; i < sqlite3_column_count(row.handle()); ++i) {
    if (name == sqlite3_column_name(row.handle(), i)) return i;
  }
  return std::nullopt;
}

}  // namespace

std::int64_t integer_of(const Statement& row, std::string_view name, std::int64_t otherwise) {
  const auto column = column_of(row, name);
  return column && row.is_integer(*column) ? row.integer(*column) : otherwise;
}

std::string text_of(const Statement& row, std::string_view name) {
  const auto column = column_of(row, name);
  return column ? std::string(row.text(*column)) : std::string();
}

std::optional<std::int64_t> optional_of(const Statement& row, std::string_view name) {
  const auto column = column_of(row, name);
  if (!column || !row.is_integer(*column)) return std::nullopt;
  return row.integer(*column);
}

Result<void> Salvager::Impl::read_store() {
  const auto whole = both_ways("SELECT * FROM hf_store", "id", [&](const Statement& row) -> Result<bool> {
    const std::string device = text_of(row, "device");
    if (base::is_device_id(device)) salvage.device = device;
    salvage.budget_bytes =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_of(row, "budget_bytes")));
    salvage.growing = integer_of(row, "growing") != 0;
    return false;
  });
  if (!whole) return tl::unexpected<Error>(whole.error());
  if (salvage.device.empty()) find("the device id does not read");
  return {};
}

// Who held which share ended with the process; but a token has to be higher than all before.
Result<void> Salvager::Impl::read_leases() {
  const auto whole = both_ways("SELECT * FROM hf_lease", "share", [&](const Statement& row) -> Result<bool> {
    const std::int64_t token = integer_of(row, "token");
    if (is_seq(token)) salvage.lease_token = std::max(salvage.lease_token, token);
    return true;
  });
  return whole ? Result<void>() : tl::unexpected<Error>(whole.error());
}

Result<void> Salvager::Impl::read_boots() {
  const auto whole = both_ways("SELECT * FROM hf_boot", "boot", [&](const Statement& row) -> Result<bool> {
    SalvagedBoot boot{text_of(row, "boot_id"), optional_of(row, "anchor_since_boot_ns"),
                      optional_of(row, "anchor_utc_ns")};
    const bool known = std::any_of(salvage.boots.begin(), salvage.boots.end(),
                                   [&](const auto& other) { return other.second.id == boot.id; });
    if (!known && !boot.id.empty()) salvage.boots.emplace(integer_of(row, "boot"), std::move(boot));
    return true;
  });
  if (!whole) return tl::unexpected<Error>(whole.error());
  if (!*whole) find("the table of boots does not read to its end: some events have lost their time");
  return {};
}

Result<void> Salvager::Impl::read_epochs() {
  bool sound = true;
  const auto whole = both_ways("SELECT * FROM hf_epoch", "n", [&](const Statement& row) -> Result<bool> {
    SalvagedEpoch epoch;
    epoch.epoch = {std::bit_cast<std::uint64_t>(integer_of(row, "epoch"))};
    const auto parent = optional_of(row, "parent");
    if (parent) epoch.parent = Epoch{std::bit_cast<std::uint64_t>(*parent)};
    epoch.boot = integer_of(row, "boot");
    epoch.reason = text_of(row, "reason");
    epoch.fingerprint = text_of(row, "fingerprint");
    epoch.acknowledged = integer_of(row, "acknowledged") != 0;
    // A row that is not as it was written must not announce an epoch that never was.
    const bool is_one =
        optional_of(row, "epoch") && !epoch.reason.empty() && is_seq(integer_of(row, "n", -1));
    sound = sound && is_one;
    if (is_one) salvage.epochs.emplace(integer_of(row, "n"), std::move(epoch));
    return true;
  });
  if (!whole) return tl::unexpected<Error>(whole.error());
  if (!*whole || !sound) find("the table of epochs does not read to its end; its index stands in");
  return {};
}

Result<void> Salvager::Impl::read_epoch_ends() {
  const auto whole = both_ways(
      "SELECT n, lane_name, last_seq FROM hf_epoch_end", "n", [&](const Statement& row) -> Result<bool> {
        const auto epoch = salvage.epochs.find(row.integer(0));
        const std::string lane(row.text(1));
        if (epoch == salvage.epochs.end() || !base::is_lane_name(lane) || !is_seq(row.integer(2)))
          return true;
        auto& ends = epoch->second.parent_ends;
        const bool known =
            std::any_of(ends.begin(), ends.end(), [&](const LaneEnd& e) { return e.lane == lane; });
        if (!known) ends.push_back({lane, row.integer(2)});
        return true;
      });
  if (!whole) return tl::unexpected<Error>(whole.error());
  if (!*whole) find("where epochs ended does not read for all: neighbours tell which epoch a lost event had");
  return {};
}

Result<void> Salvager::Impl::read_gaps() {
  std::map<std::int64_t, std::pair<LaneNumber, SalvagedGap>> all;
  const auto whole = both_ways("SELECT * FROM hf_gap", "n", [&](const Statement& row) -> Result<bool> {
    SalvagedGap gap;
    gap.n = integer_of(row, "n");
    gap.epoch_number = integer_of(row, "epoch");
    gap.first_seq = integer_of(row, "first_seq");
    gap.last_seq = integer_of(row, "last_seq");
    gap.missing = integer_of(row, "missing");
    gap.bytes = std::max<std::int64_t>(0, integer_of(row, "bytes"));
    gap.reason = text_of(row, "reason");
    gap.acknowledged = integer_of(row, "acknowledged") != 0;
    const bool sound = gap.n > 0 && gap.first_seq > 0 && gap.last_seq >= gap.first_seq &&
                       is_seq(gap.last_seq) && gap.missing > 0 &&
                       gap.missing <= gap.last_seq - gap.first_seq + 1 &&
                       salvage.epochs.contains(gap.epoch_number);
    gaps_whole = gaps_whole && sound;
    if (sound) all.emplace(gap.n, std::pair(integer_of(row, "lane"), gap));
    return true;
  });
  if (!whole) return tl::unexpected<Error>(whole.error());
  gaps_whole = gaps_whole && *whole;
  for (auto& [n, lane_and_gap] : all) gaps[lane_and_gap.first].push_back(lane_and_gap.second);
  if (!gaps_whole)
    find(
        "the table of gap records does not read to its end: losses declared there and not yet acknowledged "
        "may be unknown");
  return {};
}

Result<void> Salvager::Impl::read_quarantine() {
  auto table =
      DamagedTable::open(db.get(), "hf_quarantine", "rowid", std::string("rowid, lane, ") + kSalvagedColumns);
  if (!table) return tl::unexpected<Error>(table.error());
  if (!table->has_value()) {
    find("the quarantine does not read");
    return {};
  }
  auto spans = (*table)->find_spans(0);
  if (!spans) return tl::unexpected<Error>(spans.error());
  quarantine_spans = std::move(*spans);
  std::size_t lost = 0;
  const auto take = [&](const Statement& row) -> Result<void> {
    const auto saved = names.read(row, 2, row.integer(1));
    if (!saved) return tl::unexpected<Error>(saved.error());
    if (*saved) quarantined[row.integer(1)].push_back((*saved)->event.seq);
    if (!*saved) ++lost;
    return {};
  };
  auto done = (*table)->for_each(quarantine_spans, take, [&](std::int64_t) { ++lost; });
  for (auto& [lane, seqs] : quarantined) {
    std::sort(seqs.begin(), seqs.end());
    seqs.erase(std::unique(seqs.begin(), seqs.end()), seqs.end());
  }
  if (lost > 0) find(std::to_string(lost) + " quarantined events do not read");
  return done;
}

}  // namespace holdfast::store
