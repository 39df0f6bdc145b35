#!/usr/bin/env python3
"""Measures the filters beside Debian's git-lfs: many small files, single calls, one large file.

  tests/bench/everyday_filters.py [--build build/release] [--count 10000] [--rounds 3]
                                  [--only small,startup,large]

Ours and upstream's take turns within one run; the medians are compared. Both are started by the
same git on the same file system, with warm caches. "limit" is cat piped into openssl.
"""
import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UPSTREAM = "/usr/bin/git-lfs"
SMALL_BYTES = 10 * 1024
LARGE_BYTES = 2 << 30


class Bench:
    def __init__(self, options):
        self.options = options
        self.scratch = Path(tempfile.mkdtemp(prefix="lazylfs-bench-", dir=options.scratch))
        self.aside = self.scratch / "aside"
        self.programs = {}
        for name, program in (("ours", Path(options.build).resolve() / "git-lfs"),
                              ("upstream", UPSTREAM)):
            folder = self.scratch / f"bin-{name}"
            folder.mkdir()
            (folder / "git-lfs").symlink_to(program)
            self.programs[name] = folder / "git-lfs"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        self.environment = {
            **inherited, "HOME": str(self.scratch), "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "b", "GIT_AUTHOR_EMAIL": "b@example.com",
            "GIT_COMMITTER_NAME": "b", "GIT_COMMITTER_EMAIL": "b@example.com", "LC_ALL": "C",
            "LAZYLFS_CACHE": str(self.scratch / "cache"),
        }
        self.rows = []

    def close(self):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def set_aside(self, path):
        """Away, but not deleted: ext4 is slow to make files where some were just deleted."""
        if path.exists():
            self.aside.mkdir(exist_ok=True)
            path.rename(self.aside / str(len(os.listdir(self.aside))))

    def run(self, name, *argv, cwd, **named):
        environment = {**self.environment,
                       "PATH": f"{self.scratch}/bin-{name}:{self.environment['PATH']}"}
        return subprocess.run([str(a) for a in argv], check=True, env=environment, cwd=cwd,
                              **{"capture_output": True, **named})

    def timed(self, name, *argv, cwd, **named):
        start = time.perf_counter()
        self.run(name, *argv, cwd=cwd, **named)
        return time.perf_counter() - start

    def row(self, measure, bar, ours, upstream, unit="s", limit=None, extra=""):
        ratio = upstream / ours
        good = ratio >= bar
        scale = 1000 if unit == "ms" else 1
        beside = f"upstream {upstream * scale:.2f} {unit}"
        if limit is not None:
            beside += f", limit {limit * scale:.2f} {unit}"
        print(f"{'ok  ' if good else 'MISS'} {measure}: {ours * scale:.2f} {unit} = {ratio:.2f}x "
              f"(bar >= {bar}x; {beside}){extra}", flush=True)
        self.rows.append(good)

    def work_tree(self, name):
        work = self.scratch / f"work-{name}"
        work.mkdir()
        self.run(name, "git", "init", "-q", "-b", "main", cwd=work)
        for key, value in (("filter.lfs.clean", "git-lfs clean -- %f"),
                           ("filter.lfs.smudge", "git-lfs smudge -- %f"),
                           ("filter.lfs.process", "git-lfs filter-process"),
                           ("filter.lfs.required", "true"), ("core.hooksPath", "/dev/null"),
                           ("lfs.repositoryformatversion", "0"), ("gc.auto", "0")):
            self.run(name, "git", "config", key, value, cwd=work)
        (work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
        self.run(name, "git", "add", ".gitattributes", cwd=work)
        self.run(name, "git", "commit", "-q", "-m", "a", cwd=work)
        return work

    def small_files(self, work):
        generator = random.Random(1)
        for index in range(self.options.count):
            folder = work / f"d{index // 100}"
            folder.mkdir(exist_ok=True)
            (folder / f"f{index}.bin").write_bytes(generator.randbytes(SMALL_BYTES))

    def small(self):
        works = {name: self.work_tree(name) for name in [*self.programs, "plain"]}
        (works["plain"] / ".gitattributes").write_text("*.bin -text\n")  # the limit: Git alone
        for work in works.values():
            self.small_files(work)
        times = {(step, name): [] for step in ("add", "checkout") for name in works}
        for _ in range(self.options.rounds):
            for name, work in works.items():
                self.set_aside(work / ".git/lfs")
                self.run(name, "git", "rm", "-r", "-q", "--cached", "--ignore-unmatch", "d*",
                         cwd=work)
                os.sync()
                times["add", name].append(self.timed(name, "git", "add", "-A", cwd=work))
            for name, work in works.items():
                for folder in work.glob("d*"):
                    self.set_aside(folder)
                os.sync()
                times["checkout", name].append(
                    self.timed(name, "git", "checkout", "-q", "--", ".", cwd=work))
        for step, bar in (("add", 1.7), ("checkout", 2.0)):
            self.row(f"git {step} of {self.options.count} files of 10 KiB", bar,
                     statistics.median(times[step, "ours"]),
                     statistics.median(times[step, "upstream"]),
                     limit=statistics.median(times[step, "plain"]))

    def startup(self):
        work = self.work_tree("startup")
        content = work / "content"
        content.write_bytes(b"hello")
        pointer = work / "pointer"
        with open(content, "rb") as source, open(pointer, "wb") as target:
            self.run("ours", "git-lfs", "clean", cwd=work, stdin=source, stdout=target,
                     capture_output=False)
        for command, file in (("clean", content), ("smudge", pointer)):
            times = {name: [] for name in self.programs}
            for _ in range(40):
                for name, program in self.programs.items():
                    times[name].append(self.spawn(program, command, file, work))
            self.row(f"start-up of a single {command}", 5, statistics.median(times["ours"]),
                     statistics.median(times["upstream"]), "ms")

    def spawn(self, program, command, file, work):
        """One process, started as cheaply as can be from here."""
        actions = [(os.POSIX_SPAWN_OPEN, 0, str(file), os.O_RDONLY, 0),
                   (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
        os.chdir(work)
        start = time.perf_counter()
        pid = os.posix_spawn(program, ["git-lfs", command], self.environment, file_actions=actions)
        _, status = os.waitpid(pid, 0)
        elapsed = time.perf_counter() - start
        os.chdir("/")
        if status != 0:
            raise RuntimeError(f"{program} {command} ended with {status}")
        return elapsed

    def large(self):
        work = self.work_tree("large")
        path = self.scratch / "large"
        block = random.Random(2).randbytes(1 << 20)
        with open(path, "wb") as file:
            for index in range(LARGE_BYTES >> 20):
                file.write(index.to_bytes(8, "little") + block[8:])
        times = {name: [] for name in self.programs}
        peak = 0
        for _ in range(self.options.rounds):
            for name, program in self.programs.items():
                shutil.rmtree(work / ".git/lfs", ignore_errors=True)
                os.sync()
                elapsed, memory = self.clean_large(program, path, work)
                times[name].append(elapsed)
                if name == "ours":
                    peak = max(peak, memory)
        limit = statistics.median(
            self.timed("ours", "sh", "-c", f"cat '{path}' | openssl dgst -sha256", cwd=work)
            for _ in range(self.options.rounds))
        self.row("clean of 2 GiB", 2.5, statistics.median(times["ours"]),
                 statistics.median(times["upstream"]), limit=limit, extra=f"; memory {peak} MiB")
        self.rows.append(peak <= 32)

    def clean_large(self, program, path, work):
        """As git runs it: through a pipe. Returns seconds and the peak of resident MiB."""
        start = time.perf_counter()
        with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
            actions = [(os.POSIX_SPAWN_DUP2, cat.stdout.fileno(), 0),
                       (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
            os.chdir(work)
            pid = os.posix_spawn(program, ["git-lfs", "clean"], self.environment,
                                 file_actions=actions)
            cat.stdout.close()
            _, status, usage = os.wait4(pid, 0)
        os.chdir("/")
        if status != 0:
            raise RuntimeError(f"{program} clean ended with {status}")
        return time.perf_counter() - start, usage.ru_maxrss // 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=ROOT / "build/release")
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="small,startup,large")
    parser.add_argument("--scratch", default=None, help="where to work (default: the TMPDIR)")
    options = parser.parse_args()
    bench = Bench(options)
    try:
        for name in options.only.split(","):
            getattr(bench, name)()
    finally:
        bench.close()
    return 0 if all(bench.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
