// SPDX-License-Identifier: MIT
#include "store/key_table.hpp"

#include <holdfast/limits.hpp>
#include <sstream>

namespace holdfast::store {
namespace {

constexpr std::string_view kFind = "SELECT receipt FROM hf_key WHERE key = ?1";
constexpr std::string_view kAdd =
    "INSERT INTO hf_key (n, key, receipt) SELECT coalesce((SELECT max(n) FROM hf_key), 0) + 1, ?1, ?2";
constexpr std::string_view kForget = "DELETE FROM hf_key WHERE n <= (SELECT max(n) FROM hf_key) - ?1";

std::string text_of(const Receipt& receipt) {
  std::string text;
  for (auto it = receipt.events.begin(); it != receipt.events.end();) {
    auto end = it + 1;
    while (end != receipt.events.end() && end->lane == it->lane && end->seq == (end - 1)->seq + 1) ++end;
    text += it->epoch.text() + ' ' + it->lane + ' ' + std::to_string(it->seq) + ' ' +
            std::to_string(end - it) + '\n';
    it = end;
  }
  return text;
}

Result<Receipt> receipt_of(std::string_view text) {
  Receipt receipt{.events = {}, .repeated = true};
  std::istringstream in{std::string(text)};
  std::string epoch_text;
  std::string lane;
  std::int64_t first = 0;
  std::int64_t count = 0;
  while (in >> epoch_text >> lane >> first >> count) {
    const auto epoch = Epoch::parse(epoch_text);
    const bool sane = epoch && count > 0 && static_cast<std::size_t>(count) <= limits::kWriteEventsMax;
    if (!sane) return fail(ErrorCode::corrupt, "read hf_key", "a receipt cannot be read");
    for (std::int64_t i = 0; i < count; ++i) receipt.events.push_back({*epoch, lane, first + i});
  }
  return receipt;
}

}  // namespace

Result<KeyTable> KeyTable::open(Connection& connection) {
  KeyTable table;
  const auto prepared = prepare_all(connection.handle(),
                                    {{&table.find_, kFind}, {&table.add_, kAdd}, {&table.forget_, kForget}});
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  return table;
}

Result<std::optional<Receipt>> KeyTable::find(std::string_view key) {
  const ResetGuard guard(find_);
  const auto stepped = find_.bind(1, key).step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  if (*stepped == Step::done) return std::nullopt;
  auto receipt = receipt_of(find_.text(0));
  if (!receipt) return tl::unexpected<Error>(receipt.error());
  return std::move(*receipt);
}

Result<void> KeyTable::add(std::string_view key, const Receipt& receipt) {
  const std::string text = text_of(receipt);
  if (auto done = add_.bind(1, key).bind(2, text).run(); !done) return done;
  return forget_.bind(1, static_cast<std::int64_t>(limits::kIdempotencyKeysMax)).run();
}

}  // namespace holdfast::store
