// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <holdfast/options.hpp>

#include "program/exit_code.hpp"

namespace holdfast::program {

/// What the command line says about a broker.
struct BrokerArguments {
  std::string url;
  std::string client_id;  ///< empty: the device id
  std::string user;
  std::string password_file;  ///< first line; a password never stands on a command line
  std::string ca_file;
  std::string certificate_file;
  std::string private_key_file;
  bool mqtt_3_1_1 = false;
};

/// Reads the password and checks everything that can be wrong without asking the broker. `client_id` stands
/// in when the arguments name none.
[[nodiscard]] Outcome<BrokerOptions> broker_options(const BrokerArguments& arguments, std::string client_id);

/// The first line of the file that `option` names: a password or secret, which never stands on a command line. Empty
/// path: empty.
[[nodiscard]] Outcome<std::string> read_first_line(const std::string& option, const std::string& path);

/// A topic filter with its wildcards where MQTT allows them.
[[nodiscard]] Outcome<void> check_topic_filter(const std::string& filter);

/// Why a connection failed, and what to do about it. `reason` is an MQTT 5 reason code, 0 for the network.
[[nodiscard]] Error connection_error(const std::string& url, std::int32_t reason, const std::string& detail);

}  // namespace holdfast::program
