// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <holdfast/platform/linux.hpp>

#include "linux/small_file.hpp"

// Kernel indices (thermal_zone3, hwmon1) change between boots, so keys are made of what the driver says:
// type, name, label. Equal names get "-2", "-3" in the order of the index.
namespace holdfast::platform {
namespace {

namespace fs = std::filesystem;
using linux_detail::read_small_file;
using linux_detail::trimmed;

constexpr std::size_t kDevicesMax = 64;    // of one class; further ones are left out
constexpr std::size_t kReadingsMax = 256;  // of one sensor, likewise

template <class Number>
[[nodiscard]] std::optional<Number> parse(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

[[nodiscard]] std::optional<std::string> text_of(const fs::path& path) {
  auto text = read_small_file(path.string());
  if (!text) return std::nullopt;
  return trimmed(std::move(*text));
}

/// The one whole number that a file of /sys holds.
[[nodiscard]] std::optional<std::int64_t> number_of(const fs::path& path) {
  const auto text = text_of(path);
  return text ? parse<std::int64_t>(*text) : std::nullopt;
}

/// The index of "<prefix><index>".
[[nodiscard]] std::optional<unsigned> index_of(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  return parse<unsigned>(name.substr(prefix.size()));
}

/// Directories "<prefix><index>" by index. Empty when there is no such class on this machine.
[[nodiscard]] std::vector<fs::path> numbered(const fs::path& directory, std::string_view prefix) {
  std::vector<std::pair<unsigned, fs::path>> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const auto index = index_of(entry->path().filename().native(), prefix);
    if (index) found.emplace_back(*index, entry->path());
  }
  std::sort(found.begin(), found.end());
  std::vector<fs::path> paths;
  for (auto& [index, path] : found)
    if (paths.size() < kDevicesMax) paths.push_back(std::move(path));
  return paths;
}

/// As a SenML name (RFC 8428 section 4.5.1): other characters become '_'.
[[nodiscard]] std::string senml_name(std::string text) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  for (char& c : text)
    if (kLetters.find(c) == std::string_view::npos &&
        std::string_view("-:.").find(c) == std::string_view::npos)
      c = '_';
  if (text.empty() || kLetters.find(text.front()) == std::string_view::npos) text.insert(0, "x");
  return text.substr(0, 64);
}

/// Collects the readings of one read(), and what was there but could not be read.
class Harvest {
 public:
  Harvest(std::string source, Instant taken_at) : source_(std::move(source)), taken_at_(taken_at) {}

  void add(const std::string& name, std::string unit, std::optional<double> value) {
    const std::string unique = unique_name(name);
    if (!value || !std::isfinite(*value)) {
      ++unreadable_;
    } else if (readings_.size() < kReadingsMax) {
      readings_.push_back({source_ + "/" + unique, unique, std::move(unit), *value, taken_at_});
    }
  }

  [[nodiscard]] Result<std::vector<Reading>> take() && {
    if (readings_.empty() && unreadable_ > 0)
      return fail(ErrorCode::io_error, "read sensor " + source_,
                  "none of its " + std::to_string(unreadable_) + " values could be read");
    return std::move(readings_);
  }

 private:
  // Counted also when unreadable, so that the names of the others do not change with it.
  [[nodiscard]] std::string unique_name(const std::string& name) {
    const std::string clean = senml_name(name);
    std::string unique = clean;
    for (int n = 2; !names_.insert(unique).second; ++n) unique = clean + "-" + std::to_string(n);
    return unique;
  }

  std::string source_;
  Instant taken_at_;
  std::size_t unreadable_ = 0;
  std::set<std::string> names_;
  std::vector<Reading> readings_;
};

[[nodiscard]] std::optional<double> scaled(std::optional<std::int64_t> value, double unit) {
  if (!value) return std::nullopt;
  return static_cast<double>(*value) / unit;
}

class ThermalSensor final : public Sensor {
 public:
  ThermalSensor(std::string root, const Clock& clock) : root_(std::move(root)), clock_(clock) {}
  [[nodiscard]] std::string name() const override { return "thermal"; }

  [[nodiscard]] Result<std::vector<Reading>> read() override {
    Harvest harvest("thermal", clock_.now());
    for (const fs::path& zone : numbered(root_ / "sys/class/thermal", "thermal_zone")) {
      const std::string type = text_of(zone / "type").value_or("");
      harvest.add(type.empty() ? "zone" : type, "Cel", scaled(number_of(zone / "temp"), 1000));
    }
    return std::move(harvest).take();
  }

 private:
  fs::path root_;
  const Clock& clock_;
};

/// Documentation/hwmon/sysfs-interface.rst of the kernel: what a file counts in, and what we report.
struct HwmonKind {
  std::string_view prefix;
  const char* unit;
  double counts_per_unit;
};
constexpr std::array kHwmonKinds = {
    HwmonKind{"temp", "Cel", 1e3},      // millidegree
    HwmonKind{"in", "V", 1e3},          // millivolt
    HwmonKind{"curr", "A", 1e3},        // milliampere
    HwmonKind{"power", "W", 1e6},       // microwatt
    HwmonKind{"energy", "J", 1e6},      // microjoule
    HwmonKind{"humidity", "%RH", 1e3},  // milli-percent
    HwmonKind{"fan", "Hz", 60},         // revolutions per minute; RFC 8428 has no unit for them
};

class HwmonSensor final : public Sensor {
 public:
  HwmonSensor(std::string root, const Clock& clock) : root_(std::move(root)), clock_(clock) {}
  [[nodiscard]] std::string name() const override { return "hwmon"; }

