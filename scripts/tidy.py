#!/usr/bin/env python3
"""Fails when the code base breaks a rule that a compiler does not know: layers, sizes, phrases.

    scripts/tidy.py            prints each problem as file:line: text; exits with 1 when there is one
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINES_MAX = 500

# A folder, and the folders whose headers it may include besides its own. The first match counts.
LAYERS = [
    ("lfs/base/", ()),
    ("lfs/pointer/", ("lfs/base/",)),
    ("lfs/git/", ("lfs/base/",)),
    ("lfs/http/", ("lfs/git/", "lfs/base/")),
    ("lfs/attributes/", ("lfs/git/", "lfs/base/")),
    ("lfs/install/", ("lfs/git/", "lfs/base/")),
    ("lfs/api/", ("lfs/http/", "lfs/git/", "lfs/base/")),
    ("lfs/store/", ("lfs/git/", "lfs/base/")),
    ("lfs/scan/", ("lfs/store/", "lfs/attributes/", "lfs/pointer/", "lfs/git/", "lfs/base/")),
    ("lfs/worktree/",
     ("lfs/scan/", "lfs/store/", "lfs/attributes/", "lfs/pointer/", "lfs/git/", "lfs/base/")),
    ("lfs/upkeep/",
     ("lfs/scan/", "lfs/store/", "lfs/attributes/", "lfs/pointer/", "lfs/git/", "lfs/base/")),
    ("lfs/queue/", ("lfs/api/", "lfs/http/", "lfs/store/", "lfs/git/", "lfs/base/")),
    ("lfs/filter/", ("lfs/queue/", "lfs/store/", "lfs/attributes/", "lfs/pointer/", "lfs/git/",
                     "lfs/base/")),
    ("lfs/migrate/", ("lfs/filter/", "lfs/store/", "lfs/attributes/", "lfs/pointer/", "lfs/git/",
                      "lfs/base/")),
    ("lfs/locks/", ("lfs/queue/", "lfs/store/", "lfs/api/", "lfs/git/", "lfs/base/")),
    ("lfs/transfer/", ("lfs/api/", "lfs/http/", "lfs/store/", "lfs/git/", "lfs/base/")),
    ("cache/", ("lfs/base/",)),
    ("fs/", ("cache/", "lfs/")),
    ("cli/", ("fs/", "cache/", "lfs/")),
    ("tests/", ("cli/", "fs/", "cache/", "lfs/")),
]
# The tree of a mount is a target of its own inside fs/, which knows Git and nothing of FUSE.
TREE_LAYER = ("lfs/attributes/", "lfs/pointer/", "lfs/git/", "lfs/base/")
# A C library's header, and the folders that may see it.
LIBRARIES = [
    (re.compile(r"^git2"), ("lfs/git/", "tests/")),
    (re.compile(r"^zlib"), ("lfs/git/", "tests/")),
    (re.compile(r"^curl/"), ("lfs/http/", "tests/")),
    (re.compile(r"^sqlite3"), ("cache/", "tests/")),
    (re.compile(r"^fuse"), ("fs/", "tests/")),
    (re.compile(r"^openssl/"), ("lfs/base/", "tests/")),
]
# Written in pieces, so that this file does not break its own rules.
PHRASES = [
    (re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b(?! ?\(#\d+\))"), "a task without its issue, (#n)"),
    (re.compile(r"(?<![\w.}])/(?:wo" r"rk|ro" r"ot|ho" r"me/\w+)/"), "a path of one machine"),
    (re.compile(r"registry\.npm" r"js|pypi\.or" r"g|crates\.i" r"o|proxy\.golan" r"g", re.I),
     "a package registry's host"),
]
# What belongs to lfs/base alone, where owning types are made.
RAW = [
    (re.compile(r"(?:^\s*|[;{(=!&|)]\s*|return )(?:::)?(?:free|close|malloc)\(|(?<!\w)::(?:free|close)\("),
     "free or close outside lfs/base"),
    (re.compile(r"\bgoto\b"), "goto"),
    (re.compile(r"(?<!\w)delete (?!\w*;? *//)\w"), "raw delete"),
]
COMMENT_OR_TEXT = re.compile(r'//.*|"(?:\\.|[^"\\])*"')


def tracked_files():
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
        return sorted(name for name in set(names) if (ROOT / name).is_file())
    skipped = {".git", "build", ".cache", "__pycache__", "node_modules"}
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if not skipped.intersection(path.parts))


def tree_files():
    """Sources and headers of the target fs_tree, without their endings."""
    listing = (ROOT / "fs/CMakeLists.txt").read_text()
    sources = re.search(r"lazylfs_library\(fs_tree\s+SOURCES(.*?)LINK", listing, re.S)
    return {f"fs/{name[:-3]}" for name in sources.group(1).split()} if sources else set()


def allowed_prefixes(name):
    """The beginnings of what a file may include; its own folder's first."""
    tree = tree_files() if name.startswith("fs/") else set()
    if name.rsplit(".", 1)[0] in tree:
        return "fs_tree", tuple(f"{stem}.h" for stem in tree) + TREE_LAYER
    return next(((prefix, (prefix, *also)) for prefix, also in LAYERS if name.startswith(prefix)),
                (None, ()))


