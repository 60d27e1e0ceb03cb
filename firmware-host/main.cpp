// SPDX-License-Identifier: MIT
// The program `holdfast`: reads the command line and calls the subcommand. CLI11 costs six seconds a file, so
// it is seen only here and in prove/command.cpp.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "backup.hpp"
#include "bench.hpp"
#include "bench_relay.hpp"
#include "budget.hpp"
#include "check.hpp"
#include "consume.hpp"
#include "demo.hpp"
#include "export.hpp"
#include "lane.hpp"
#include "program/talk.hpp"
#include "program/units.hpp"
#include "prove/command.hpp"
#include "put.hpp"
#include "quarantine.hpp"
#include "replay.hpp"
#include "run.hpp"
#include "status.hpp"

namespace holdfast::program {
namespace {

constexpr const char* kEpilog =
    "Exit codes (sysexits): 0 done, 1 done and found trouble, 64 command line, 65 event or file is not what "
    "it\n"
    "must be, 66 no such file, 69 no broker, 70 bug, 73 no directory or no room, 74 I/O error, 75 in use or "
    "not\n"
    "finished: try again later, 77 permission or credentials, 78 the store is of a newer holdfast.\n"
    "Data goes to standard output, everything else to standard error.";

constexpr const char* kLaneForm =
    "NAME[:PRIORITY][,when_full=block|reject|drop_oldest|keep_latest|thin]\n"
    "[,max=SIZE][,guaranteed=SIZE][,ttl=DURATION][,commit_delay=DURATION]";

/// An option whose text is turned into `target` by `parse`, which knows the form.
template <class Target, class Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, Target& target, Parse parse,
                        const std::string& help) {
  return app.add_option_function<std::string>(
      name,
      [&target, parse, name](const std::string& text) {
        auto value = parse(text);
        if (!value) throw CLI::ValidationError(name, value.error().text());
        if constexpr (requires { target = *value; })
          target = *value;
        else
          target = std::chrono::duration_cast<Target>(*value);
      },
      help);
}

CLI::Option* add_duration(CLI::App& app, const std::string& name, std::chrono::milliseconds& target,
                          const std::string& help) {
  return add_parsed(app, name, target, parse_duration, help)->type_name("DURATION");
}

void add_seconds(CLI::App& app, const std::string& name, std::chrono::seconds& target,
                 const std::string& help) {
  add_parsed(app, name, target, parse_duration, help)->type_name("DURATION");
}

CLI::Option* add_size(CLI::App& app, const std::string& name, std::uint64_t& target,
                      const std::string& help) {
  return add_parsed(app, name, target, parse_size, help)->type_name("SIZE");
}

/// A repeatable option: each text becomes one more item of `target`.
template <class Item>
CLI::Option* add_items(CLI::App& app, const std::string& name, std::vector<Item>& target,
                       Result<Item> (*parse)(std::string_view), const std::string& help) {
  return app.add_option_function<std::vector<std::string>>(
      name,
      [&target, parse, name](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) {
          auto item = parse(text);
          if (!item) throw CLI::ValidationError(name, item.error().text());
          target.push_back(std::move(*item));
        }
      },
      help);
}

void add_broker(CLI::App& app, BrokerArguments& broker) {
  app.add_option("--broker", broker.url, "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]")
      ->envname("HOLDFAST_BROKER")
      ->required();
  app.add_option("--user", broker.user, "User name at the broker")->envname("HOLDFAST_USER");
  app.add_option("--password-file", broker.password_file, "File whose first line is the password")
      ->envname("HOLDFAST_PASSWORD_FILE");
  app.add_option("--ca", broker.ca_file, "PEM file of the certificate authority (default: the system's)");
  app.add_option("--cert", broker.certificate_file, "PEM file of the client certificate");
  app.add_option("--key", broker.private_key_file, "PEM file of its private key (default: in --cert)");
  app.add_option_function<std::string>(
         "--mqtt", [&broker](const std::string& version) { broker.mqtt_3_1_1 = version != "5"; },
         "MQTT version, 5 or 3.1.1 (default 5)")
      ->check(CLI::IsMember({"5", "3.1.1"}));
}

CLI::Option* add_store_path(CLI::App& app, std::string& path) {
  return app.add_option("--store", path, "The database file")->envname("HOLDFAST_STORE")->required();
}