  [[nodiscard]] Result<std::vector<Reading>> read() override {
    Harvest harvest("hwmon", clock_.now());
    for (const fs::path& device : numbered(root_ / "sys/class/hwmon", "hwmon")) {
      const std::string driver = text_of(device / "name").value_or("hwmon");
      for (const HwmonKind& kind : kHwmonKinds) read_kind(device, driver, kind, harvest);
    }
    return std::move(harvest).take();
  }

 private:
  static void read_kind(const fs::path& device, const std::string& driver, const HwmonKind& kind,
                        Harvest& harvest) {
    for (const unsigned index : inputs(device, kind.prefix)) {
      const std::string channel = std::string(kind.prefix) + std::to_string(index);
      if (number_of(device / (channel + "_fault")).value_or(0) != 0)
        continue;  // an open sensor measures nothing
      const std::string label = text_of(device / (channel + "_label")).value_or(channel);
      harvest.add(driver + ":" + label, kind.unit,
                  scaled(number_of(device / (channel + "_input")), kind.counts_per_unit));
    }
  }

  /// The indices N of "<prefix>N_input", ascending.
  [[nodiscard]] static std::vector<unsigned> inputs(const fs::path& device, std::string_view prefix) {
    constexpr std::string_view kSuffix = "_input";
    std::vector<unsigned> found;
    std::error_code error;
    for (fs::directory_iterator entry(device, error), end; !error && entry != end; entry.increment(error)) {
      const std::string file = entry->path().filename().native();
      if (!file.ends_with(kSuffix)) continue;
      const auto index = index_of(std::string_view(file).substr(0, file.size() - kSuffix.size()), prefix);
      if (index) found.push_back(*index);
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  fs::path root_;
  const Clock& clock_;
};

/// The first `count` blank-separated words.
[[nodiscard]] std::vector<std::string_view> words(std::string_view text, std::size_t count) {
  std::vector<std::string_view> found;
  while (found.size() < count) {
    const std::size_t begin = text.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of(" \t\n", begin), text.size());
    found.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
  return found;
}

[[nodiscard]] std::optional<double> decimal(const std::vector<std::string_view>& from, std::size_t at) {
  return at < from.size() ? parse<double>(from[at]) : std::nullopt;
}

class SysinfoSensor final : public Sensor {
 public:
  SysinfoSensor(std::string root, std::string disk_path, const Clock& clock, const Disk& disk)
      : root_(std::move(root)), disk_path_(std::move(disk_path)), clock_(clock), disk_(disk) {}
  [[nodiscard]] std::string name() const override { return "sysinfo"; }

  [[nodiscard]] Result<std::vector<Reading>> read() override {
    Harvest harvest("sysinfo", clock_.now());
    const std::string load = text_of(root_ / "proc/loadavg").value_or("");
    const auto loads = words(load, 3);
    harvest.add("load1", "", decimal(loads, 0));
    harvest.add("load5", "", decimal(loads, 1));
    harvest.add("load15", "", decimal(loads, 2));
    const std::string memory = text_of(root_ / "proc/meminfo").value_or("");
    harvest.add("memory-total", "B", memory_bytes(memory, "MemTotal:"));
    harvest.add("memory-available", "B", memory_bytes(memory, "MemAvailable:"));
    const std::string uptime = text_of(root_ / "proc/uptime").value_or("");
    harvest.add("uptime", "s", decimal(words(uptime, 1), 0));
    const auto space = disk_.space(disk_path_);
    harvest.add("disk-available", "B",
                space ? std::optional(static_cast<double>(space->available_bytes)) : std::nullopt);
    return std::move(harvest).take();
  }

 private:
  /// "MemTotal:        1918524 kB", where kB means 1,024 bytes.
  [[nodiscard]] static std::optional<double> memory_bytes(std::string_view text, std::string_view field) {
    const std::size_t at = text.find(field);
    if (at == std::string_view::npos) return std::nullopt;
    const auto found = words(text.substr(at + field.size()), 2);
    if (found.size() != 2 || found[1] != "kB") return std::nullopt;
    const auto kilobytes = decimal(found, 0);
    if (!kilobytes) return std::nullopt;
    return *kilobytes * 1024;
  }

  fs::path root_;
  std::string disk_path_;
  const Clock& clock_;
  const Disk& disk_;
};

}  // namespace

std::unique_ptr<Sensor> make_thermal_sensor(std::string root, const Clock& clock) {
  return std::make_unique<ThermalSensor>(std::move(root), clock);
}

std::unique_ptr<Sensor> make_hwmon_sensor(std::string root, const Clock& clock) {
  return std::make_unique<HwmonSensor>(std::move(root), clock);
}

std::unique_ptr<Sensor> make_sysinfo_sensor(std::string root, std::string disk_path, const Clock& clock,
                                            const Disk& disk) {
  return std::make_unique<SysinfoSensor>(std::move(root), std::move(disk_path), clock, disk);
}

}  // namespace holdfast::platform
