# SPDX-License-Identifier: MIT
"""Makes a copy of the sources with every bug of bugs.toml in it, each asleep until HOLDFAST_BUG names it."""
import pathlib
import shutil
import subprocess
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
INCLUDE = '#include "base/planted.hpp"\n'


def read_bugs(path=HERE / "bugs.toml"):
    """The list of bugs; ValueError when one is incomplete or named twice."""
    bugs = tomllib.loads(path.read_text())["bug"]
    for bug in bugs:
        for field in ("name", "guarantee", "what", "file", "find", "put", "test"):
            if not bug.get(field):
                raise ValueError(f"{bug.get('name', 'a bug')} has no {field}")
        for edit in edits_of(bug):
            if f'PLANTED("{bug["name"]}")' not in edit["put"]:
                raise ValueError(f"{bug['name']}: an edit does not ask for it by name")
    names = [bug["name"] for bug in bugs]
    if len(set(names)) != len(names):
        raise ValueError("two bugs have one name")
    return bugs


def edits_of(bug):
    return [bug, *bug.get("more", [])]


def plant(texts, bugs):
    """Applies the bugs to {file: text}. ValueError when a place is not there exactly once: the sources have moved on,
    and the bug has to be written anew."""
    for bug in bugs:
        for edit in edits_of(bug):
            found = texts[bug["file"]].count(edit["find"])
            if found != 1:
                raise ValueError(f"{bug['name']}: its place in {bug['file']} is there {found} times")
            texts[bug["file"]] = texts[bug["file"]].replace(edit["find"], edit["put"])
    for file in {bug["file"] for bug in bugs}:
        texts[file] = with_include(texts[file])
    return texts


def with_include(text):
    """Before the first include, so that it is seen by all that follows."""
    at = text.index("#include")
    return text[:at] + INCLUDE + text[at:]


def source_files():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, check=True).stdout.decode()
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def write_if_changed(path, data):
    """Keeps the times of what stays the same, so that a second build is a short one."""
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def make_copy(to, bugs):
    planted = plant({bug["file"]: (ROOT / bug["file"]).read_text() for bug in bugs}, bugs)
    files = source_files()
    for name in files:
        data = planted[name].encode() if name in planted else (ROOT / name).read_bytes()
        write_if_changed(to / name, data)
        shutil.copymode(ROOT / name, to / name)
    write_if_changed(to / "src/base/planted.hpp", (HERE / "planted.hpp").read_bytes())
    wanted = {to / name for name in files} | {to / "src/base/planted.hpp"}
    for path in sorted(to.rglob("*")):
        if path.is_file() and path not in wanted:
            path.unlink()
