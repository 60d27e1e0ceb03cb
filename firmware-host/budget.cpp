// SPDX-License-Identifier: MIT
#include "budget.hpp"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include <holdfast/outbox.hpp>
#include <holdfast/platform/disk.hpp>
#include <holdfast/platform/linux.hpp>

#include "program/open_store.hpp"
#include "program/progress.hpp"
#include "program/talk.hpp"
#include "program/units.hpp"

namespace holdfast::program {
namespace {

struct Figures {
  StoreStatistics store;
  std::uint64_t on_disk_bytes = 0;  ///< that the file system has given to database and WAL
};

[[nodiscard]] Outcome<Figures> look(const std::string& path, PlatformView platform) {
  auto outbox = open_outbox(as_stored(path), platform);
  if (!outbox) return tl::unexpected(outbox.error());
  Figures figures{(*outbox)->statistics().store, 0};
  if (auto closed = (*outbox)->close(); !closed) return trouble(closed.error(), Doing::opening);
  for (const char* part : {"", "-wal"}) {
    const auto file = platform.disk.stat(path + part);
    if (file && *file) figures.on_disk_bytes += (*file)->allocated_bytes;
  }
  return figures;
}

[[nodiscard]] Outcome<void> resize(const BudgetOptions& options, PlatformView platform) {
  StoreOptions store = as_stored(options.store);
  store.budget_bytes = options.budget_bytes;
  const auto progress =
      std::make_shared<Progress>("changing the budget of " + options.store, platform.clock, standard_error());
  store.on_provisioning = teller(progress);
  auto resized = resize_store(store, platform);
  progress->end();
  if (resized) return {};
  const bool bad_size = resized.error().code == ErrorCode::invalid;
  return trouble(std::move(resized.error()), bad_size ? Doing::configuring : Doing::opening);
}

[[nodiscard]] std::string json_text(const BudgetOptions& options, const Figures& figures,
                                    std::optional<std::uint64_t> before) {
  const StoreStatistics& store = figures.store;
  nlohmann::ordered_json json = {
      {"format", "dev.holdfast.budget.v1"},     {"path", options.store},
      {"budget_bytes", store.budget_bytes},     {"footprint", store.growing ? "growing" : "constant"},
      {"on_disk_bytes", figures.on_disk_bytes}, {"used_bytes", store.database_bytes - store.free_bytes},
      {"free_bytes", store.free_bytes},         {"reserve_bytes", store.reserve_bytes}};
  if (before) json["budget_bytes_before"] = *before;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

[[nodiscard]] std::string people_text(const Figures& figures, std::optional<std::uint64_t> before) {
  const StoreStatistics& store = figures.store;
  std::string budget = size_text(store.budget_bytes) + ", database and WAL together";
  if (before && *before != store.budget_bytes) budget += "; it was " + size_text(*before);
  if (before && *before == store.budget_bytes) budget += ", as before";
  return "budget     " + budget + "\nfootprint  " + (store.growing ? "growing" : "constant") + ", " +
         size_text(figures.on_disk_bytes) + " on disk\nused       " +
         size_text(store.database_bytes - store.free_bytes) + "\nfree       " + size_text(store.free_bytes) +
         ", of it reserve " + size_text(store.reserve_bytes);
}

[[nodiscard]] Outcome<int> work(const BudgetOptions& options) {
  const platform::LinuxPlatform platform;
  auto figures = look(options.store, platform.view());
  if (!figures) return tl::unexpected(figures.error());
  std::optional<std::uint64_t> before;
  if (options.budget_bytes != 0) {
    before = figures->store.budget_bytes;
    if (auto done = resize(options, platform.view()); !done) return tl::unexpected(done.error());
    figures = look(options.store, platform.view());
    if (!figures) return tl::unexpected(figures.error());
  }
  if (print_line(options.json ? json_text(options, *figures, before) : people_text(*figures, before)))
    return kExitOk;
  return trouble({ErrorCode::io_error, 0, "print the budget", "standard output is closed"}, kExitIo);
}

}  // namespace

int run_budget(const BudgetOptions& options) {
  const auto done = work(options);
  return done ? *done : report(done.error());
}

}  // namespace holdfast::program
