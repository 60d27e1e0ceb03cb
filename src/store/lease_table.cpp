// SPDX-License-Identifier: MIT
#include "store/lease_table.hpp"

namespace holdfast::store {
namespace {

constexpr std::string_view kTake =
    "UPDATE hf_lease SET relay = ?2, token = 1 + (SELECT max(token) FROM hf_lease) WHERE share = ?1 "
    "RETURNING token";
constexpr std::string_view kLetGo = "UPDATE hf_lease SET relay = NULL WHERE share = ?1";

}  // namespace

Result<LeaseTable> LeaseTable::open(Connection& connection) {
  LeaseTable table;
  auto done = prepare_all(connection.handle(), {{&table.take_, kTake}, {&table.let_go_, kLetGo}});
  if (!done) return tl::unexpected<Error>(done.error());
  return table;
}

Result<std::int64_t> LeaseTable::take(std::size_t share, std::size_t relay) {
  const ResetGuard guard(take_);
  take_.bind(1, static_cast<std::int64_t>(share)).bind(2, static_cast<std::int64_t>(relay));
  const auto stepped = take_.step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  if (*stepped == Step::done) return fail(ErrorCode::corrupt, "take a lease", "hf_lease lacks a row");
  const std::int64_t token = take_.integer(0);
  if (auto ended = take_.step(); !ended) return tl::unexpected<Error>(ended.error());
  return token;
}

Result<void> LeaseTable::let_go(std::size_t share) {
  return let_go_.bind(1, static_cast<std::int64_t>(share)).run();
}

}  // namespace holdfast::store
