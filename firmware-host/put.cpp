// SPDX-License-Identifier: MIT
#include "put.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include <holdfast/platform/linux.hpp>

#include "program/open_store.hpp"
#include "program/talk.hpp"

namespace holdfast::program {
namespace {

// One byte more than can be stored, so that the store says "too large" and a pipe without end is no trouble.
constexpr std::size_t kReadBytesMax = limits::kEventDataBytesCeiling + 1;

[[nodiscard]] Outcome<std::string> read_all(std::FILE* file, const std::string& name) {
  std::string data(kReadBytesMax, '\0');
  data.resize(std::fread(data.data(), 1, data.size(), file));
  if (std::ferror(file) == 0) return data;
  return trouble({ErrorCode::io_error, errno, "read " + name, std::generic_category().message(errno)},
                 kExitIo);
}

[[nodiscard]] Outcome<std::string> read_data(const std::string& data) {
  if (data == "-") return read_all(stdin, "standard input");
  if (!data.starts_with('@')) return data;
  const std::string path = data.substr(1);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (file) return read_all(file.get(), path);
  const int error = errno;
  const bool denied = error == EACCES;
  return trouble({denied ? ErrorCode::denied : ErrorCode::invalid, error, "read " + path,
                  std::generic_category().message(error)},
                 denied ? kExitDenied : kExitNoInput);
}

// One event by hand must not change how a daemon's store works: what is there stays as it is stored.
[[nodiscard]] Outcome<std::unique_ptr<Outbox>> open(const PutOptions& options, PlatformView platform) {
  StoreOptions store = options.store;
  if (!store.retention_bytes) store.retention_bytes = as_stored(store.path).retention_bytes;
  LaneArgument lane = options.lane;
  lane.has_settings = false;
  std::vector<LaneArgument> lanes;
  if (store.create) lanes.push_back(std::move(lane));
  return open_outbox(std::move(store), lanes, platform, options.quiet ? Telling::quiet : Telling::progress);
}

[[nodiscard]] Outcome<EventId> put(const PutOptions& options) {
  const auto data = read_data(options.data);
  if (!data) return tl::unexpected(data.error());
  const platform::LinuxPlatform platform;
  auto outbox = open(options, platform.view());
  if (!outbox) return tl::unexpected(outbox.error());
  const Event event{.lane = options.lane.options.name,
                    .key = options.key,
                    .type = options.type,
                    .content_type = options.content_type,
                    .data = bytes_of(*data),
                    .attributes = options.attributes,
                    .ttl = options.ttl,
                    .topic = options.topic};
  const auto receipt = (*outbox)->write([&](Transaction& transaction) -> Result<void> {
    auto id = transaction.add(event);
    if (!id) return tl::unexpected(id.error());
    return {};
  });
  if (!receipt) return trouble(receipt.error(), Doing::storing);
  if (auto closed = (*outbox)->close(); !closed)
    warn(closed.error().text());  // the event is durable all the same
  return receipt->events.front();
}

}  // namespace

int run_put(const PutOptions& options) {
  const auto id = put(options);
  if (!id) return report(id.error());
  if (options.quiet) return kExitOk;
  // The id needs no escaping: hexadecimal digits, a lane's name, a number.
  if (!print_line(options.json ? "{\"id\":\"" + id->text() + "\"}" : id->text())) return kExitIo;
  return kExitOk;
}

}  // namespace holdfast::program
