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

TEST_F(StatusReport, a_disk_state_that_is_not_normal_is_in_the_line_with_its_reason) {
  EXPECT_THAT(status_line(statistics_, "mqtt://b"), Not(HasSubstr("disk")));
  statistics_.store.pressure = Pressure::shed;
  statistics_.store.pressure_reason = "used 83 % of 13,000 pages: shed until below 70 %";
  EXPECT_THAT(status_line(statistics_, "mqtt://b"),
              HasSubstr("disk shed (used 83 % of 13,000 pages: shed until below 70 %)"));
}

TEST_F(StatusReport, a_reason_of_an_earlier_disk_state_is_not_shown) {
  statistics_.store.pressure = Pressure::shed;
  statistics_.store.pressure_reason = "used 79 % of 13,000 pages: conserve until below 50 %";
  const std::string line = status_line(statistics_, "mqtt://b");
  EXPECT_THAT(line, HasSubstr("disk shed"));
  EXPECT_THAT(line, Not(HasSubstr("conserve")));
}

TEST_F(StatusReport, what_an_operator_should_know_of_the_store_is_in_the_line_and_in_the_text) {
  statistics_.store.warning = "btrfs writes to new blocks";
  EXPECT_THAT(status_line(statistics_, "mqtt://b"), HasSubstr("warning: btrfs writes to new blocks"));
  EXPECT_THAT(status_text(json(running_)).value(), HasSubstr("warning   btrfs writes to new blocks"));
}

TEST_F(StatusReport, the_text_says_how_large_the_store_is_and_how_short_of_room) {
  StoreStatistics& store = statistics_.store;
  store.budget_bytes = 64ULL * 1024 * 1024;
  store.database_bytes = 56ULL * 1024 * 1024;
  store.free_bytes = 40ULL * 1024 * 1024;
  store.reserve_bytes = 1536ULL * 1024;
  store.file_system = "ext4";
  store.pressure = Pressure::conserve;
  store.pressure_reason = "used 61 % of 14,336 pages: conserve until below 50 %";
  const std::string text = status_text(json(running_)).value();
  EXPECT_THAT(text, HasSubstr("disk      conserve (used 61 % of 14,336 pages: conserve until below 50 %)"));
  EXPECT_THAT(text,
              HasSubstr("budget    64 MiB with the WAL; used 16 MiB, free 40 MiB, of it reserve 1.5 MiB"));
  EXPECT_THAT(text, HasSubstr("file      ext4, constant, 14336 pages of 4 KiB, 10240 free"));
}

TEST_F(StatusReport, a_lane_has_a_line_of_its_own_for_what_is_unusual) {
  EXPECT_THAT(status_text(json(running_)).value(), Not(HasSubstr("alarm:")));
  statistics_.lanes[0].paused = true;
  statistics_.lanes[1].retained_events = 3;
  statistics_.lanes[1].retained_bytes = 2048;
  statistics_.lanes[1].rejected_events = 4;
  statistics_.lanes[1].shed_events = 5;
  const std::string text = status_text(json(running_)).value();
  EXPECT_THAT(text, HasSubstr("alarm: PAUSED"));
  EXPECT_THAT(text, HasSubstr("telemetry: retained 3 events, 2 KiB, rejected 4, shed 5\n"));
}

TEST_F(StatusReport, every_number_of_store_and_lane_is_in_the_document) {
  statistics_.store.pressure = Pressure::protect;
  statistics_.lanes[0].lost_bytes_ever = 77;
  const std::string document = json(running_);
  for (const char* member :
       {R"("budget_bytes":0)",     R"("group_events_largest":0)", R"("groups_split":0)",
        R"("settle_commits":0)",   R"("bytes_written":0)",        R"("reserve_bytes":0)",
        R"("state_bytes":0)",      R"("tables_bytes":0)",         R"("pressure":"protect")",
        R"("pressure_reason":"")", R"("growing":false)",          R"("file_system":"")",
        R"("warning":"")",         R"("check_running":false)",    R"("rows_checked":0)",
        R"("rows_damaged":0)",     R"("lost_bytes_ever":77)",     R"("retained_events":0)",
        R"("retained_bytes":0)",   R"("rejected_events":0)",      R"("shed_events":0)",
        R"("paused":false)"})
    EXPECT_THAT(document, HasSubstr(member));
}

