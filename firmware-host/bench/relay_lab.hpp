// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <holdfast/outbox.hpp>

#include "bench/workplace.hpp"
#include "demonstration/broker.hpp"

namespace holdfast::bench {

inline constexpr std::size_t kWindow = 64;

/// One of our links: each is built into a worker of its own, because two Pahos never share a process.
struct WorkerProgram {
  std::string link;  ///< "paho_c"
  std::string path;
};

/// What a worker is to do; bench/relay_worker.cpp says what comes back.
struct RelayWork {
  std::string store;
  bool v5 = true;
  std::uint64_t events = 0;  ///< end after so many acknowledgements (an epoch record is one); 0: any number
  std::chrono::seconds seconds{0};  ///< or after so long; 0: any time
  std::uint64_t writes_per_s = 0;
  std::chrono::milliseconds poll{0};
  std::chrono::microseconds sample{1000};
};

/// What the publishers without a store are to do.
struct RawWork {
  std::string mode = "cpp";  ///< Paho C++; "socket": a bare one, which speaks 3.1.1
  bool v5 = true;
  std::uint64_t events = 0;
  std::size_t window = kWindow;
};

/// Where the relay is measured: one private Mosquitto at a time, stores, and the programs that publish.
class RelayLab {
 public:
  /// `unavailable`: Mosquitto or a program of the bench is missing.
  [[nodiscard]] static Result<RelayLab> make(const Workplace& place, PlatformView platform);
  ~RelayLab();
  RelayLab(RelayLab&&) = default;
  RelayLab& operator=(RelayLab&&) = delete;

  /// Starts the broker anew. 0: no Receive Maximum; Mosquitto's default is 20.
  [[nodiscard]] Result<void> start_broker(unsigned receive_maximum);
  /// Makes a store with so many events that wait.
  [[nodiscard]] Result<void> fill(const std::string& store, std::uint64_t events,
                                  std::uint64_t budget_bytes) const;
  /// Seconds from the first publish to the last acknowledgement.
  [[nodiscard]] Result<double> publish_raw(const RawWork& work) const;
  [[nodiscard]] Result<nlohmann::json> relay(const WorkerProgram& program, const RelayWork& work) const;

  [[nodiscard]] const std::vector<WorkerProgram>& workers() const noexcept { return workers_; }
  [[nodiscard]] std::string store_path(const std::string& name) const { return place_ / name; }
  [[nodiscard]] const Workplace& place() const noexcept { return place_; }

 private:
  RelayLab(const Workplace& place, PlatformView platform) : place_(place), platform_(platform) {}
  [[nodiscard]] Result<nlohmann::json> run(std::vector<std::string> arguments) const;

  const Workplace& place_;
  PlatformView platform_;
  std::string programs_;  ///< the directory they are in
  std::vector<WorkerProgram> workers_;
  std::unique_ptr<demo::Broker> broker_;
};

}  // namespace holdfast::bench
