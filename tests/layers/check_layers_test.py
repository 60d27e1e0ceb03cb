#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The checker finds what is planted, and is quiet about what only looks like an offence."""

import os
import tempfile
import unittest

import check_layers

HERE = os.path.dirname(os.path.abspath(__file__))


def planted(tree):
    return list(check_layers.layer_findings(os.path.join(HERE, "planted", tree)))


def findings(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return list(check_layers.layer_findings(root))


class Planted(unittest.TestCase):
    def test_reports_an_upward_include(self):
        self.assertEqual(
            planted("upward"), ["src/store/store.cpp:3: src/store may not include src/relay (relay/relay.hpp)"]
        )

    def test_reports_a_third_party_header(self):
        found = planted("third_party")
        self.assertEqual(len(found), 1)
        self.assertIn("src/flow/backoff.cpp:5: third-party header sqlite3.h", found[0])

    def test_reports_a_clock(self):
        found = planted("clock")
        self.assertEqual(len(found), 1)
        self.assertIn("src/relay/relay.cpp:6: reads a clock", found[0])


class Rules(unittest.TestCase):
    def test_same_row_never_includes_same_row(self):
        found = findings({"src/wire/a.cpp": '#include "flow/b.hpp"\n', "src/flow/b.hpp": ""})
        self.assertEqual(found, ["src/wire/a.cpp:1: src/wire may not include src/flow (flow/b.hpp)"])

    def test_down_and_own_layer_are_allowed(self):
        found = findings(
            {
                "src/runtime/a.cpp": '#include "own.hpp"\n#include "store/b.hpp"\n#include <holdfast/c.hpp>\n#include <map>\n',
                "src/runtime/own.hpp": "",
                "src/store/b.hpp": '#include <sqlite3.h>\n#include "store/schema_sql.hpp"\n',
                "src/store/schema.sql": "",
                "src/include/holdfast/c.hpp": "",
            }
        )
        self.assertEqual(found, [])

    def test_the_library_does_not_know_a_platform_by_name(self):
        files = {"src/runtime/a.cpp": "#include <holdfast/platform/linux.hpp>\n"}
        files["platform/include/holdfast/platform/linux.hpp"] = ""
        self.assertEqual(len(findings(files)), 1)

    def test_platforms_do_not_know_the_upper_rows_nor_each_other(self):
        files = {"platform/sim/a.cpp": '#include "store/b.hpp"\n#include "linux/c.hpp"\n'}
        files |= {"src/store/b.hpp": "", "platform/linux/c.hpp": ""}
        self.assertEqual([finding.split(":")[1] for finding in findings(files)], ["1", "2"])

    def test_system_headers_are_for_platforms(self):
        text = "#include <sys/stat.h>\n#include <unistd.h>\n"
        self.assertEqual(findings({"platform/linux/a.cpp": text}), [])
        self.assertEqual(len(findings({"src/store/a.cpp": text})), 2)

    def test_headers_that_nobody_owns_are_refused(self):
        self.assertEqual(len(findings({"platform/linux/a.cpp": "#include <fmt/core.h>\n"})), 1)
        self.assertEqual(len(findings({"src/wire/a.cpp": "#include <tl/expected.hpp>\n#include <gtest/gtest.h>\n"})), 2)

    def test_a_file_outside_of_every_layer_is_reported(self):
        self.assertEqual(findings({"src/util/a.hpp": ""}), ["src/util/a.hpp:1: src/util/a.hpp belongs to no layer"])

    def test_waits_and_clocks_are_reported(self):
        for line in (
            "auto t = std::chrono::system_clock::now();",
            "std::this_thread::sleep_for(1s);",
            "ready_.wait_for(lock, 1s);",
            "ready_.wait_until(lock, deadline);",
            "const auto t = time(nullptr);",
            "std::time(&t);",
            "clock_gettime(CLOCK_MONOTONIC, &now);",
            "std::random_device seed;",
            'run("UPDATE t SET at = CURRENT_TIMESTAMP");',
            "run(R\"(SELECT unixepoch('now'))\");",
        ):
            with self.subTest(line):
                self.assertEqual(len(findings({"src/store/a.cpp": line + "\n"})), 1)
                self.assertEqual(findings({"platform/linux/a.cpp": line + "\n"}), [])

    def test_what_only_looks_like_a_clock_is_not_reported(self):
        for line in (
            "clock_.wait_until(deadline, waker_);",
            "view.clock().wait_until(deadline, waker_);",
            "platform_.clock->wait_until(deadline, waker);",
            "// std::chrono::steady_clock::now()",
            "/* sleep_for(1s) */",
            'log("time(nullptr)");',
            "const auto t = event.time();",
            "const auto t = resolve_time(0);",
            "const auto t = clock_.now();",
            "std::optional<double> time;",
            "const auto n = 1'000'000; // CURRENT_TIMESTAMP",
        ):
            with self.subTest(line):
                self.assertEqual(findings({"src/store/a.cpp": line + "\n"}), [])

    def test_the_top_level_is_closed(self):
        with tempfile.TemporaryDirectory() as root:
            for name in check_layers.TOP_LEVEL_REQUIRED - {"README.md"}:
                os.makedirs(os.path.join(root, name))
            os.makedirs(os.path.join(root, "misc"))
            self.assertEqual(
                list(check_layers.top_level_findings(root)),
                ["README.md:1: missing at the top level", "misc:1: does not belong at the top level"],
            )


if __name__ == "__main__":
    unittest.main()