def check_includes(name, lines):
    own, allowed = allowed_prefixes(name)
    for number, line in enumerate(lines, 1):
        quoted = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if quoted and own:
            target = quoted.group(1)
            if name.startswith("tests/") and ((ROOT / name).parent / target).is_file():
                continue  # a test's own helper, beside it
            if not (ROOT / target).is_file():
                yield number, f'"{target}" is not written from the project\'s root'
            elif not target.startswith(allowed):
                yield number, f'{own} must not include "{target}"'
        library = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
        for pattern, folders in LIBRARIES if library else ():
            if pattern.match(library.group(1)) and not name.startswith(folders):
                yield number, f"<{library.group(1)}> is for {', '.join(folders)} alone"


def check_code(name, lines):
    yield from check_includes(name, lines)
    if name.endswith(".h"):
        first = next((line for line in lines if line.startswith("#")), "")
        if first.strip() != "#pragma once":
            yield 1, "a header begins with #pragma once"
    if not name.startswith(("lfs/base/", "tests/")):
        for number, line in enumerate(lines, 1):
            code = COMMENT_OR_TEXT.sub("", line)
            for pattern, what in RAW:
                if pattern.search(code) and "NOLINT" not in line:
                    yield number, what


def is_listed(name):
    """A source that no CMakeLists.txt names is dead, or a test that never runs."""
    path = ROOT / name
    for folder in path.parents:
        listing = folder / "CMakeLists.txt"
        if listing.is_file() and re.search(rf"(?<![\w.]){re.escape(path.name)}\b",
                                           listing.read_text()):
            return True
        if folder == ROOT:
            return False
    return False


def check_text(name, lines):
    is_code = name.endswith((".h", ".cc", ".py")) or name.startswith(("scripts/", ".ci/"))
    if is_code and len(lines) > LINES_MAX:
        yield LINES_MAX, f"{len(lines)} lines; split it by concept ({LINES_MAX} at most)"
    for number, line in enumerate(lines, 1):
        for pattern, what in PHRASES:
            if pattern.search(line):
                yield number, what
        if is_code and (line.endswith((" ", "\t")) or ("\t" in line and name.endswith((".h", ".cc")))):
            yield number, "a tab, or white space at the end"


def problems(name):
    try:
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return  # a binary sample
    yield from check_text(name, lines)
    if name.endswith((".h", ".cc")):
        yield from check_code(name, lines)
    if name.endswith(".cc") and not is_listed(name):
        yield 1, "in no CMakeLists.txt"


def main():
    count = 0
    for name in tracked_files():
        for number, what in problems(name):
            print(f"{name}:{number}: {what}")
            count += 1
    print(f"tidy: {count} problem(s)" if count else "tidy: all in order")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
