// SPDX-License-Identifier: MIT
//
// The public functions, read from the headers, against the sweeps: one that is in neither list below makes this fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "fault/store/api_operations.hpp"

namespace holdfast::fault_tests {
namespace {

/// Functions that no disk can make fail, or that are swept somewhere else: where, or why.
const std::map<std::string, std::string>& elsewhere() {
  static const std::map<std::string, std::string> all = {
      {"check_relay", "looks at options only"},
      {"Inbox::open", "inbox_fault_test"},
      {"Inbox::attach", "inbox_fault_test"},
      {"Inbox::apply", "inbox_fault_test"},
      {"Inbox::missing", "inbox_fault_test"},
      {"Inbox::rewinds", "inbox_fault_test"},
      {"Inbox::sweep", "inbox_fault_test"},
      {"Inbox::statistics", "inbox_fault_test"},
      {"Consumer::start", "has no file of its own: an inbox and a link, runtime_test (consumer_test)"},
      {"Consumer::statistics", "as start"},
      {"Consumer::failure", "as start"},
      {"Consumer::stop", "as start"},
      {"to_string", "a table"},
  };
  return all;
}

std::string without_comments(const std::string& header) {
  return std::regex_replace(header, std::regex("//[^\n]*"), "");
}

/// "Class::function" and free functions of one header: an identifier before "(" that a type stands before, at the level of
/// a class or a namespace.
std::set<std::string> functions_of(const std::string& path) {
  const std::string text = without_comments(test_support::read_file(path));
  EXPECT_FALSE(text.empty()) << path;
  static const std::regex token(
      R"((class|struct)\s+(\w+)[^;{()]*\{|namespace[^;{]*\{|\{|\}|private:|([\w>&\]*]\s+|[>&*])(\w+)\()");
  std::vector<std::string> scopes;  // a class's name, "" for a namespace, "{" for anything else
  std::set<std::string> functions;
  bool is_private = false;
  for (std::sregex_iterator at(text.begin(), text.end(), token), end; at != end; ++at) {
    const std::string all = at->str();
    if (all == "private:") {
      is_private = true;
    } else if ((*at)[2].matched) {
      scopes.push_back((*at)[2]);
    } else if (all.starts_with("namespace")) {
      scopes.emplace_back("");
    } else if (all == "{") {
      scopes.emplace_back("{");
    } else if (all == "}") {
      if (scopes.empty()) continue;
      is_private = is_private && scopes.back() == "{";
      scopes.pop_back();
    } else if (!is_private && !scopes.empty() && scopes.back() != "{") {
      const std::string name = (*at)[4];
      const bool is_function =
          name != "explicit" && name != "function" && name != scopes.back() && name != "operator";
      if (is_function) functions.insert(scopes.back().empty() ? name : scopes.back() + "::" + name);
    }
  }
  return functions;
}

std::set<std::string> public_functions() {
  std::set<std::string> all;
  for (const char* header : {"outbox.hpp", "inbox.hpp", "consumer.hpp"})
    all.merge(functions_of(std::string(HOLDFAST_PUBLIC_HEADERS) + "/" + header));
  return all;
}

std::set<std::string> covered() {
  std::set<std::string> all;
  for (const Operation& operation : operations())
    all.insert(operation.covers.begin(), operation.covers.end());
  return all;
}

TEST(ApiList, every_public_operation_is_swept_or_has_a_reason_why_not) {
  const auto functions = public_functions();
  EXPECT_GT(functions.size(), 35U) << "the headers were hardly read";
  for (const std::string& function : functions)
    EXPECT_TRUE(covered().contains(function) || elsewhere().contains(function)) << function;
}

TEST(ApiList, no_sweep_is_of_a_function_that_is_not_there) {
  const auto functions = public_functions();
  for (const std::string& function : covered()) EXPECT_TRUE(functions.contains(function)) << function;
  for (const auto& [function, why] : elsewhere()) EXPECT_TRUE(functions.contains(function)) << function;
}

}  // namespace
}  // namespace holdfast::fault_tests
