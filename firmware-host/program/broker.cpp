// SPDX-License-Identifier: MIT
#include "program/broker.hpp"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "common/link_rules.hpp"

namespace holdfast::program {
namespace {

[[nodiscard]] Outcome<void> check_readable(const std::string& option, const std::string& path) {
  if (path.empty() || ::access(path.c_str(), R_OK) == 0) return {};
  const int error = errno;
  const std::string where = option + " " + path;
  if (error == ENOENT || error == ENOTDIR)
    return trouble({ErrorCode::invalid, error, where, "there is no such file"}, kExitNoInput);
  if (error == EACCES) return trouble({ErrorCode::denied, error, where, "check owner and mode"}, kExitDenied);
  return trouble({ErrorCode::io_error, error, where, std::generic_category().message(error)}, kExitIo);
}

/// What an operator should do about an MQTT reason code.
[[nodiscard]] const char* advice(std::int32_t reason) {
  switch (reason) {
    case 0: return "is the broker running, and reachable from here? With mqtts://, does --ca fit?";
    case 0x84: return "the broker does not speak this MQTT version; try --mqtt 3.1.1";
    case 0x85: return "the broker does not accept the client id; see --client-id";
    case 0x86: return "wrong user or password; check --user and --password-file";
    case 0x87: return "not authorised; check --user and --password-file, and the broker's access rules";
    case 0x8C: return "the broker wants another way to authenticate than user and password";
    case 0x8E: return "another client uses the same client id; each device needs its own";
    case 0x95: return "the broker's limit is smaller than an event; raise it there";
    case 0x97: return "the broker's quota is used up; it will be tried again";
    case 0x9B: return "the broker must allow QoS 1";
    default: return "the broker's log says more";
  }
}

[[nodiscard]] ErrorCode code_of(std::int32_t reason) {
  return reason == 0x86 || reason == 0x87 || reason == 0x8C ? ErrorCode::denied : ErrorCode::unavailable;
}

}  // namespace

Outcome<std::string> read_first_line(const std::string& option, const std::string& path) {
  constexpr std::size_t kBytesMax = platform::link_rules::kCredentialBytesMax;
  if (path.empty()) return std::string();
  if (auto readable = check_readable(option, path); !readable) return tl::unexpected(readable.error());
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line) || line.empty() || line.size() > kBytesMax) {
    const char* what = option == "--password-file" ? "a password" : "a secret";
    return trouble({ErrorCode::invalid, 0, option + " " + path, std::string("its first line is not ") + what},
                   kExitData);
  }
  if (line.back() == '\r') line.pop_back();
  return line;
}

Outcome<BrokerOptions> broker_options(const BrokerArguments& arguments, std::string client_id) {
  BrokerOptions broker;
  broker.url = arguments.url;
  broker.client_id = arguments.client_id;
  if (broker.client_id.empty()) broker.client_id = std::move(client_id);
  broker.user = arguments.user;
  broker.version = arguments.mqtt_3_1_1 ? MqttVersion::v3_1_1 : MqttVersion::v5;
  broker.tls.ca_file = arguments.ca_file;
  broker.tls.certificate_file = arguments.certificate_file;
  broker.tls.private_key_file = arguments.private_key_file;
  // A look now, so that a typing error is found at once; the link reads it at each connection.
  if (auto password = read_first_line("--password-file", arguments.password_file); !password)
    return tl::unexpected(password.error());
  broker.password_file = arguments.password_file;
  for (const auto& [option, path] :
       {std::pair("--ca", &broker.tls.ca_file), std::pair("--cert", &broker.tls.certificate_file),
        std::pair("--key", &broker.tls.private_key_file)})
    if (auto readable = check_readable(option, *path); !readable) return tl::unexpected(readable.error());
  platform::ConnectRequest request;
  request.broker = broker;
  const auto address = platform::link_rules::check_request(request, true);
  if (!address) return trouble(address.error(), kExitUsage);
  return broker;
}

Outcome<void> check_topic_filter(const std::string& filter) {
  const auto good = platform::link_rules::check_filter(filter);
  if (good) return {};
  return trouble({ErrorCode::invalid, 0, "--topic " + filter, good.error().hint}, kExitUsage);
}

Error connection_error(const std::string& url, std::int32_t reason, const std::string& detail) {
  return {code_of(reason), reason, "connect to " + url, detail + "; " + advice(reason)};
}

}  // namespace holdfast::program
