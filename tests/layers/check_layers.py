#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_layers.py ROOT: the layer rule of src/ and platform/, as far as a reader of #include lines can tell.

1. Includes go down, never up, and never from one part of a row to another part of the same row (MAY_INCLUDE).
2. A third-party header stands only in the layers that own it (THIRD_PARTY); what nobody owns is refused.
3. src/ includes no header of the operating system, reads no clock, draws no entropy and waits on none but
   holdfast::platform::Clock, so that the simulation runs the same code in virtual time. SQL reads no clock either.
4. The top level of the tree holds what it should hold and nothing else.

Prints `file:line: what is wrong` for each finding; exits with 1 when there is one, else with 0.
"""

import os
import re
import sys

# Layer -> the layers it may include besides itself. Rows from the bottom up.
BOTTOM = ["src/include", "src/base"]
INTERFACES = BOTTOM + ["platform/include"]
MIDDLE = INTERFACES + ["src/wire", "src/flow", "src/store"]
UPPER = MIDDLE + ["src/relay", "src/inbox"]
MAY_INCLUDE = {
    "src/include": [],
    "src/base": ["src/include"],
    "platform/include": ["src/include"],  # installed, so nothing private
    "src/wire": INTERFACES,
    "src/flow": INTERFACES,
    "src/store": INTERFACES + ["src/flow"],  # its decisions are pure, and tested without SQL
    "src/relay": MIDDLE,
    "src/inbox": MIDDLE,
    "src/runtime": UPPER,
    "platform/common": INTERFACES,
    "platform/linux": INTERFACES + ["platform/common"],
    "platform/sim": INTERFACES + ["platform/common"],
}

# Public headers that belong to one platform, although they stand beside the interfaces.
PLATFORM_HEADERS = {"linux.hpp": "platform/linux", "sim.hpp": "platform/sim"}

# Header -> files or folders that may include it.
THIRD_PARTY = [
    (r"sqlite3(ext)?\.h", ["src/store/", "src/inbox/", "platform/sim/"]),
    (r"mqtt/.*|MQTT\w+\.h", ["platform/linux/"]),
    (r"cbor\.h|cbor/.*|nlohmann/.*", ["src/wire/"]),
    (r"tl/expected\.hpp", ["src/include/holdfast/result.hpp"]),
]

STANDARD = set(
    """algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes
    climits clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef
    cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem forward_list
    fstream functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale
    map memory memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex
    scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf
    string string_view syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map
    unordered_set utility valarray variant vector version""".split()
)
SYSTEM = re.compile(r"([a-z0-9_]+|(sys|linux|net|netinet|arpa|asm)/[a-z0-9_]+)\.h")

# Tokens that src/ may not contain; matched in code, never in comments or texts.
FORBIDDEN = [
    (r"\b\w*clock\w*::now\s*\(", "reads a clock"),
    (r"(?<![\w.>])(?<!\w::)(?:std::|::)?(?:time|clock)\s*\(\s*(?:nullptr|NULL|0|&\w+)?\s*\)", "reads a clock"),
    (r"\b(?:clock_gettime|gettimeofday|timespec_get|ftime)\s*\(", "reads a clock"),
    (r"\b(?:sleep_for|sleep_until|usleep|nanosleep|wait_for|try_lock_for|try_lock_until|try_acquire_for)\s*\(",
     "waits in real time"),
    (r"\bwait_until\s*\(", "waits in real time"),
    (r"\b(?:random_device|mt19937(?:_64)?|srand|rand)\b\s*[({;\w]", "draws entropy of its own"),
]
# The one wait that is allowed: on an object called a clock.
CLOCK_WAIT = re.compile(r"\bclock\w*(?:\(\))?\s*(?:\.|->)\s*wait_until\s*\(", re.IGNORECASE)
# In texts, where the SQL is, and in .sql files.
SQL_CLOCK = re.compile(r"\bCURRENT_(?:TIMESTAMP|DATE|TIME)\b|'now'|\b(?:unixepoch|julianday|random)\s*\(\s*\)", re.IGNORECASE)

TOP_LEVEL_REQUIRED = {"firmware-host", "src", "platform", "tests", "toolchains", "CMakeLists.txt", "README.md"}
TOP_LEVEL_ALLOWED = {"CMakePresets.json", "CMakeUserPresets.json", "CHANGELOG.md", "LICENSE", "build"}

TOKENS = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)"""
    r"""|(?P<text>R"(?P<fence>[^()\\\s]*)\(.*?\)(?P=fence)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+')""",
    re.DOTALL,
)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(source, keep_texts):
    """The source with comments blanked, and texts too unless they are kept; lines stay where they are."""

    def replace(match):
        if match.group("comment") is None and keep_texts:
            return match.group()
        return blank(match.group())

    return TOKENS.sub(replace, source)


