// SPDX-License-Identifier: MIT
#include "store/salvage_names.hpp"

#include <bit>

#include "store/lane_rows.hpp"

namespace holdfast::store {
namespace {

constexpr const char* kText = "SELECT text FROM hf_text WHERE id = ?1";
// The indexes that SQLite makes for a UNIQUE column hold that column and the row's number.
constexpr const char* kTextIndex =
    "SELECT id, text FROM hf_text INDEXED BY sqlite_autoindex_hf_text_1 ORDER BY text";
constexpr const char* kEpochIndex =
    "SELECT n, epoch FROM hf_epoch INDEXED BY sqlite_autoindex_hf_epoch_1 ORDER BY epoch";

}  // namespace

Result<void> SalvageNames::open(sqlite3* db, std::map<std::int64_t, SalvagedEpoch>& epochs) {
  db_ = db;
  epochs_ = &epochs;
  auto text = prepare_damaged(db, kText);
  if (!text) return tl::unexpected<Error>(text.error());
  text_ = std::move(*text);
  return load_epoch_index();
}

Result<void> SalvageNames::load_epoch_index() {
  const auto take = [&](const Statement& row) -> Result<bool> {
    index_epochs_.emplace(row.integer(0), Epoch{std::bit_cast<std::uint64_t>(row.integer(1))});
    return true;
  };
  const auto whole = read_both_ways(db_, kEpochIndex, std::string(kEpochIndex) + " DESC", take);
  if (!whole) return tl::unexpected<Error>(whole.error());
  for (const auto& [number, epoch] : index_epochs_) {
    if (number <= 0 || epochs_->contains(number)) continue;
    SalvagedEpoch known;
    known.epoch = epoch;
    const auto before = epochs_->lower_bound(number);
    if (before != epochs_->begin()) known.parent = std::prev(before)->second.epoch;
    known.reason = "salvaged";
    epochs_->emplace(number, known);
  }
  return {};
}

Result<void> SalvageNames::load_text_index() {
  if (index_loaded_) return {};
  index_loaded_ = true;
  const auto take = [&](const Statement& row) -> Result<bool> {
    index_bytes_ += row.text(1).size();
    if (index_bytes_ <= kIndexBytesMax) index_texts_.emplace(row.integer(0), row.text(1));
    return index_bytes_ <= kIndexBytesMax;
  };
  const auto whole = read_both_ways(db_, kTextIndex, std::string(kTextIndex) + " DESC", take);
  if (!whole) return tl::unexpected<Error>(whole.error());
  return {};
}

Result<std::optional<std::string>> SalvageNames::text_of(std::int64_t id) {
  const auto known = texts_.find(id);
  if (known != texts_.end()) return std::optional(known->second);
  if (!text_) return std::optional<std::string>();
  const ResetGuard guard(*text_);
  const auto stepped = text_->bind(1, id).step();
  if (!stepped && !is_damage(stepped.error())) return tl::unexpected<Error>(stepped.error());
  if (!stepped || *stepped == Step::done) return std::optional<std::string>();
  if (texts_.size() >= kCachedTextsMax) texts_.clear();
  return std::optional(texts_.emplace(id, text_->text(0)).first->second);
}

Result<SalvageNames::Texts> SalvageNames::texts(const Statement& row, int column, bool second_copies) {
  Texts texts;
  if (!row.is_integer(column)) return Texts{std::string(row.text(column))};
  const auto first = text_of(row.integer(column));
  if (!first) return tl::unexpected<Error>(first.error());
  if (first->has_value()) texts.push_back(**first);
  if (!second_copies) return texts;
  if (auto done = load_text_index(); !done) return tl::unexpected<Error>(done.error());
  const auto second = index_texts_.find(row.integer(column));
  if (second != index_texts_.end()) texts.push_back(second->second);
  return texts;
}

std::vector<Epoch> SalvageNames::epochs_of(std::int64_t number, bool second_copies) const {
  std::vector<Epoch> epochs;
  const auto first = epochs_->find(number);
  if (first != epochs_->end()) epochs.push_back(first->second.epoch);
  const auto second = index_epochs_.find(number);
  if (second_copies && second != index_epochs_.end()) epochs.push_back(second->second);
  return epochs;
}

Result<std::optional<SalvagedRow>> SalvageNames::read(const Statement& row, int column, LaneNumber lane) {
  SalvagedRow salvaged;
  StoredEvent& event = salvaged.event;
  event.lane = lane;
  event.seq = row.integer(column);
  salvaged.epoch_number = row.integer(column + 1);
  salvaged.boot = row.integer(column + 2);
  event.committed_at = Instant(Duration(row.integer(column + 3)));
  event.key = row.text(column + 4);
  event.attributes = attributes_of(row.text(column + 8));
  if (!row.is_null(column + 9)) event.ttl_s = static_cast<std::uint32_t>(row.integer(column + 9));
  salvaged.total_bytes = row.integer(column + 10);
  const std::int64_t crc = row.integer(column + 11);
  const auto data = row.blob(column + 12);
  event.data.assign(data.begin(), data.end());
  for (const bool second_copies : {false, true}) {
    const auto good = complete(row, column, crc, second_copies, salvaged);
    if (!good) return tl::unexpected<Error>(good.error());
    if (*good) return std::optional(std::move(salvaged));
  }
  return std::optional<SalvagedRow>();
}

// Tries what the numbers may stand for: at most two answers for each of four.
Result<bool> SalvageNames::complete(const Statement& row, int column, std::int64_t crc, bool second_copies,
                                    SalvagedRow& salvaged) {
  const auto types = texts(row, column + 5, second_copies);
  if (!types) return tl::unexpected<Error>(types.error());
  const auto topics = texts(row, column + 6, second_copies);
  if (!topics) return tl::unexpected<Error>(topics.error());
  const auto content_types = texts(row, column + 7, second_copies);
  if (!content_types) return tl::unexpected<Error>(content_types.error());
  StoredEvent& event = salvaged.event;
  for (const Epoch epoch : epochs_of(salvaged.epoch_number, second_copies)) {
    for (const std::string& type : *types) {
      for (const std::string& topic : *topics) {
        for (const std::string& content_type : *content_types) {
          event.epoch = epoch;
          event.type = type;
          event.topic = topic;
          event.content_type = content_type;
          if (!crc_fits(event, crc)) continue;
          (*epochs_)[salvaged.epoch_number].epoch = epoch;  // a right checksum is the better proof
          return true;
        }
      }
    }
  }
  return false;
}

}  // namespace holdfast::store
