// SPDX-License-Identifier: MIT
#include "store/lane_rows.hpp"

#include <array>

#include "base/crc32c.hpp"
#include "store/lane_table_sql.hpp"

namespace holdfast::store {
namespace {

constexpr std::string_view kAppend =
    "INSERT INTO hf_lane_{lane} (seq, epoch, boot, since_boot_ns, key, type, topic, content_type, "
    "attributes, "
    "ttl_s, total_bytes, crc, data) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13";
constexpr std::string_view kScan =
    "SELECT seq, epoch, boot, since_boot_ns, key, type, topic, content_type, attributes, ttl_s, crc, data "
    "FROM hf_lane_{lane} WHERE seq > ?1 ORDER BY seq LIMIT ?2";
constexpr std::string_view kLowest = "SELECT min(seq) FROM hf_lane_{lane}";
constexpr std::string_view kHighest = "SELECT max(seq) FROM hf_lane_{lane}";
constexpr std::string_view kEpochOf = "SELECT epoch FROM hf_lane_{lane} WHERE seq = ?1";
constexpr std::string_view kTotalBytesAt =
    "SELECT total_bytes FROM hf_lane_{lane} WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1";
constexpr std::string_view kTotalBytesBelowNext =
    "SELECT total_bytes - length(data) FROM hf_lane_{lane} WHERE seq > ?1 ORDER BY seq LIMIT 1";
constexpr std::string_view kCommittedAfter =
    "SELECT boot, since_boot_ns FROM hf_lane_{lane} WHERE seq > ?1 ORDER BY seq LIMIT 1";
constexpr std::string_view kErase = "DELETE FROM hf_lane_{lane} WHERE seq BETWEEN ?1 AND ?2";

std::string for_lane(std::string_view sql, LaneNumber lane) {
  constexpr std::string_view kPlace = "{lane}";
  std::string text(sql);
  for (auto at = text.find(kPlace); at != std::string::npos; at = text.find(kPlace)) {
    text.replace(at, kPlace.size(), std::to_string(lane));
  }
  return text;
}

// "name=value\n" for each; names and values hold no control characters, so this needs no escapes.
std::string attributes_text(std::span<const Attribute> attributes) {
  std::string text;
  for (const Attribute& attribute : attributes) text += attribute.name + '=' + attribute.value + '\n';
  return text;
}

std::vector<Attribute> attributes_of(std::string_view text) {
  std::vector<Attribute> attributes;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const auto equals = line.find('=');
    if (end == std::string_view::npos || equals == std::string_view::npos)
      break;  // damage: the CRC will tell
    attributes.push_back({std::string(line.substr(0, equals)), std::string(line.substr(equals + 1))});
    text.remove_prefix(end + 1);
  }
  return attributes;
}

// Chains fields, each with its length, so that no two different rows give the same byte stream.
class RowCrc {
 public:
  RowCrc& add(std::uint64_t number) noexcept {
    std::array<std::byte, 8> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(number >> (8 * i));
    crc_ = base::crc32c(bytes, crc_);
    return *this;
  }
  RowCrc& add(std::span<const std::byte> bytes) noexcept {
    add(bytes.size());
    crc_ = base::crc32c(bytes, crc_);
    return *this;
  }
  RowCrc& add(std::string_view text) noexcept { return add(bytes_of(text)); }
  [[nodiscard]] std::uint32_t value() const noexcept { return crc_; }

 private:
  std::uint32_t crc_ = 0;
};

struct CrcInput {
  std::int64_t seq;
  Epoch epoch;
  std::string_view key, type, topic, content_type, attributes;
  std::optional<std::uint32_t> ttl_s;
  std::span<const std::byte> data;
};

std::uint32_t crc_of(const CrcInput& in) {
  return RowCrc()
      .add(static_cast<std::uint64_t>(in.seq))
      .add(in.epoch.bits)
      .add(in.key)
      .add(in.type)
      .add(in.topic)
      .add(in.content_type)
      .add(in.attributes)
      .add(in.ttl_s.has_value() ? *in.ttl_s + std::uint64_t{1} : 0)
      .add(in.data)
      .value();
}

}  // namespace

std::uint32_t row_crc(const StoredEvent& event) {
  const std::string attributes = attributes_text(event.attributes);
  return crc_of({event.seq, event.epoch, event.key, event.type, event.topic, event.content_type, attributes,
                 event.ttl_s, event.data});
}

Result<void> LaneRows::create(Connection& connection, LaneNumber lane) {
  return connection.execute(for_lane(kLaneTableSql, lane));
}

