// SPDX-License-Identifier: MIT
#include "wire/identity.hpp"

#include <utility>

#include <holdfast/check.hpp>

#include "base/text.hpp"

namespace holdfast::wire {
namespace {

constexpr std::string_view kSourcePrefix = "urn:holdfast:";
constexpr std::size_t kSequenceDigits = 20;  // as many as uint64 needs

tl::unexpected<Error> contradiction(const char* hint) {
  return fail(ErrorCode::invalid, "read stream position", hint);
}

}  // namespace

std::string device_source(std::string_view device) { return std::string(kSourcePrefix) += device; }

std::string lane_source(std::string_view device, std::string_view lane) {
  return (device_source(device) += '/') += lane;
}

std::string sequence_text(std::int64_t seq) {
  HOLDFAST_CHECK(seq >= 0);
  const std::string digits = std::to_string(seq);
  return std::string(kSequenceDigits - digits.size(), '0') + digits;
}

std::optional<HoldfastSource> parse_source(std::string_view source) {
  if (!source.starts_with(kSourcePrefix)) return std::nullopt;
  const std::string_view path = source.substr(kSourcePrefix.size());
  const std::size_t slash = path.find('/');
  const std::string_view device = path.substr(0, slash);
  if (!base::is_device_id(device)) return std::nullopt;
  if (slash == path.npos) return HoldfastSource{device_source(device), {}};
  const std::string_view lane = path.substr(slash + 1);
  if (!base::is_lane_name(lane)) return std::nullopt;
  return HoldfastSource{device_source(device), std::string(lane)};
}

Result<std::optional<StreamPosition>> stream_position(const CloudEvent& event) {
  const std::string* epoch_text = event.attribute(kEpochAttribute);
  const std::string* sequence = event.attribute(kSequenceAttribute);
  const bool ours = event.source.starts_with(kSourcePrefix) && epoch_text != nullptr && sequence != nullptr;
  if (!ours) return std::nullopt;

  auto source = parse_source(event.source);
  if (!source || source->lane.empty()) return contradiction("the source is not urn:holdfast:<device>/<lane>");
  const auto epoch = Epoch::parse(*epoch_text);
  if (!epoch) return contradiction("the epoch is not 16 hexadecimal digits");
  const auto seq = base::parse_decimal(*sequence);
  if (!seq || *seq < 1 || sequence->size() != kSequenceDigits) {
    return contradiction("the sequence is not 20 digits from 1 on");
  }
  if (event.id != EventId{*epoch, source->lane, *seq}.text()) {
    return contradiction("the id is not <epoch>-<lane>-<seq> of the other attributes");
  }
  return StreamPosition{std::move(source->device_source), std::move(source->lane), *epoch, *seq};
}

}  // namespace holdfast::wire
