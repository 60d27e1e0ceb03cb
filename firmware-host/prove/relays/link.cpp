// SPDX-License-Identifier: MIT
#include "prove/relays/link.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include <holdfast/check.hpp>

#include "prove/kill/link.hpp"

namespace holdfast::prove {
namespace {

struct EventName {
  std::string id;
  std::string key;
};

/// nullopt: a record or a status, which no relay claims.
[[nodiscard]] std::optional<EventName> name_of(const MqttMessage& message) {
  EventName name;
  bool is_event = false;
  for (const auto& [attribute, value] : message.user_properties) {
    if (attribute == "id") name.id = value;
    if (attribute == "subject") name.key = value;
    if (attribute == "type") is_event = value == kKillEventType;
  }
  if (!is_event) return std::nullopt;
  return name;
}

[[nodiscard]] std::int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000 + now.tv_nsec / 1'000'000;
}

/// False: a process was killed while it wrote a line.
[[nodiscard]] bool ends_with_a_whole_line(int file) {
  struct stat status {};
  char last = 0;
  return ::fstat(file, &status) != 0 || status.st_size == 0 ||
         ::pread(file, &last, 1, status.st_size - 1) != 1 || last == '\n';
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return fail(ErrorCode::io_error, "open " + path, "cannot write it", errno);
  std::unique_ptr<Journal> journal(new Journal(file));
  if (!ends_with_a_whole_line(file) && ::write(file, "\n", 1) != 1)
    return fail(ErrorCode::io_error, "write " + path, "cannot write it", errno);
  return journal;
}

Journal::~Journal() { ::close(file_); }

void Journal::add(JournalLine line) {
  const std::lock_guard lock(mutex_);
  line.at_ms = now_ms();
  const std::string text = to_text(line) + "\n";
  const ssize_t written = ::write(file_, text.data(), text.size());
  HOLDFAST_CHECK(written == static_cast<ssize_t>(text.size()));  // else the proof has a hole
}

Result<void> JournalLink::connect(const platform::ConnectRequest& request) {
  platform::ConnectRequest own = request;
  own.broker.url = url_;
  journal_.add({ClaimStep::connects, connection_});
  return link_->connect(own);
}

Result<void> JournalLink::publish(platform::LinkToken token, const MqttMessage& message) {
  const auto name = name_of(message);
  if (!name) return link_->publish(token, message);
  journal_.add({ClaimStep::publishes, connection_, name->id, name->key});
  auto taken = link_->publish(token, message);
  if (taken)
    ids_.emplace(token, name->id);
  else
    journal_.add({ClaimStep::not_taken, connection_, name->id});
  return taken;
}

std::size_t JournalLink::poll(std::span<platform::LinkEvent> events) {
  const std::size_t count = link_->poll(events);
  for (const platform::LinkEvent& event : events.first(count)) {
    const bool acknowledged = event.kind == platform::LinkEventKind::acknowledged;
    if (!acknowledged && event.kind != platform::LinkEventKind::refused) continue;
    const auto found = ids_.find(event.token);
    if (found == ids_.end()) continue;
    journal_.add({acknowledged ? ClaimStep::acknowledged : ClaimStep::refused, connection_, found->second});
    ids_.erase(found);
  }
  return count;
}

/// From here on the relay sends nothing more; what the network still carries is its own affair.
void JournalLink::drop() {
  journal_.add({ClaimStep::drops, connection_});
  ids_.clear();
  link_->drop();
}

}  // namespace holdfast::prove