Result<LaneRows> LaneRows::open(Connection& connection, LaneNumber lane) {
  LaneRows rows;
  rows.lane_ = lane;
  for (const auto& [statement, sql] :
       std::initializer_list<StatementSource>{{&rows.append_, kAppend},
                                              {&rows.scan_, kScan},
                                              {&rows.lowest_, kLowest},
                                              {&rows.highest_, kHighest},
                                              {&rows.epoch_of_, kEpochOf},
                                              {&rows.total_bytes_at_, kTotalBytesAt},
                                              {&rows.total_bytes_below_next_, kTotalBytesBelowNext},
                                              {&rows.committed_after_, kCommittedAfter},
                                              {&rows.erase_, kErase}}) {
    auto prepared = Statement::prepare(connection.handle(), for_lane(sql, lane));
    if (!prepared) return tl::unexpected<Error>(prepared.error());
    *statement = std::move(*prepared);
  }
  return rows;
}

Result<void> LaneRows::append(const NewRow& row, TextTable& texts) {
  const Event& event = *row.event;
  const auto type = texts.intern(event.type);
  if (!type) return tl::unexpected<Error>(type.error());
  const auto topic = texts.intern(row.topic);
  if (!topic) return tl::unexpected<Error>(topic.error());
  const auto content_type = texts.intern(event.content_type);
  if (!content_type) return tl::unexpected<Error>(content_type.error());
  const std::string attributes = attributes_text(event.attributes);
  std::optional<std::uint32_t> ttl_s;
  if (event.ttl) ttl_s = static_cast<std::uint32_t>(event.ttl->count());
  const std::uint32_t crc = crc_of({row.seq, row.epoch, event.key, event.type, row.topic, event.content_type,
                                    attributes, ttl_s, event.data});

  append_.bind(1, row.seq).bind(2, row.epoch_number).bind(3, row.committed.boot);
  append_.bind(4, row.committed.since_boot.time_since_epoch().count()).bind(5, event.key);
  bind_text(append_, 6, *type);
  bind_text(append_, 7, *topic);
  bind_text(append_, 8, *content_type);
  append_.bind(9, attributes);
  if (ttl_s) {
    append_.bind(10, std::int64_t{*ttl_s});
  } else {
    append_.bind_null(10);
  }
  return append_.bind(11, row.total_bytes).bind(12, std::int64_t{crc}).bind(13, event.data).run();
}

Result<ReadRow> LaneRows::read_row(TextTable& texts) {
  ReadRow row;
  StoredEvent& event = row.event;
  event.lane = lane_;
  event.seq = scan_.integer(0);
  row.epoch_number = scan_.integer(1);
  row.boot = scan_.integer(2);
  event.committed_at = Instant(Duration(scan_.integer(3)));
  event.key = scan_.text(4);
  for (const auto& [field, column] :
       {std::pair{&event.type, 5}, {&event.topic, 6}, {&event.content_type, 7}}) {
    auto text = texts.read(scan_, column);
    if (!text) return tl::unexpected<Error>(text.error());
    row.readable = row.readable && text->has_value();
    *field = std::move(*text).value_or(std::string());
  }
  event.attributes = attributes_of(scan_.text(8));
  if (!scan_.is_null(9)) event.ttl_s = static_cast<std::uint32_t>(scan_.integer(9));
  row.crc = static_cast<std::uint32_t>(scan_.integer(10));
  const auto data = scan_.blob(11);
  event.data.assign(data.begin(), data.end());
  return row;
}

namespace {

Result<std::optional<std::int64_t>> optional_integer(Statement& statement) {
  const ResetGuard guard(statement);
  const auto stepped = statement.step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  if (*stepped == Step::done || statement.is_null(0)) return std::nullopt;
  return statement.integer(0);
}

}  // namespace

Result<std::optional<std::int64_t>> LaneRows::lowest() { return optional_integer(lowest_); }

Result<std::optional<std::int64_t>> LaneRows::highest() { return optional_integer(highest_); }

Result<std::optional<std::int64_t>> LaneRows::epoch_of(std::int64_t seq) {
  return optional_integer(epoch_of_.bind(1, seq));
}

Result<std::optional<std::int64_t>> LaneRows::total_bytes_at(std::int64_t seq) {
  return optional_integer(total_bytes_at_.bind(1, seq));
}

Result<std::optional<std::int64_t>> LaneRows::total_bytes_below_next(std::int64_t seq) {
  return optional_integer(total_bytes_below_next_.bind(1, seq));
}

Result<std::optional<Committed>> LaneRows::committed_after(std::int64_t after_seq) {
  const ResetGuard guard(committed_after_);
  const auto stepped = committed_after_.bind(1, after_seq).step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  if (*stepped == Step::done) return std::nullopt;
  return Committed{committed_after_.integer(0), Instant(Duration(committed_after_.integer(1)))};
}

Result<void> LaneRows::erase(std::int64_t from_seq, std::int64_t to_seq) {
  return erase_.bind(1, from_seq).bind(2, to_seq).run();
}

}  // namespace holdfast::store
