// SPDX-License-Identifier: MIT
#include "store/lane_rows.hpp"

#include <array>
#include <holdfast/limits.hpp>

#include "base/crc32c.hpp"
#include "store/lane_table_sql.hpp"

namespace holdfast::store {
namespace {

constexpr std::string_view kAppend =
    "INSERT INTO hf_lane_{lane} (seq, epoch, boot, since_boot_ns, key, type, topic, content_type, "
    "attributes, "
    "ttl_s, total_bytes, crc, data) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13";
constexpr std::string_view kScan =
    "SELECT " HF_EVENT_COLUMNS " FROM hf_lane_{lane} WHERE seq > ?1 ORDER BY seq LIMIT ?2";
constexpr std::string_view kLowest = "SELECT min(seq) FROM hf_lane_{lane}";
constexpr std::string_view kHighest = "SELECT max(seq) FROM hf_lane_{lane}";
constexpr std::string_view kEpochOf = "SELECT epoch FROM hf_lane_{lane} WHERE seq = ?1";
constexpr std::string_view kTotalBytesAt =
    "SELECT total_bytes FROM hf_lane_{lane} WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1";
constexpr std::string_view kTotalBytesBelowNext =
    "SELECT total_bytes - length(data) FROM hf_lane_{lane} WHERE seq > ?1 ORDER BY seq LIMIT 1";
constexpr std::string_view kCommittedAfter =
    "SELECT boot, since_boot_ns FROM hf_lane_{lane} WHERE seq > ?1 ORDER BY seq LIMIT 1";
constexpr std::string_view kOutline =
    "SELECT seq, epoch, total_bytes, length(data) FROM hf_lane_{lane} WHERE seq BETWEEN ?1 AND ?2 "
    "ORDER BY seq LIMIT ?3";
constexpr std::string_view kSeqCommittedUntil =
    "SELECT max(seq) FROM hf_lane_{lane} WHERE seq BETWEEN ?1 AND ?2 AND (boot <> ?3 OR since_boot_ns <= ?4)";
constexpr std::string_view kDrop = "DROP TABLE IF EXISTS hf_lane_{lane}";
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

std::optional<std::int64_t> ttl_of(const Event& event) {
  return event.ttl ? std::optional<std::int64_t>(event.ttl->count()) : std::nullopt;
}

}  // namespace

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

namespace {

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

// A row of this store's first versions has a smaller number, and its lane is not part of it: there a page that was another
// lane's before is not told from one of this.
constexpr std::int64_t kCoversLane = std::int64_t{1} << 32;

struct CrcInput {
  std::optional<LaneNumber> lane;
  std::int64_t seq;
  Epoch epoch;
  std::string_view key, type, topic, content_type, attributes;
  std::optional<std::int64_t> ttl_s;
  std::span<const std::byte> data;
};

std::int64_t crc_of(const CrcInput& in) {
  RowCrc crc;
  if (in.lane) crc.add(static_cast<std::uint64_t>(*in.lane));
  crc.add(static_cast<std::uint64_t>(in.seq))
      .add(in.epoch.bits)
      .add(in.key)
      .add(in.type)
      .add(in.topic)
      .add(in.content_type)
      .add(in.attributes)
      .add(in.ttl_s.has_value() ? static_cast<std::uint64_t>(*in.ttl_s) + 1 : 0)
      .add(in.data);
  return (in.lane ? kCoversLane : 0) + std::int64_t{crc.value()};
}

}  // namespace

bool crc_fits(const StoredEvent& event, std::int64_t crc) {
  const std::string attributes = attributes_text(event.attributes);
  const auto lane = crc < kCoversLane ? std::nullopt : std::optional(event.lane);
  return crc == crc_of({lane, event.seq, event.epoch, event.key, event.type, event.topic, event.content_type,
                        attributes, event.ttl_s, event.data});
}

Result<void> LaneRows::create(Connection& connection, LaneNumber lane) {
  return connection.execute(for_lane(kLaneTableSql, lane));
}

Result<void> LaneRows::drop(Connection& connection, LaneNumber lane) {
  return connection.execute(for_lane(kDrop, lane));
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
                                              {&rows.seq_committed_until_, kSeqCommittedUntil},
                                              {&rows.outline_, kOutline},
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
  const auto ttl_s = ttl_of(event);
  const std::int64_t crc = crc_of({lane_, row.seq, row.epoch, event.key, event.type, row.topic,
                                   event.content_type, attributes, ttl_s, event.data});

  append_.bind(1, row.seq).bind(2, row.epoch_number).bind(3, row.committed.boot);
  append_.bind(4, row.committed.since_boot.time_since_epoch().count()).bind(5, event.key);
  bind_text(append_, 6, *type);
  bind_text(append_, 7, *topic);
  bind_text(append_, 8, *content_type);
  append_.bind(9, attributes).bind(10, ttl_s);
  return append_.bind(11, row.total_bytes).bind(12, crc).bind(13, event.data).run();
}

Result<ReadRow> read_event(const Statement& from, LaneNumber lane, TextTable& texts) {
  ReadRow row;
  StoredEvent& event = row.event;
  event.lane = lane;
  event.seq = from.integer(0);
  row.epoch_number = from.integer(1);
  row.boot = from.integer(2);
  event.committed_at = Instant(Duration(from.integer(3)));
  event.key = from.text(4);
  for (const auto& [field, column] :
       {std::pair{&event.type, 5}, {&event.topic, 6}, {&event.content_type, 7}}) {
    auto text = texts.read(from, column);
    if (!text) return tl::unexpected<Error>(text.error());
    row.readable = row.readable && text->has_value();
    *field = std::move(*text).value_or(std::string());
  }
  event.attributes = attributes_of(from.text(8));
  if (!from.is_null(9)) event.ttl_s = static_cast<std::uint32_t>(from.integer(9));
  row.crc = from.integer(11);
  const auto data = from.blob(12);
  event.data.assign(data.begin(), data.end());
  return row;
}

namespace {

constexpr auto kOutlineRows = static_cast<std::int64_t>(limits::kPurgeRowsMax);

void bind_raw(Statement& statement, int parameter, const RawRow::Text& text) {
  std::visit([&](const auto& value) { statement.bind(parameter, value); }, text);
}

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

Result<std::optional<std::int64_t>> LaneRows::seq_at_bytes(std::int64_t from_seq, std::int64_t to_seq,
                                                           std::int64_t total_bytes) {
  const ResetGuard guard(outline_);
  outline_.bind(1, from_seq).bind(2, to_seq).bind(3, kOutlineRows);
  std::optional<std::int64_t> seq;
  for (;;) {
    const auto stepped = outline_.step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done || outline_.integer(2) > total_bytes) return seq;
    seq = outline_.integer(0);
  }
}

Result<std::vector<EpochRun>> LaneRows::epoch_runs(std::int64_t from_seq, std::int64_t to_seq) {
  const ResetGuard guard(outline_);
  outline_.bind(1, from_seq).bind(2, to_seq).bind(3, kOutlineRows);
  std::vector<EpochRun> runs;
  for (;;) {
    const auto stepped = outline_.step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done) return runs;
    const std::int64_t seq = outline_.integer(0);
    const std::int64_t epoch = outline_.integer(1);
    if (runs.empty() || runs.back().epoch_number != epoch) runs.push_back({epoch, seq, seq, 0, 0});
    EpochRun& run = runs.back();
    run.last_seq = seq;
    ++run.rows;
    run.bytes += outline_.integer(3);
  }
}