def layer_of(path):
    parts = path.split("/")
    if parts[:4] == ["platform", "include", "holdfast", "platform"] and parts[-1] in PLATFORM_HEADERS:
        return PLATFORM_HEADERS[parts[-1]]
    return "/".join(parts[:2]) if len(parts) > 2 else None


def resolve(root, includer, header):
    """The project's file that an include names, or None when it is not ours."""
    candidates = [os.path.join(os.path.dirname(includer), header)]
    candidates += [os.path.join(base, header) for base in ("src", "src/include", "platform", "platform/include")]
    candidates += [re.sub(r"_sql\.hpp$", ".sql", candidate) for candidate in candidates if header.endswith("_sql.hpp")]
    for candidate in map(os.path.normpath, candidates):
        if os.path.isfile(os.path.join(root, candidate)):
            return candidate
    return None


def wrong_with_include(root, path, layer, header):
    target = resolve(root, path, header)
    if target is not None:
        other = layer_of(target)
        if other == layer or other in MAY_INCLUDE[layer]:
            return None
        return f"{layer} may not include {other} ({header})"
    for pattern, owners in THIRD_PARTY:
        if re.fullmatch(pattern, header):
            if any(path == owner or path.startswith(owner) and owner.endswith("/") for owner in owners):
                return None
            return f"third-party header {header} belongs to {', '.join(owners)}"
    if header in STANDARD:
        return None
    if SYSTEM.fullmatch(header):
        return f"src/ includes no system header ({header})" if path.startswith("src/") else None
    return f"{header} is neither ours nor one that src/ and platform/ may use"


def findings_in_file(root, path):
    layer = layer_of(path)
    if layer not in MAY_INCLUDE:
        yield 1, f"{path} belongs to no layer"
        return
    with open(os.path.join(root, path), encoding="utf-8") as file:
        source = file.read()
    with_texts = source if path.endswith(".sql") else without_comments(source, keep_texts=True)
    for number, line in enumerate(with_texts.splitlines(), 1):
        include = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if include and (wrong := wrong_with_include(root, path, layer, include.group(1))):
            yield number, wrong
        if path.startswith("src/") and SQL_CLOCK.search(line.split("--")[0] if path.endswith(".sql") else line):
            yield number, "SQL reads a clock or draws entropy"
    if not path.startswith("src/") or path.endswith(".sql"):
        return
    for number, line in enumerate(without_comments(source, keep_texts=False).splitlines(), 1):
        line = CLOCK_WAIT.sub(lambda match: blank(match.group()), line)
        for pattern, what in FORBIDDEN:
            if re.search(pattern, line):
                yield number, f"{what}: {line.strip()}"


def source_files(root):
    for top in ("src", "platform"):
        for folder, _, names in sorted(os.walk(os.path.join(root, top))):
            for name in sorted(names):
                if name.endswith((".c", ".cpp", ".h", ".hpp", ".sql")):
                    yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


def layer_findings(root):
    for path in source_files(root):
        for number, wrong in findings_in_file(root, path):
            yield f"{path}:{number}: {wrong}"


def top_level_findings(root):
    present = {name for name in os.listdir(root) if not name.startswith(".")}
    for name in sorted(TOP_LEVEL_REQUIRED - present):
        yield f"{name}:1: missing at the top level"
    for name in sorted(present - TOP_LEVEL_REQUIRED - TOP_LEVEL_ALLOWED):
        yield f"{name}:1: does not belong at the top level"


def main():
    root = sys.argv[1]
    findings = list(layer_findings(root)) + list(top_level_findings(root))
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