void add_store(CLI::App& app, StoreOptions& store) {
  add_store_path(app, store.path);
  app.add_option("--prefix", store.topic_prefix, "First part of every topic")->capture_default_str();
  add_size(app, "--budget", store.budget_bytes,
           "Database and WAL together (default: as stored, 64MiB for a new store)");
  app.add_flag_callback(
      "--growing", [&store] { store.footprint = Footprint::growing; },
      "Take the budget from the file system in steps, not when the store is made");
  add_parsed(app, "--min-free", store.min_free_bytes, parse_size_or_zero,
             "With --growing: leave so much to others (default 256MiB)")
      ->type_name("SIZE");
  add_parsed(app, "--retention", store.retention_bytes, parse_size_or_zero,
             "Delivered events kept for replay (default a quarter of the budget; 0: none)")
      ->type_name("SIZE");
}

/// How the backlog is drained.
void add_relay(CLI::App& app, RunOptions& run) {
  RelayOptions& relay = run.relay;
  add_parsed(app, "--profile", relay.profile, parse_profile,
             "Keep the limits of generic (default), mosquitto, emqx, hivemq, aws-iot or\nazure-eventgrid")
      ->type_name("BROKER");
  app.add_option("--rate-max", relay.events_per_s_max,
                 "Deliver at most so many events a second (default: no limit)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}));
  add_size(app, "--byte-rate-max", relay.bytes_per_s_max,
           "... and at most so many bytes a second (default: no limit)");
  add_items(app, "--window", relay.connection_windows, parse_window,
            "Be connected only then: 'MINUTE HOUR DAY MONTH WEEKDAY for MINUTES', UTC,\n"
            "such as '0 2 * * * for 30'. Repeatable (default: always)")
      ->allow_extra_args(false);
  add_items(app, "--ordering", relay.lanes, parse_ordering,
            "LANE=strict: no event overtakes an earlier one of its key, not even a refused\n"
            "one; LANE=strict:hold: nor one in quarantine. Repeatable")
      ->allow_extra_args(false);
  app.add_option("--connections", run.connections,
                 "Deliver over so many connections, each with its part of the lanes (default 1)")
      ->check(CLI::Range(std::size_t{1}, limits::kRelaysMax));
  app.add_option("--spread", run.spread,
                 "With --connections: LANE's keys are divided among them; the order of each\n"
                 "key stays, that of the lane does not. Repeatable")
      ->type_name("LANE")
      ->allow_extra_args(false);
  add_parsed(app, "--denied-patience", relay.denied_patience, parse_duration_or_zero,
             "How long a topic may be refused as not authorised before its events are\n"
             "quarantined (default 1d; 0: at once)")
      ->type_name("DURATION");
  add_duration(app, "--stall-timeout", relay.stall_timeout,
               "Reconnect when events wait and none was acknowledged for so long (default 2m)");
  app.add_flag("!--no-presence", relay.presence, "Publish no retained status and no last will");
  add_duration(app, "--backoff-max", relay.backoff_max, "Longest wait before connecting again (default 60s)");
  // Only to be compared with: nobody should find it who does not look for it.
  add_duration(app, "--poll-interval", relay.poll_interval,
               "Look for new events at this interval instead of at commit")
      ->group("");
}

void add_run(CLI::App& app, RunOptions& options, int& exit_code) {
  CLI::App* run =
      app.add_subcommand("run", "Store this machine's sensor readings and deliver them to a broker");
  add_store(*run, options.store);
  add_broker(*run, options.broker);
  run->add_option("--device", options.store.device,
                  "Id of this device (default: the store's, or the host name)");
  run->add_option("--client-id", options.broker.client_id, "MQTT client id (default: the device id)");
  add_items(*run, "--lane", options.lanes, parse_lane,
            std::string(kLaneForm) +
                "\nRepeatable; readings go into the first (default telemetry). A name alone\n"
                "leaves a stored lane's settings as they are");
  add_duration(*run, "--interval", options.interval, "Between two readings (default 1s)");
  run->add_option("--rate", options.events_per_s, "A load instead: so many events a second")
      ->check(CLI::Range(0.001, 1e6))
      ->excludes("--interval");
  run->add_option("--simulated", options.sensors.simulated, "Simulated sensors beside this machine's")
      ->check(CLI::Range(std::size_t{0}, kSimulatedMax));
  run->add_flag("!--only-simulated", options.sensors.machine, "Leave this machine's sensors out");
  run->add_option("--seed", options.sensors.seed, "Of the simulated sensors")->capture_default_str();
  run->add_option("--count", options.count, "End when so many events are stored and acknowledged");
  add_duration(*run, "--drain", options.drain,
               "With --count: wait so long for acknowledgements (default 30s)");
  run->add_option("--status-file", options.status_file, "Keep a JSON status here, replaced as a whole");
  add_duration(*run, "--status-interval", options.status_interval, "Of status line and file (default 5s)");
  add_relay(*run, options);
  run->add_flag("--fail-fast", options.fail_fast, "End when the first connection attempt fails");
  run->add_option("--secret-file", options.secret_file,
                  "File whose first line is the secret that requests to send again must know");
  run->add_flag("--ledger", options.ledger, "Also write a table demo_committed, for audits");
  run->add_flag("--json", options.json, "The last status as JSON on standard output");
  run->add_flag("-q,--quiet", options.quiet, "No status lines");
  run->callback([&options, &exit_code] {
    if (options.lanes.empty()) options.lanes.push_back({.options = {.name = "telemetry"}});
    exit_code = run_run(options);
  });
}

void add_consume(CLI::App& app, ConsumeOptions& options, int& exit_code) {
  CLI::App* consume = app.add_subcommand("consume", "Receive events and apply each once, through an inbox");
  consume->add_option("--inbox", options.inbox, "The inbox's database file")->required();
  add_broker(*consume, options.broker);
  consume
      ->add_option("--client-id", options.broker.client_id, "MQTT client id: names the session at the broker")
      ->required();
  consume->add_option("--topic", options.topics, "Topic filter, repeatable, such as 'holdfast/#'")
      ->required()
      ->allow_extra_args(false);
  add_seconds(*consume, "--session-expiry", options.session_expiry,
              "How long the broker keeps messages for us while we are away (default 7d)");
  add_duration(*consume, "--commit-timeout", options.commit_timeout,
               "End when a message cannot be committed for so long; the broker keeps it (default 30s)");
  consume->add_option("--count", options.count, "End when so many events were applied");
  consume->add_option("--status-file", options.status_file, "Keep a JSON status here, replaced as a whole");
  add_duration(*consume, "--status-interval", options.status_interval,
               "Of status line and file (default 5s)");
  add_duration(*consume, "--backoff-max", options.backoff_max,
               "Longest wait before connecting again (default 60s)");
  consume->add_flag("--fail-fast", options.fail_fast, "End when the first connection attempt fails");
  consume->add_flag("!--no-resend", options.resend, "Do not ask devices for what is missing");
  consume->add_option("--secret-file", options.secret_file,
                      "File whose first line is the devices' command secret");
  consume->add_flag("--ledger", options.ledger, "Also write a table effects, for audits");
  consume->add_flag("--json", options.json, "Events as JSON lines; the last line is a summary");
  consume->add_flag("-q,--quiet", options.quiet, "No events, no status lines");
  consume->callback([&options, &exit_code] { exit_code = run_consume(options); });
}

void add_status(CLI::App& app, StatusOptions& options, int& exit_code) {
  CLI::App* status = app.add_subcommand("status", "Show a store that is not in use, or a running daemon");
  CLI::Option_group* source = status->add_option_group("source");
  source->add_option("--store", options.store, "The database file")->envname("HOLDFAST_STORE");
  source->add_option("--status-file", options.status_file, "The file that run --status-file writes");
  source->require_option(1);
  status->add_flag("--json", options.json, "One JSON document on the last line");
  status->callback([&options, &exit_code] { exit_code = run_status(options); });
}

void add_put(CLI::App& app, PutOptions& options, int& exit_code) {
  CLI::App* put = app.add_subcommand("put", "Store one event; print its id");
  add_store(*put, options.store);
  put->add_option("--device", options.store.device,
                  "Make the store, or the lane, for this device if need be");
  add_parsed(*put, "--lane", options.lane, parse_lane,
             std::string(kLaneForm) + "\nSettings count only when the lane is made now")
      ->required();
  put->add_option("--key", options.key, "Ordering key, such as the sensor")->required();
  put->add_option("--type", options.type, "Type, such as com.example.note.v1")->required();
  put->add_option("--content-type", options.content_type, "Media type of the data")->capture_default_str();
  put->add_option("--data", options.data, "The data: text, @FILE, or - for standard input")->required();
  put->add_option("--topic", options.topic, "Instead of PREFIX/DEVICE/LANE/KEY");
  add_items(*put, "--attribute", options.attributes, parse_attribute,
            "NAME=VALUE, a further CloudEvents attribute, repeatable");
  put->add_option_function<std::string>(
         "--ttl",
         [&options](const std::string& text) {
           const auto ttl = parse_duration(text);
           if (!ttl) throw CLI::ValidationError("--ttl", ttl.error().text());
           options.ttl = std::chrono::duration_cast<std::chrono::seconds>(*ttl);
         },
         "Expires at the broker after this time")
      ->type_name("DURATION");
  put->add_flag("--json", options.json, "The id as JSON");
  put->add_flag("-q,--quiet", options.quiet, "Do not print the id");
  put->callback([&options, &exit_code] {
    options.store.create = !options.store.device.empty();
    exit_code = run_put(options);
  });
}

void add_budget(CLI::App& app, BudgetOptions& options, int& exit_code) {
  CLI::App* budget = app.add_subcommand("budget", "Show or change the size of a store that is not in use");
  add_store_path(*budget, options.store);
  add_size(*budget, "size", options.budget_bytes, "The new budget, database and WAL together");
  budget->add_flag("--json", options.json, "One JSON document on the last line");
  budget->callback([&options, &exit_code] { exit_code = run_budget(options); });
}

void add_backup(CLI::App& app, BackupOptions& options, int& exit_code) {
  CLI::App* backup = app.add_subcommand("backup", "Copy a store that is not in use into one file");
  add_store_path(*backup, options.store);
  backup->add_option("file", options.file, "The copy; must not be there")->required();
  backup->callback([&options, &exit_code] { exit_code = run_backup(options); });
}

void add_check(CLI::App& app, CheckOptions& options, int& exit_code) {
  CLI::App* check = app.add_subcommand("check", "Check every row and the structure of a store not in use");
  add_store_path(*check, options.store);
  check->add_flag("--json", options.json, "One JSON document on the last line");
  check->callback([&options, &exit_code] { exit_code = run_check(options); });
}

void add_export(CLI::App& app, ExportOptions& options, int& exit_code) {
  CLI::App* subcommand =
      app.add_subcommand("export", "Print the events of a store not in use as CloudEvents, one JSON a line");
  add_store_path(*subcommand, options.store);
  subcommand->add_option("--lane", options.lane, "Of this lane only");
  subcommand->add_option("--from", options.from_seq, "From this seq on")->check(CLI::PositiveNumber);
  subcommand->add_option("--to", options.to_seq, "Up to this seq")->check(CLI::PositiveNumber);
  subcommand->add_flag("--settled", options.settled, "Those that are delivered and retained, too");
  subcommand->callback([&options, &exit_code] { exit_code = run_export(options); });
}

void add_lane_deed(CLI::App& lane, LaneDeed deed, const char* name, const char* help,
                   LaneCommandOptions& options, int& exit_code) {
  CLI::App* subcommand = lane.add_subcommand(name, help);
  add_store_path(*subcommand, options.store);
  if (deed != LaneDeed::list)
    subcommand->add_option("lane", options.lane, "The lane")->required();
  else
    subcommand->add_flag("--json", options.json, "One JSON document on the last line");
  if (deed == LaneDeed::remove)
    subcommand->add_flag("--declare-loss", options.declare_loss,
                         "Give up events that wait; gap records will say so");
  subcommand->callback([&options, &exit_code, deed] {
    options.deed = deed;
    exit_code = run_lane(options);
  });
}

void add_lane(CLI::App& app, LaneCommandOptions& options, int& exit_code) {
  CLI::App* lane = app.add_subcommand("lane", "List, pause, resume or remove lanes of a store not in use");
  lane->require_subcommand(1);
  add_lane_deed(*lane, LaneDeed::list, "list", "The lanes and what waits in them", options, exit_code);
  add_lane_deed(*lane, LaneDeed::pause, "pause", "Do not deliver its events until it is resumed", options,
                exit_code);
  add_lane_deed(*lane, LaneDeed::resume, "resume", "Deliver again", options, exit_code);
  add_lane_deed(*lane, LaneDeed::remove, "remove", "Take it out of the store, when nothing waits in it",
                options, exit_code);
}

void add_quarantine_deed(CLI::App& quarantine, QuarantineDeed deed, const char* name, const char* help,
                         QuarantineOptions& options, int& exit_code) {
  CLI::App* subcommand = quarantine.add_subcommand(name, help);
  add_store_path(*subcommand, options.store);
  const bool list = deed == QuarantineDeed::list;
  CLI::Option* lane = subcommand->add_option("--lane", options.lane, "The lane");
  if (!list) lane->required();
  CLI::Option* seqs = add_parsed(*subcommand, "--seq", options.seqs, parse_seqs, "3, 3-7, 3- or all");
  if (list)
    subcommand->add_flag("--json", options.json, "One JSON document on the last line");
  else
    seqs->required();
  subcommand->callback([&options, &exit_code, deed] {
    options.deed = deed;
    exit_code = run_quarantine(options);
  });
}

void add_quarantine(CLI::App& app, QuarantineOptions& options, int& exit_code) {
  CLI::App* quarantine =
      app.add_subcommand("quarantine", "Events that the broker refused for good, of a store not in use");
  quarantine->require_subcommand(1);
  add_quarantine_deed(*quarantine, QuarantineDeed::list, "list", "What is there, and what the broker said",
                      options, exit_code);
  add_quarantine_deed(*quarantine, QuarantineDeed::requeue, "requeue", "Send them again with their old ids",
                      options, exit_code);
  add_quarantine_deed(*quarantine, QuarantineDeed::discard, "discard", "Give them up for good", options,
                      exit_code);
}

void add_replay(CLI::App& app, ReplayOptions& options, int& exit_code) {
  CLI::App* replay =
      app.add_subcommand("replay", "Ask a device, over the broker, to send delivered events again");
  add_broker(*replay, options.broker);
  replay->add_option("--client-id", options.broker.client_id,
                     "MQTT client id (default: one of this process)");
  replay->add_option("--device", options.device, "The device")->required();
  replay->add_option("--prefix", options.prefix, "First part of its topics")->capture_default_str();
  replay->add_option("--lane", options.lane, "The lane")->required();
  add_parsed(*replay, "--seq", options.seqs, parse_seqs, "3, 3-7 or 3-; at most 100000 at a time")
      ->required();
  replay->add_option("--epoch", options.epoch, "Only events of this epoch");
  replay->add_option("--event-key", options.key, "Only events of this key");
  add_parsed(*replay, "--from", options.from, parse_utc, "Only events not before this time")
      ->type_name("TIME");
  add_parsed(*replay, "--before", options.before, parse_utc, "Only events before this time")
      ->type_name("TIME");
  replay->add_option("--secret-file", options.secret_file,
                     "File whose first line is the device's command secret");
  add_duration(*replay, "--timeout", options.timeout, "How long the broker may take (default 10s)");
  replay->callback([&options, &exit_code] { exit_code = run_replay(options); });
}

void add_demo(CLI::App& app, DemoOptions& options, int& exit_code) {
  CLI::App* demo = app.add_subcommand("demo", "Show the whole chain on this machine, with faults");
  demo->add_option("--seed", options.seed, "Of the faults and the simulated sensors")->capture_default_str();
  demo->add_option_function<std::int64_t>(
          "--seconds", [&options](std::int64_t s) { options.duration = std::chrono::seconds(s); },
          "How long the load lasts (default 36)")
      ->check(CLI::Range(1, 600));
  demo->add_flag("!--no-faults", options.faults, "Kill nothing on the way");
  demo->add_option("--dir", options.directory, "Where to work (default: a temporary directory)");
  demo->add_option("--html", options.html, "Where to write the page (default holdfast-demo.html)");
  demo->add_flag("--json", options.json, "One JSON document on the last line of standard output");
  demo->add_flag("--keep", options.keep, "Leave the directory where it is");
  demo->callback([&options, &exit_code] {
    options.program = "/proc/self/exe";
    exit_code = run_demo(options);
  });
}

void add_bench_relay(CLI::App& bench, BenchRelayOptions& options, int& exit_code) {
  CLI::App* relay = bench.add_subcommand("relay", "The relay beside bare Paho C++, on a private Mosquitto");
  relay->add_option("--dir", options.directory,
                    "Where to work (default: a temporary directory in the current one)");
  relay->add_option("--rounds", options.rounds, "Figures are medians of so many")
      ->check(CLI::Range(std::size_t{3}, std::size_t{99}))
      ->capture_default_str();
  relay->add_option("--events", options.events, "Of one drain")
      ->check(CLI::Range(std::uint64_t{1'000}, std::uint64_t{1'000'000}))
      ->capture_default_str();
  relay->add_option("--large", options.large, "Events of the large backlog")
      ->check(CLI::Range(std::uint64_t{200'000}, std::uint64_t{1'500'000}))
      ->capture_default_str();
  relay->add_flag("--quick", options.quick, "One small round of each: no verdict");
  relay->add_flag("--json", options.json, "One JSON document on the last line of standard output");
  relay->callback([&options, &exit_code] { exit_code = run_bench_relay(options); });
}

void add_bench_store(CLI::App& bench, BenchOptions& options, int& exit_code) {
  CLI::App* store = bench.add_subcommand("store", "The store beside raw SQLite: speed, flash wear, memory");
  store->add_option("--dir", options.directory,
                    "Where to work (default: a temporary directory in the current one)");
  store->add_option("--rounds", options.rounds, "Figures are medians of so many")
      ->check(CLI::Range(std::size_t{5}, std::size_t{99}))
      ->capture_default_str();
  store
      ->add_option("--events", options.events,
                   "Of a round at one event per commit; groups get ten times as many")
      ->check(CLI::Range(std::uint64_t{100}, std::uint64_t{20'000}))
      ->capture_default_str();
  store->add_option("--large", options.large, "Rows of the large backlog")
      ->check(CLI::Range(std::uint64_t{10'000}, std::uint64_t{1'500'000}))
      ->capture_default_str();
  store->add_flag("--quick", options.quick, "A large backlog of 20000 only: no verdict over the whole");
  store->add_flag("--json", options.json, "One JSON document on the last line of standard output");
  store->callback([&options, &exit_code] { exit_code = run_bench_store(options); });
}

void add_bench(CLI::App& app, BenchOptions& store, BenchRelayOptions& relay, int& exit_code) {
  CLI::App* bench = app.add_subcommand("bench", "Measure on this machine: bench store, bench relay");
  bench->require_subcommand(1);
  add_bench_store(*bench, store, exit_code);
  add_bench_relay(*bench, relay, exit_code);
}

void add_version(CLI::App& app, int& exit_code) {
  app.add_subcommand("version", "Print the version")->callback([&exit_code] {
    exit_code = print_line("holdfast " HOLDFAST_VERSION) ? kExitOk : kExitIo;
  });
}

/// What every subcommand is parsed into; lives as long as the parser.
struct Options {
  RunOptions run;
  ConsumeOptions consume;
  StatusOptions status;
  PutOptions put;
  BudgetOptions budget;
  BackupOptions backup;
  CheckOptions check;
  ExportOptions exported;
  LaneCommandOptions lane;
  QuarantineOptions quarantine;
  ReplayOptions replay;
  DemoOptions demo;
  BenchOptions bench;
  BenchRelayOptions bench_relay;
  ProveOptions prove;
  SimulateCommandOptions simulate;
};

int run_program(int argc, char** argv) {
  CLI::App app("Holdfast: an outbox for devices. State and events in one transaction, delivered to MQTT.",
               "holdfast");
  app.require_subcommand(1);
  app.footer(kEpilog);
  Options options;
  int exit_code = kExitOk;
  add_run(app, options.run, exit_code);
  add_consume(app, options.consume, exit_code);
  add_status(app, options.status, exit_code);
  add_put(app, options.put, exit_code);
  add_budget(app, options.budget, exit_code);
  add_lane(app, options.lane, exit_code);
  add_quarantine(app, options.quarantine, exit_code);
  add_replay(app, options.replay, exit_code);
  add_export(app, options.exported, exit_code);
  add_backup(app, options.backup, exit_code);
  add_check(app, options.check, exit_code);
  add_demo(app, options.demo, exit_code);
  add_bench(app, options.bench, options.bench_relay, exit_code);
  add_prove(app, options.prove, exit_code);
  add_simulate(app, options.simulate, exit_code);
  add_version(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;  // 0: --help
  }
  return exit_code;
}

}  // namespace
}  // namespace holdfast::program

int main(int argc, char** argv) {
  // Paho 1.3.10 to 1.3.13 would send plain MQTT through an HTTP proxy. No other thread runs yet.
  ::unsetenv("http_proxy");   // NOLINT(concurrency-mt-unsafe)
  ::unsetenv("https_proxy");  // NOLINT(concurrency-mt-unsafe)
  try {
    return holdfast::program::run_program(argc, argv);
  } catch (const std::exception& error) {  // no memory, or a mistake of ours: say it without a stack trace
    std::fprintf(stderr, "holdfast: error: %s; please report this\n", error.what());
    return holdfast::program::kExitSoftware;
  }
}
