#!/usr/bin/env python3
"""Measures prune and fsck beside Debian's git-lfs.

  tests/bench/upkeep.py [--build build/release] [--objects 100000] [--rounds 1] [--scratch folder]

Both programs work on the same repository, in turn; the figure is the median of the rounds. Its
objects are small and read once before each run, so that the work of the programs is measured and not
the disk.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UPSTREAM = "/usr/bin/git-lfs"
BAR = 5


class Bench:
    def __init__(self, options):
        self.options = options
        self.scratch = Path(tempfile.mkdtemp(prefix="lazylfs-bench-", dir=options.scratch))
        self.programs = {"ours": str(Path(options.build).resolve() / "git-lfs"), "upstream": UPSTREAM}
        self.rows = []
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        self.environment = {
            **inherited, "HOME": str(self.scratch), "XDG_CACHE_HOME": str(self.scratch / "cache"),
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}

    def run(self, *argv, **named):
        return subprocess.run([str(a) for a in argv], check=True, cwd=self.work, env=self.environment,
                              capture_output=True, **named).stdout

    def repository(self):
        """Two thirds of the objects are those of HEAD, the rest of a version before it; all are pushed."""
        self.work = self.scratch / "work"
        self.work.mkdir()
        self.run("git", "init", "-q", "-b", "main")
        stream = bytearray()
        for version, count in ((0, self.options.objects // 2), (1, self.options.objects)):
            stream += b"commit refs/heads/main\ncommitter b <b@e> %d +0000\ndata 1\nm\n" % (
                1600000000 + version)
            text = b"*.bin filter=lfs diff=lfs merge=lfs -text\n"
            stream += b"M 100644 inline .gitattributes\ndata %d\n%s\n" % (len(text), text)
            for number in range(count):
                content = b"%d %d" % (version, number)
                oid = sha256(content).hexdigest()
                pointer = (b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"
                           % (oid.encode(), len(content)))
                stream += b"M 100644 inline f%03d/%06d.bin\ndata %d\n%s\n" % (
                    number % 200, number, len(pointer), pointer)
        self.run("git", "fast-import", "--quiet", input=bytes(stream))
        self.run("git", "update-ref", "refs/remotes/origin/main", "refs/heads/main")
        self.run("git", "config", "remote.origin.url", "http://127.0.0.1:9/none")
        self.run("git", "config", "lfs.repositoryformatversion", "0")
        self.run("git", "read-tree", "HEAD")
        self.fill(((0, self.options.objects // 2), (1, self.options.objects)))

    def fill(self, versions):
        store = self.work / ".git/lfs/objects"
        for version, count in versions:
            for number in range(count):
                content = b"%d %d" % (version, number)
                oid = sha256(content).hexdigest()
                folder = store / oid[:2] / oid[2:4]
                try:
                    (folder / oid).write_bytes(content)
                except FileNotFoundError:
                    folder.mkdir(parents=True)
                    (folder / oid).write_bytes(content)

    def warm(self):
        for folder, _, names in os.walk(self.work / ".git"):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    while file.read(1 << 20):
                        pass

    def compare(self, measure, *command, before=lambda: None):
        times = {"ours": [], "upstream": []}
        for _ in range(self.options.rounds):
            for side, program in self.programs.items():
                before()
                self.warm()
                start = time.perf_counter()
                self.run(program, *command)
                times[side].append(time.perf_counter() - start)
        ours, theirs = (statistics.median(times[side]) for side in ("ours", "upstream"))
        self.rows.append((measure, f">= {BAR}x", f"{ours * 1000:.0f} ms", f"{theirs * 1000:.0f} ms",
                          f"{theirs / ours:.1f}x", "yes" if theirs / ours >= BAR else "no"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=ROOT / "build/release")
    parser.add_argument("--scratch", default=None)
    parser.add_argument("--objects", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    bench = Bench(options)
    half = options.objects // 2
    count = f"{options.objects + half:,}"
    try:
        bench.repository()
        bench.compare(f"prune --dry-run of {count} objects", "prune", "--dry-run")
        bench.compare(f"prune of {count} objects, of which {half:,} go", "prune",
                      before=lambda: bench.fill([(0, half)]))
        bench.compare(f"fsck --objects of {options.objects:,} objects", "fsck", "--objects")
    finally:
        shutil.rmtree(bench.scratch, ignore_errors=True)
        print("| measure | bar | ours | upstream | ratio | met |\n| --- | --- | --- | --- | --- | --- |")
        for row in bench.rows:
            print("| " + " | ".join(row) + " |")
    return 0 if all(row[-1] != "no" for row in bench.rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
