// SPDX-License-Identifier: MIT
#include "check.hpp"

#include <nlohmann/json.hpp>

#include <holdfast/platform/linux.hpp>

#include "program/open_store.hpp"
#include "program/talk.hpp"

namespace holdfast::program {
namespace {

struct Verdict {
  CheckReport report;
  std::string set_aside;  ///< the opening had to set the store aside already
  [[nodiscard]] bool sound() const {
    return report.rows_damaged == 0 && report.findings.empty() && set_aside.empty();
  }
};

[[nodiscard]] Outcome<Verdict> check(const std::string& path) {
  const platform::LinuxPlatform platform;
  auto outbox = open_outbox(as_stored(path), platform.view());
  if (!outbox) return tl::unexpected(outbox.error());
  auto checked = (*outbox)->check();
  if (!checked) return trouble(checked.error(), Doing::opening);
  Verdict verdict{std::move(*checked), damage(**outbox)};
  if (auto closed = (*outbox)->close(); !closed) return trouble(closed.error(), Doing::opening);
  return verdict;
}

[[nodiscard]] std::string json_text(const std::string& path, const Verdict& verdict) {
  const nlohmann::ordered_json json = {{"format", "dev.holdfast.check.v1"},
                                       {"path", path},
                                       {"sound", verdict.sound()},
                                       {"rows_checked", verdict.report.rows_checked},
                                       {"rows_damaged", verdict.report.rows_damaged},
                                       {"findings", verdict.report.findings},
                                       {"set_aside", verdict.set_aside}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

[[nodiscard]] std::string people_text(const Verdict& verdict) {
  std::string text = (verdict.sound() ? "sound: " : "NOT SOUND: ") +
                     std::to_string(verdict.report.rows_checked) +
                     (verdict.report.rows_checked == 1 ? " row checked, " : " rows checked, ") +
                     std::to_string(verdict.report.rows_damaged) + " damaged";
  if (verdict.report.rows_damaged != 0) text += " (set aside, and declared lost in gap records)";
  for (const std::string& finding : verdict.report.findings) text += "\n  " + printable(finding);
  return text;
}

}  // namespace

int run_check(const CheckOptions& options) {
  const auto verdict = check(options.store);
  if (!verdict) return report(verdict.error());
  if (!print_line(options.json ? json_text(options.store, *verdict) : people_text(*verdict))) return kExitIo;
  return verdict->sound() ? kExitOk : kExitFinding;
}

}  // namespace holdfast::program