TEST_F(StatusReport, alarms_are_in_the_line_in_the_document_and_in_words) {
  statistics_.relay.alarms = {RelayAlarm::duplicate_identity, RelayAlarm::stalled};
  statistics_.relay.takeovers = 3;
  statistics_.relay.keep_alive_s = 15;
  statistics_.relay.keys_held = 2;
  EXPECT_THAT(status_line(statistics_, "mqtt://b"), HasSubstr("  ALARM duplicate_identity  ALARM stalled"));
  const std::string document = json(running_);
  EXPECT_THAT(document, HasSubstr(R"("alarms":["duplicate_identity","stalled"],"stalls":0,"takeovers":3,)"));
  EXPECT_THAT(document, HasSubstr(R"("topics_denied":0,"keys_held":2,)"));
  EXPECT_THAT(document, HasSubstr(R"("keep_alive_s":15,"outside_window":false)"));
  const std::string text = status_text(document).value();
  EXPECT_THAT(text, HasSubstr("ALARM duplicate_identity: the connection is taken away again and again"));
  EXPECT_THAT(text, HasSubstr("2 keys held now"));
  EXPECT_THAT(text, HasSubstr("3 times taken over by another client"));
  EXPECT_THAT(text, Not(HasSubstr("times reconnected")));
}

TEST_F(StatusReport, every_alarm_has_words) {
  for (const auto alarm : {RelayAlarm::credentials_refused, RelayAlarm::duplicate_identity,
                           RelayAlarm::topics_denied, RelayAlarm::stalled, RelayAlarm::quarantine_full}) {
    statistics_.relay.alarms = {alarm};
    EXPECT_THAT(status_text(json(running_)).value(), Not(HasSubstr("unknown to this holdfast")));
  }
}

TEST_F(StatusReport, outside_the_connection_windows_an_old_error_says_nothing) {
  statistics_.relay.outside_window = true;
  const std::string line = status_line(statistics_, "mqtt://b");
  EXPECT_THAT(line, HasSubstr("outside the connection windows"));
  EXPECT_THAT(line, Not(HasSubstr("CONNACK")));
  EXPECT_THAT(status_text(json(running_)).value(), HasSubstr("outside the connection windows: events wait"));
}

TEST_F(StatusReport, a_document_of_an_older_holdfast_without_alarms_is_read) {
  std::string document = json(running_);
  const auto from = document.find(R"(,"alarms")");
  document.erase(from, document.find('}', from) - from);
  EXPECT_TRUE(status_text(document));
}

TEST_F(StatusReport, lanes_alone_are_a_table_or_a_document) {
  EXPECT_THAT(lanes_table(statistics_.lanes), HasSubstr("telemetry"));
  EXPECT_THAT(lanes_table(statistics_.lanes), Not(testing::EndsWith("\n")));
  EXPECT_THAT(lanes_json(statistics_.lanes),
              testing::StartsWith(R"({"format":"dev.holdfast.lanes.v1","lanes":[{"name":"alarm")"));
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

TEST_F(StatusReport, a_store_at_rest_has_no_relay) {
  const std::string document = json({.state = "at_rest", .path = "/s.db", .broker_url = {}});
  EXPECT_THAT(document, Not(HasSubstr("\"relay\"")));
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

// Found by fuzzing: the conversion was undefined.
TEST_F(StatusReport, a_number_that_is_no_count_is_no_document) {
  const std::string honest = json(running_);
  for (const char* number : {"5.8e29", "-1.5", "1e999"}) {
    std::string document = honest;
    const std::string member = "\"events_committed\":0";
    const auto at = document.find(member);
    ASSERT_NE(at, std::string::npos);
    document.replace(at, member.size(), "\"database_bytes\":" + std::string(number));
    EXPECT_FALSE(status_text(document)) << number;
  }
}

// Found by fuzzing: whoever can write the file could give orders to the terminal of whoever reads it.
TEST_F(StatusReport, a_document_cannot_order_a_terminal_about) {
  const std::string honest = json(running_);
  for (const std::string word : {"telemetry", "pi4", "running", "/s.db", "mqtt://b"}) {
    std::string document = honest;
    document.replace(document.find("\"" + word + "\"") + 1, word.size(), "\\u001b[31m\\n");
    const auto text = status_text(document);
    ASSERT_TRUE(text) << word;
    EXPECT_EQ(text->find('\x1b'), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace holdfast::program
