// SPDX-License-Identifier: MIT
#include "prove/simulate/board.hpp"

#include <algorithm>
#include <holdfast/check.hpp>

namespace holdfast::prove {
namespace {

using platform::sim::DiskImage;
using platform::sim::ImageFile;
using std::chrono::seconds;

constexpr const char* kPath = "/store.db";
constexpr const char* kState = "last";
constexpr std::uint64_t kAlarmOneIn = 500;
constexpr std::size_t kLargeBytes = 6'000;
constexpr std::chrono::minutes kHousePeriodMax{1};
constexpr std::uint64_t kBusyEvents = 20;  // of one period

// Nobody may have a file open. A copy shares nothing with what it was made of.
DiskImage copy_of(const DiskImage& image) {
  DiskImage copy;
  for (const auto& [name, file] : image) {
    auto made = std::make_shared<ImageFile>();
    made->write(0, file->bytes());
    made->resize(file->size());
    copy.emplace(name, std::move(made));
  }
  return copy;
}

}  // namespace

Board::Board(World& world, std::size_t number, const DevicePlan& plan, std::uint64_t seed,
             SimulatedLedger& ledger, SimulatedStory& story)
    : world_(world),
      number_(number),
      plan_(plan),
      ledger_(ledger),
      story_(story),
      begun_(world.clock.now()),
      dice_(seed),
      entropy_(~seed),
      clock_(world.clock),
      device_(
          {world.clock, world.broker, {clock_, disk_, entropy_, host_}}, store_options(),
          [] {
            RelayOptions options;
            options.broker.url = "mqtt://broker.example";
            return options;
          }(),
          std::min<Duration>(plan.period, kHousePeriodMax)),
      boot_at_(begun_),
      write_at_(begun_),
      sample_at_(begun_) {
  disk_.keep_unsynced();
  host_.hardware = "board-" + std::to_string(number) + "-0";
}

StoreOptions Board::store_options() {
  StoreOptions options;
  options.path = kPath;
  options.device = name(number_);
  LaneOptions alarm{.name = std::string(kLaneNames[0]), .priority = 0};
  alarm.guaranteed_bytes = 32 * 1024;
  options.lanes = {alarm,
                   {.name = std::string(kLaneNames[1]), .priority = 1, .when_full = plan_.telemetry},
                   {.name = std::string(kLaneNames[2]), .priority = 2, .when_full = plan_.bulk}};
  options.budget_bytes = plan_.budget_bytes;
  options.vfs = disk_.vfs();
  options.on_pressure = [this](Pressure pressure, std::string_view) { take_pressure(pressure); };
  return options;
}

void Board::complain(const std::string& guarantee, const std::string& what) {
  ledger_.complain(guarantee + ": " + name(number_) + ", " + when(now()) + ": " + what);
}

void Board::take_pressure(Pressure pressure) {
  pressure_ = pressure;
  if (pressure <= worst_pressure_) return;
  worst_pressure_ = pressure;
  if (pressure >= Pressure::shed)
    note("pressure: " + std::string(to_string(pressure)) + ", for the first time");
}

// --- life ---

Instant Board::step() {
  const Instant at = world_.clock.now();
  if (broken_) return Instant::max();
  if (disk_.is_dead() && device_.running()) end_process(armed_.value_or(Fall{}));
  if (wants_restart_ && !device_.running()) {
    wants_restart_ = false;
    const bool fell = disk_.is_dead();  // while it was closing
    if (fell) end_process(armed_.value_or(Fall{}));
    if (!fell && device_.close_error()) complain("G9", "does not close: " + device_.close_error()->text());
    if (!fell) take_copy_sometimes();
    if (!fell) boot_at_ = at;
  }
  if (boot_at_ && *boot_at_ <= at) boot();
  if (write_at_ <= at) {
    if (writes_ && device_.running() && !wants_restart_) write_next();
    write_at_ += plan_.period;
  }
  if (sample_at_ <= at) sample();
  return std::min({boot_at_.value_or(Instant::max()), write_at_, sample_at_});
}

void Board::sample() {
  sample_at_ += std::max<Duration>(seconds(1), plan_.sample_period);
  auto& samples = story_.samples[number_];
  SimulatedSample sample = samples.empty() ? SimulatedSample{} : samples.back();
  sample.at = now();
  sample.committed = ledger_.fates(number_).committed;
  sample.applied = ledger_.fates(number_).applied;
  sample.pressure = pressure_;
  sample.running = device_.running();
  if (device_.running()) {
    sample.backlog = 0;
    for (const auto& mark : device_.watermarks()) sample.backlog += mark.backlog_events;
    sample.shed = 0;
    for (const auto& lane : device_.store().lane_statistics())
      sample.shed += static_cast<std::uint64_t>(lane.lost_events_ever);
  }
  if (samples.size() < kSimulatedSamples + 1) samples.push_back(sample);
}

// --- the application ---

void Board::write_next() {
  const std::uint64_t events = busy_ ? 1 + below(kBusyEvents) : 1;
  for (std::uint64_t i = 0; i < events && device_.running(); ++i) {
    const std::size_t bytes =
        busy_ && below(4) == 0 ? kLargeBytes : plan_.data_bytes + static_cast<std::size_t>(below(40));
    const std::uint64_t dice = below(kAlarmOneIn);
    if (dice == 0) {
      write(kLaneNames[0], "door", 40);
    } else if (plan_.keys > 1 && dice % 4 == 1) {
      write(kLaneNames[2], "sensor-" + std::to_string(below(plan_.keys)), bytes);
    } else {
      write(kLaneNames[1], "pump", bytes);
    }
  }
}

void Board::write(std::string_view lane, std::string_view key, std::size_t bytes) {
  Attempt attempt;
  attempt.last = std::to_string(++written_);
  std::string data = "{\"n\":" + attempt.last + ",\"x\":\"";
  data.resize(std::max(bytes, data.size()), 'x');
  data += "\"}";
  attempt.data = digest(bytes_of(data));
  const WriteBody body = [&](Transaction& t) -> Result<void> {
    if (auto put = t.put(kState, bytes_of(attempt.last)); !put) return tl::unexpected<Error>(put.error());
    auto id = t.add({.lane = lane,
                     .key = key,
                     .type = "dev.holdfast.simulate.v1",
                     .content_type = "application/json",
                     .data = bytes_of(data)});
    if (!id) return tl::unexpected<Error>(id.error());
    attempt.id = std::move(*id);
    return {};
  };
  const WriteResult result = device_.write(body);
  take_outcome(result, std::move(attempt));
  measure();
  if (disk_.is_dead()) end_process(armed_.value_or(Fall{}));
}

void Board::take_outcome(const WriteResult& result, Attempt attempt) {
  if (!result) {
    if (result.error().code == ErrorCode::outcome_unknown) {
      attempt_ = std::move(attempt);
    } else if (result.error().code == ErrorCode::full) {
      if (rejected_++ == 0) note("no room: a write was refused, for the first time");
    } else if (!disk_.is_dead()) {
      complain("G2", "a write failed: " + result.error().text());
    }
    return;
  }
  const EventId& id = result->events.at(0);
  std::int64_t& end = card_.now.expected.ends[lane_index(id.lane)];
  if (id.seq != end + 1) complain("G4", id.text() + " follows seq " + std::to_string(end));
  end = id.seq;
  card_.now.expected.last = std::move(attempt.last);
  if (has_phantoms_ && written_ % 50 == 0) return;
  ledger_.committed(number_, id, attempt.data);
  if (card_.older) card_.since_older.push_back(id);
}

void Board::measure() {
  std::uint64_t bytes = 0;
  for (const auto& [file, content] : disk_.image()) bytes += content->size();
  peak_bytes_ = std::max(peak_bytes_, bytes);
  if (bytes > plan_.budget_bytes)
    complain("G6",
             "the files take " + std::to_string(bytes) + " bytes of " + std::to_string(plan_.budget_bytes));
}

// --- boots ---

void Board::boot() {
  boot_at_.reset();
  ++boots_;
  const auto up = device_.boot();
  if (!up && disk_.is_dead()) return end_process(armed_.value_or(Fall{}));  // while it was opening
  if (!up) {
    complain("G9", "does not open: " + up.error().text());
    broken_ = true;
    return;
  }
  if (const std::string warning = device_.store().statistics().warning; !warning.empty())
    complain("G9", "after boot " + std::to_string(boots_) + ": " + warning);
  if (const auto seen = look()) compare(*seen);
  measure();
}

std::optional<Board::Expected> Board::look() {
  Expected seen;
  auto state = device_.state(kState);
  if (!state) {
    complain("G2", "the state cannot be read: " + state.error().text());
    return std::nullopt;
  }
  seen.last = std::move(*state);
  const auto marks = device_.watermarks();
  for (const store::LaneRecord& lane : device_.store().lanes()) {
    for (const store::Watermark& mark : marks) {
      if (mark.lane == lane.lane) seen.ends[lane_index(lane.options.name)] = mark.committed_seq;
    }
  }
  return seen;
}

void Board::compare(const Expected& seen) {
  Expected& told = card_.now.expected;
  const auto is_there = [&](const Expected& one) { return one.ends == seen.ends && one.last == seen.last; };
  if (is_there(told)) {
    attempt_.reset();
    return;
  }
  if (attempt_) {
    const Attempt attempt = std::move(*std::exchange(attempt_, std::nullopt));
    Expected with = told;
    with.last = attempt.last;
    with.ends[lane_index(attempt.id.lane)] = attempt.id.seq;
    if (is_there(with)) {
      told = std::move(with);
      ledger_.committed(number_, attempt.id, attempt.data);
      if (card_.older) card_.since_older.push_back(attempt.id);
      return;
    }
  }
  std::string ends;
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    ends += ", " + std::string(kLaneNames[lane]) + " " + std::to_string(seen.ends[lane]) + " of " +
            std::to_string(told.ends[lane]);
  complain("G2", "after boot " + std::to_string(boots_) + " the state is that of write " + seen.last +
                     ", told was " + told.last + ends);
  told = seen;
}

// --- falls ---

void Board::fall(const Fall& fall) {
  if (!device_.running()) return;
  end_process(fall);
}

void Board::fall_at_work(std::uint64_t operations, const Fall& fall) {
  if (!device_.running() || disk_.is_dead() || wants_restart_) return;
  armed_ = fall;
  disk_.die_after(operations);
}

void Board::end_process(const Fall& fall) {
  disk_.set_dead(true);  // nothing more reaches the disk, not by a close either
  device_.crash();
  disk_.set_dead(false);
  armed_.reset();
  wants_restart_ = false;
  if (fall.cut) {
    disk_.cut_power(*fall.cut, dice_);
    host_.boot = "boot-" + std::to_string(boots_);
  }
  take_copy_sometimes();
  boot_at_ = world_.clock.now() + fall.down;
  called_ = true;
}

void Board::restart() {
  if (!device_.running() || wants_restart_ || disk_.is_dead()) return;
  device_.begin_shut_down();
  wants_restart_ = true;
}

void Board::change_network(const platform::sim::ClientNetwork& network) {
  network_ = network;
  world_.broker.set_network(name(number_), network_);
}

std::uint8_t Board::answer() { return refusal != 0 && below(refuse_one_in) == 0 ? refusal : std::uint8_t{0}; }

// --- cards and boards ---

// An image that somebody might put back one day, made while the device is off.
void Board::take_copy_sometimes() {
  const bool wanted = std::any_of(plan_.troubles.begin(), plan_.troubles.end(),
                                  [](const TroublePlan& t) { return t.trouble == Mishap::older_image; });
  if (!wanted || attempt_ || below(3) != 0) return;
  card_.older = Copy{copy_of(disk_.image()), card_.now.expected};
  card_.since_older.clear();
}

void Board::put_on_older_image() {
  if (!card_.older || !device_.running() || disk_.is_dead()) return;
  end_process({});
  if (!card_.older) return;
  for (const EventId& id : card_.since_older) ledger_.rolled_back(id);
  ledger_.another_image(number_);
  card_.since_older.clear();
  attempt_.reset();
  card_.now.expected = card_.older->expected;
  disk_.mount(copy_of(card_.older->files));
  host_.boot = "boot-" + std::to_string(boots_);
}

// The twin's card is a copy of this one, and goes on from here; later the two change places.
void Board::make_or_swap_twin() {
  if (!device_.running() || disk_.is_dead()) return;
  end_process({});
  if (attempt_) return;  // whether it is there shows at the next boot
  card_.now.files = disk_.image();
  if (!other_) {
    Card twin;
    twin.now = Copy{copy_of(card_.now.files), card_.now.expected};
    other_ = std::move(twin);
  }
  std::swap(card_, *other_);
  ledger_.another_image(number_);
  disk_.mount(std::exchange(card_.now.files, {}));
  host_.boot = "boot-" + std::to_string(boots_);
  host_.hardware = host_.hardware.ends_with("twin") ? host_.hardware.substr(0, host_.hardware.size() - 4)
                                                    : host_.hardware + "twin";
}

void Board::put_on_new_board() {
  if (!device_.running() || disk_.is_dead()) return;
  end_process({});
  host_.boot = "boot-" + std::to_string(boots_);
  host_.hardware = "board-" + std::to_string(number_) + "-" + std::to_string(boots_);
}

// --- the end ---

void Board::boot_now() {
  if (device_.running() || broken_) return;
  if (wants_restart_) return;  // it is on its way
  boot_at_ = world_.clock.now();
  boot();
}

bool Board::take_up_other_image() {
  if (!other_ || broken_) return false;
  make_or_swap_twin();
  other_.reset();
  boot_now();
  return true;
}

void Board::write_last_events() {
  if (!device_.running()) return;
  for (const std::string_view lane : kLaneNames) write(lane, "end", 20);
}

void Board::look_at_file() {
  if (!device_.running()) return;
  const auto report = device_.store().end_check();
  if (!report) return complain("G9", "the check fails: " + report.error().text());
  for (const std::string& finding : report->findings) complain("G9", "the check finds: " + finding);
}

void Board::shut_down() {
  if (device_.running()) device_.begin_shut_down();
}

}  // namespace holdfast::prove
