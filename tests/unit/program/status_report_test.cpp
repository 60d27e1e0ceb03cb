// SPDX-License-Identifier: MIT
#include "program/status_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <holdfast/platform/sim.hpp>

namespace holdfast::program {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class StatusReport : public testing::Test {
 protected:
  StatusReport() {
    statistics_.store.device = "pi4";
    statistics_.store.newest_epoch = Epoch{0xabc};
    statistics_.relay.state = RelayState::backing_off;
    statistics_.relay.last_reason = 0x86;
    statistics_.relay.last_error = "refused by CONNACK";
    LaneStatistics& alarm = statistics_.lanes.emplace_back();
    alarm.name = "alarm";
    alarm.committed_seq = alarm.settled_seq = 5;
    LaneStatistics& telemetry = statistics_.lanes.emplace_back();
    telemetry.name = "telemetry";
    telemetry.committed_seq = 10;
    telemetry.settled_seq = 4;
    telemetry.backlog_events = 6;
    telemetry.oldest_age = 90s;
  }

  [[nodiscard]] std::string json(const StatusContext& context) {
    return status_json(context, statistics_, {clock_, disk_, entropy_, host_});
  }

  platform::sim::VirtualClock clock_;
  platform::sim::ScriptedDisk disk_;
  platform::sim::SeededEntropy entropy_{1};
  platform::sim::ScriptedHost host_;
  const StatusContext running_{.state = "running", .path = "/s.db", .broker_url = "mqtt://b"};
  Statistics statistics_;
};

TEST_F(StatusReport, a_line_sums_the_lanes_and_says_what_to_do) {
  const std::string line = status_line(statistics_, "mqtt://b");
  EXPECT_THAT(line, HasSubstr("backing_off  committed 15  settled 9  backlog 6  in flight 0"));
  EXPECT_THAT(line,
              HasSubstr("refused by CONNACK; wrong user or password; check --user and --password-file"));
}

TEST_F(StatusReport, a_line_of_a_connected_relay_has_no_old_error) {
  statistics_.relay.state = RelayState::connected;
  EXPECT_THAT(status_line(statistics_, "mqtt://b"), Not(HasSubstr("CONNACK")));
}

TEST_F(StatusReport, losses_and_quarantine_are_in_the_line) {
  statistics_.lanes[0].lost_events_ever = 3;
  statistics_.lanes[1].quarantined_events = 2;
  EXPECT_THAT(status_line(statistics_, "mqtt://b"), HasSubstr("quarantined 2  declared lost 3"));
}

TEST_F(StatusReport, a_document_names_its_author_and_reads_back_as_text) {
  const std::string document = json(running_);
  EXPECT_THAT(document, Not(HasSubstr("\n")));
  const auto author = status_author(document);
  ASSERT_TRUE(author);
  EXPECT_EQ(author->process_id, host_.process_id());
  EXPECT_EQ(author->boot_id, host_.boot);
  EXPECT_TRUE(author->running);
  const auto text = status_text(document);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("device    pi4"));
  EXPECT_THAT(*text, HasSubstr("epoch     0000000000000abc"));
  EXPECT_THAT(*text, HasSubstr("relay     backing_off, mqtt://b"));
  EXPECT_THAT(*text, HasSubstr("90 s"));
}

TEST_F(StatusReport, a_store_at_rest_has_no_relay_and_no_budget) {
  const std::string document =
      json({.state = "at_rest", .path = "/s.db", .broker_url = {}, .budget_known = false});
  EXPECT_THAT(document, Not(HasSubstr("\"relay\"")));
  EXPECT_THAT(document, HasSubstr(R"("budget_bytes":null)"));
  EXPECT_FALSE(status_author(document)->running);
  EXPECT_TRUE(status_text(document));
}

TEST_F(StatusReport, a_path_of_any_bytes_is_still_json) {
  EXPECT_TRUE(status_text(json({.state = "running", .path = "/\xff\"\n", .broker_url = {}})));
}

TEST_F(StatusReport, what_is_no_document_is_refused) {
  const std::string whole = json(running_);
  for (const std::string& text : {std::string(), std::string("{}"), std::string("[]"), std::string("null"),
                                  whole.substr(0, whole.size() / 2), whole + "x"}) {
    EXPECT_FALSE(status_text(text)) << text;
    EXPECT_FALSE(status_author(text)) << text;
  }
}

}  // namespace
}  // namespace holdfast::program
