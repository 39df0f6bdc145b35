#!/usr/bin/env python3
"""Measures listing, status, the scan of a push and checkout beside Debian's git-lfs.

  tests/bench/everyday_scan.py [--build build/release] [--files 10000] [--commits 50000] [--rounds 5]
                               [--only ls-files,status,push,checkout]

Both programs work on the same repository, in turn; the figure is the median of the rounds.
"""
import argparse
import hashlib
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UPSTREAM = "/usr/bin/git-lfs"


class Bench:
    def __init__(self, options):
        self.options = options
        self.scratch = Path(tempfile.mkdtemp(prefix="lazylfs-bench-", dir=options.scratch))
        self.rows = []
        self.programs = {}
        for name, program in (("ours", Path(options.build).resolve() / "git-lfs"), ("upstream", UPSTREAM)):
            folder = self.scratch / name
            folder.mkdir()
            (folder / "git-lfs").symlink_to(program)
            self.programs[name] = folder
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        self.environment = {
            **inherited, "HOME": str(self.scratch), "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "b", "GIT_AUTHOR_EMAIL": "b@example.com",
            "GIT_COMMITTER_NAME": "b", "GIT_COMMITTER_EMAIL": "b@example.com", "LC_ALL": "C",
        }

    def run(self, *argv, cwd, side="upstream", text=True, **named):
        environment = {**self.environment, "PATH": f"{self.programs[side]}:{self.environment['PATH']}"}
        return subprocess.run([str(a) for a in argv], check=True, cwd=cwd, env=environment,
                              capture_output=True, text=text, **named).stdout

    def compare(self, measure, bar, work, *command, before=lambda: None, same=True, rounds=None):
        """`before` puts the repository into the state that each run starts from."""
        times = {"ours": [], "upstream": []}
        told = {}
        for _ in range(rounds or self.options.rounds):
            for side in times:
                before()
                start = time.perf_counter()
                told[side] = self.run("git-lfs", *command, cwd=work, side=side)
                times[side].append(time.perf_counter() - start)
        if same and told["ours"] != told["upstream"]:
            raise RuntimeError(f"{measure}: the outputs differ")
        ours, theirs = (statistics.median(times[side]) for side in ("ours", "upstream"))
        self.rows.append((measure, f">= {bar}x", f"{ours * 1000:.1f} ms", f"{theirs * 1000:.1f} ms",
                          f"{theirs / ours:.1f}x", "yes" if theirs / ours >= bar else "no"))

    def content_repository(self):
        """A work tree of LFS files of 10 KiB, whose objects are all in its store."""
        work = self.scratch / "content"
        work.mkdir()
        self.run("git", "init", "-q", "-b", "main", cwd=work)
        self.run("git-lfs", "install", "--local", cwd=work)
        (work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
        generator = random.Random(1)
        for number in range(self.options.files):
            path = work / f"folder{number % 100:02}/file{number:06}.bin"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(generator.randbytes(10240))
        self.run("git", "add", "-A", cwd=work)
        self.run("git", "commit", "-q", "-m", "all", cwd=work)
        self.run("git", "-c", "gc.auto=0", "repack", "-adq", cwd=work)
        return work

    def history_repository(self):
        """A history whose every commit changes a pointer, all of it on the remote."""
        work = self.scratch / "history"
        remote = self.scratch / "history.git"
        self.run("git", "init", "-q", "--bare", "-b", "main", remote, cwd=self.scratch)
        self.run("git", "init", "-q", "-b", "main", work, cwd=self.scratch)
        stream = bytearray()
        for number in range(self.options.commits):
            oid = hashlib.sha256(str(number).encode()).hexdigest()
            pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {number + 1}\n".encode()
            stream += b"commit refs/heads/main\ncommitter b <b@e> %d +0000\ndata 1\nm\n" % (1600000000 + number)
            stream += b"M 100644 inline folder%02d/file%03d.bin\ndata %d\n%s\n" % (
                number % 50, number % 1000, len(pointer), pointer)
        self.run("git", "fast-import", "--quiet", cwd=work, input=bytes(stream), text=False)
        self.run("git", "remote", "add", "origin", remote, cwd=work)
        self.run("git", "config", "lfs.url", "http://127.0.0.1:9/none", cwd=work)
        self.run("git", "config", "lfs.locksverify", "false", cwd=work)
        self.run("git", "push", "-q", "--no-verify", "origin", "main", cwd=work)
        self.run("git", "branch", "new-name", "main~3", cwd=work)
        return work


def bench_content(bench, only):
    work = bench.content_repository()
    count = bench.options.files
    if "ls-files" in only:
        bench.compare(f"ls-files of {count:,} LFS files", 8, work, "ls-files")
    if "status" in only:
        # The moment after `git checkout`: many files are as young as the index.
        shutil.rmtree(work / "folder00")
        for path in work.glob("folder*/*.bin"):
            path.unlink()
        bench.run("git", "checkout", "-q", "--", ".", cwd=work)
        index = bench.scratch / "index"
        shutil.copy2(work / ".git/index", index)
        bench.compare(f"status right after a checkout of {count:,} files", 5, work, "status",
                      before=lambda: shutil.copy2(index, work / ".git/index"))
        time.sleep(1.1)
        bench.run("git", "update-index", "-q", "--refresh", cwd=work)
        bench.compare(f"status of {count:,} files later on", 1, work, "status")
    if "checkout" in only:
        pointers = {}
        for line in bench.run("git", "ls-files", "-s", "*.bin", cwd=work).splitlines():
            pointers[line.split("\t")[1]] = line.split()[1]
        texts = bench.run("git", "cat-file", "--batch", cwd=work, input="\n".join(pointers.values()) + "\n")
        bodies = {}
        for part in texts.split("version ")[1:]:
            lines = part.splitlines()
            bodies[len(bodies)] = "version " + "\n".join(lines[:3]) + "\n"

        def to_pointers():
            # Set aside, not deleted: ext4 is slow to make files where some were just deleted.
            aside = Path(tempfile.mkdtemp(dir=bench.scratch))
            for number, name in enumerate(pointers):
                (work / name).rename(aside / str(number))
                (work / name).write_text(bodies[number])
        bench.compare(f"git lfs checkout of {count:,} pointers", 2, work, "checkout", before=to_pointers,
                      same=False, rounds=3)
        changed = bench.run("git", "status", "--porcelain", cwd=work)
        if changed:
            raise RuntimeError("checkout left changes")


def bench_history(bench):
    work = bench.history_repository()
    count = bench.options.commits
    # Neither side walks anything here: processes that start are what is timed, so no ratio is asked.
    bench.compare(f"push --dry-run of {count:,} commits that the remote has (tracking branch)", 1, work,
                  "push", "--dry-run", "origin", "main")
    # Nothing is known of this remote but what it says itself.
    bench.run("git", "remote", "add", "mirror", bench.scratch / "history.git", cwd=work)
    bench.compare(f"push --dry-run of {count:,} commits that the remote has (no tracking branch)", 10, work,
                  "push", "--dry-run", "mirror", "main", same=False, rounds=2)
    zero = "0" * 40
    head = bench.run("git", "rev-parse", "main", cwd=work).strip()
    old = bench.run("git", "rev-parse", "new-name", cwd=work).strip()
    line = f"refs/heads/main {head} refs/heads/main {old}\nrefs/heads/new-name {old} refs/heads/new-name {zero}\n"
    given = bench.scratch / "stdin"
    given.write_text(line)
    times = {"ours": [], "upstream": []}
    for _ in range(bench.options.rounds):
        for side in times:
            start = time.perf_counter()
            bench.run("git-lfs", "pre-push", "--dry-run", "origin", "x", cwd=work, side=side, input=line)
            times[side].append(time.perf_counter() - start)
    ours, theirs = (statistics.median(times[side]) for side in ("ours", "upstream"))
    bench.rows.append((f"pre-push of two refs, {count:,} commits on the remote", "-", f"{ours * 1000:.1f} ms",
                       f"{theirs * 1000:.1f} ms", f"{theirs / ours:.1f}x", "-"))
    bench.compare(f"push --all --dry-run of {count:,} commits", 2, work, "push", "--dry-run", "--all", "origin",
                  rounds=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=ROOT / "build/release")
    parser.add_argument("--scratch", default=None)
    parser.add_argument("--files", type=int, default=10000)
    parser.add_argument("--commits", type=int, default=50000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="ls-files,status,checkout,push")
    options = parser.parse_args()
    only = options.only.split(",")
    bench = Bench(options)
    try:
        if set(only) & {"ls-files", "status", "checkout"}:
            bench_content(bench, only)
        if "push" in only:
            bench_history(bench)
    finally:
        shutil.rmtree(bench.scratch, ignore_errors=True)
        print("| measure | bar | ours | upstream | ratio | met |\n| --- | --- | --- | --- | --- | --- |")
        for row in bench.rows:
            print("| " + " | ".join(row) + " |")
    return 0 if all(row[-1] != "no" for row in bench.rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