RawRow LaneRows::raw_row() const {
  const auto text = [&](int column) -> RawRow::Text {
    if (scan_.is_integer(column)) return scan_.integer(column);
    return std::string(scan_.text(column));
  };
  const auto data = scan_.blob(12);
  return {.seq = scan_.integer(0),
          .epoch_number = scan_.integer(1),
          .boot = scan_.integer(2),
          .since_boot_ns = scan_.integer(3),
          .key = std::string(scan_.text(4)),
          .type = text(5),
          .topic = text(6),
          .content_type = text(7),
          .attributes = std::string(scan_.text(8)),
          .ttl_s = scan_.is_null(9) ? std::nullopt : std::optional(scan_.integer(9)),
          .total_bytes = scan_.integer(10),
          .crc = scan_.integer(11),
          .data = {data.begin(), data.end()}};
}

Result<std::vector<RawRow>> LaneRows::read_block(std::int64_t after_seq, std::size_t rows_max,
                                                 std::size_t bytes_max) {
  const ResetGuard guard(scan_);
  scan_.bind(1, after_seq).bind(2, static_cast<std::int64_t>(rows_max));
  std::vector<RawRow> rows;
  std::size_t bytes = 0;
  for (;;) {
    const auto stepped = scan_.step();
    if (!stepped) return tl::unexpected<Error>(stepped.error());
    if (*stepped == Step::done) return rows;
    RawRow row = raw_row();
    bytes += row.key.size() + row.attributes.size() + row.data.size();
    if (!rows.empty() && bytes > bytes_max) return rows;
    rows.push_back(std::move(row));
  }
}

Result<void> LaneRows::put_back(const RawRow& row) {
  append_.bind(1, row.seq).bind(2, row.epoch_number).bind(3, row.boot).bind(4, row.since_boot_ns);
  append_.bind(5, row.key);
  bind_raw(append_, 6, row.type);
  bind_raw(append_, 7, row.topic);
  bind_raw(append_, 8, row.content_type);
  append_.bind(9, row.attributes).bind(10, row.ttl_s);
  return append_.bind(11, row.total_bytes).bind(12, row.crc).bind(13, row.data).run();
}

Result<std::optional<std::int64_t>> LaneRows::seq_committed_until(std::int64_t from_seq, std::int64_t to_seq,
                                                                  const Committed& until) {
  seq_committed_until_.bind(1, from_seq).bind(2, to_seq).bind(3, until.boot);
  return optional_integer(seq_committed_until_.bind(4, until.since_boot.time_since_epoch().count()));
}

Result<void> LaneRows::erase(std::int64_t from_seq, std::int64_t to_seq) {
  return erase_.bind(1, from_seq).bind(2, to_seq).run();
}

}  // namespace holdfast::store
