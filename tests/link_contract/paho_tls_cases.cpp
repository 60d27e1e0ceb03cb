// SPDX-License-Identifier: MIT
#include <filesystem>
#include <string_view>

#include "link_contract/paho_world.hpp"
#include "link_contract/which_link.hpp"

// Real certificates, made here, against Mosquitto. Both links refuse alike; only the hardened one says why.
namespace holdfast::link_contract {
namespace {

[[nodiscard]] ConnectRequest tls_request(const Client& client, const Mosquitto& broker) {
  ConnectRequest request = client.request("tls");
  request.broker.tls.ca_file = broker.ca_file();
  return request;
}

void use_certificate(ConnectRequest& request, const Mosquitto& broker, const std::string& name) {
  request.broker.tls.certificate_file = broker.file(name + ".pem");
  request.broker.tls.private_key_file = broker.file(name + ".key");
}

/// Fails to connect, says `why` if it can, and can be used again.
void expect_refused(Client& client, const ConnectRequest& request, std::string_view why) {
  ASSERT_TRUE(client.link->connect(request).has_value());
  const LinkEvent failed = client.wait_for(LinkEventKind::connect_failed);
  EXPECT_EQ(failed.reason, 0);
  if (kTellsTlsTrouble) {
    EXPECT_NE(failed.detail.find(why), std::string::npos) << failed.detail;
  }
  client.link->drop();
}

void expect_good(Client& client, const ConnectRequest& request) {
  client.connect(request);
  publish(client, "t");
  client.link->drop();
}

TEST(PahoTls, connects_to_a_broker_whose_certificate_is_good) {
  PahoWorld world({.tls = true});
  Client client(world);
  ConnectRequest request = tls_request(client, world.broker);
  expect_good(client, request);
  request.broker.version = MqttVersion::v3_1_1;
  expect_good(client, request);
}

TEST(PahoTls, refuses_a_certificate_of_an_authority_it_does_not_know) {
  PahoWorld world({.tls = true});
  Client client(world);
  ConnectRequest request = tls_request(client, world.broker);
  request.broker.tls.ca_file.clear();  // the system's trust store does not know this one
  expect_refused(client, request, "certificate verify failed: ");
  const PahoWorld other({.tls = true});
  request.broker.tls.ca_file = other.broker.ca_file();
  expect_refused(client, request, "certificate verify failed: ");
  request.broker.tls.verify_server = false;
  expect_good(client, request);
}

TEST(PahoTls, refuses_a_certificate_for_another_host) {
  PahoWorld world({.tls = true, .tls_host = "DNS:elsewhere.example"});
  Client client(world);
  expect_refused(client, tls_request(client, world.broker),
                 "certificate verify failed: it is for another host name");
}

TEST(PahoTls, checks_the_name_and_not_the_address_it_was_resolved_to) {
  PahoWorld world({.tls = true, .tls_host = "DNS:localhost"});
  Client client(world);
  ConnectRequest request = tls_request(client, world.broker);
  request.broker.url = "mqtts://localhost:" + std::to_string(world.broker.port());
  expect_good(client, request);
}

TEST(PahoTls, refuses_a_certificate_that_has_expired) {
  PahoWorld world({.tls = true, .tls_days = -1});
  Client client(world);
  expect_refused(client, tls_request(client, world.broker), "certificate has expired");
}

TEST(PahoTls, shows_a_client_certificate_where_the_broker_asks_for_one) {
  PahoWorld world({.tls = true, .extra = "require_certificate true\n"});
  world.broker.make_certificate("device", "DNS:device", 2);
  world.broker.make_certificate("old", "DNS:device", -1);
  Client client(world);
  ConnectRequest request = tls_request(client, world.broker);
  expect_refused(client, request, "certificate required");
  use_certificate(request, world.broker, "old");
  expect_refused(client, request, "certificate expired");
  use_certificate(request, world.broker, "device");
  expect_good(client, request);
}

TEST(PahoTls, a_key_that_does_not_belong_to_the_certificate_is_named_as_the_trouble) {
  PahoWorld world({.tls = true, .extra = "require_certificate true\n"});
  world.broker.make_certificate("device", "DNS:device", 2);
  world.broker.make_certificate("other", "DNS:device", 2);
  Client client(world);
  ConnectRequest request = tls_request(client, world.broker);
  use_certificate(request, world.broker, "device");
  request.broker.tls.private_key_file = world.broker.file("other.key");
  expect_refused(client, request, "TLS: ");
}

TEST(PahoTls, renewed_certificates_are_used_without_a_restart) {
  PahoWorld world({.tls = true, .extra = "require_certificate true\n"});
  world.broker.make_certificate("device", "DNS:device", 2);
  Client client(world);
  ConnectRequest request = tls_request(client, world.broker);
  use_certificate(request, world.broker, "device");
  client.connect(request);
  world.kill_broker();
  client.wait_for(LinkEventKind::disconnected);
  client.link->drop();
  world.broker.renew_certificates();  // a new authority
  world.start_broker();
  expect_refused(client, request, "TLS: ");  // the device's own is still of the old one
  world.broker.make_certificate("device", "DNS:device", 2);
  expect_good(client, request);
}

TEST(PahoTls, a_file_that_is_not_there_is_named_before_anything_is_sent) {
  PahoWorld world({.tls = true});
  Client client(world);
  ConnectRequest request = tls_request(client, world.broker);
  request.broker.tls.certificate_file = "/nowhere/device.pem";
  const auto result = client.link->connect(request);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::invalid);
  EXPECT_NE(result.error().hint.find("/nowhere/device.pem"), std::string::npos);
}

// ---- passwords

TEST(PahoLink, reads_the_password_file_at_each_connection) {
  PahoWorld world({.users = {{"device", "right"}}});
  const test_support::TempDir dir;
  Client client(world);
  ConnectRequest request = client.request("credentials");
  request.broker.user = "device";
  request.broker.password_file = dir.write("password", "wrong\n");
  ASSERT_TRUE(client.link->connect(request).has_value());
  const LinkEvent failed = client.wait_for(LinkEventKind::connect_failed);
  EXPECT_EQ(failed.reason, 0x87);
  EXPECT_EQ(failed.detail.find("wrong"), std::string::npos);
  client.link->drop();
  dir.write("password", "right\r\nand a second line\n");
  client.connect(request);
}

TEST(PahoLink, names_the_password_file_and_never_what_is_in_it) {
  PahoWorld world({});
  const test_support::TempDir dir;
  Client client(world);
  ConnectRequest request = client.request("credentials");
  request.broker.user = "device";
  const auto error_of = [&](const std::string& file, const std::string& password) {
    request.broker.password_file = file;
    request.broker.password = password;
    const auto result = client.link->connect(request);
    return result ? std::string("connecting")
                  : std::string(to_string(result.error().code)) + " " + result.error().text();
  };
  EXPECT_EQ(error_of(dir / "missing", "").find("invalid"), 0U);
  EXPECT_NE(error_of(dir / "missing", "").find(dir / "missing"), std::string::npos);
  EXPECT_EQ(error_of(dir.write("empty", "\nhunter2\n"), "").find("invalid"), 0U);
  EXPECT_EQ(error_of(dir.write("empty", "\nhunter2\n"), "").find("hunter2"), std::string::npos);
  EXPECT_EQ(error_of(dir.write("long", std::string(70'000, 'x')), "").find("xxx"), std::string::npos);
  EXPECT_EQ(error_of(dir.write("good", "hunter2"), "hunter3").find("invalid"), 0U);
  EXPECT_EQ(error_of(dir.write("good", "hunter2"), "hunter3").find("hunter"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::link_contract
