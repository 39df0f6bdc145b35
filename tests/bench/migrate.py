#!/usr/bin/env python3
"""Measures `migrate import` beside Debian's git-lfs: time and peak memory.

  tests/bench/migrate.py [--build build/release] [--commits 5000] [--blobs 20000] [--bytes 4096]
                         [--rounds 1]

Both start from copies of one packed bare repository, in turn, and must arrive at the same commit.
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


def environment(home):
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return {**inherited, "HOME": str(home), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
            "LC_ALL": "C"}


def make_history(options, folder, env):
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", folder], check=True, env=env)
    generator = random.Random(1)
    each = options.blobs // options.commits
    stream = subprocess.Popen(["git", "fast-import", "--quiet"], cwd=folder, env=env, stdin=subprocess.PIPE)
    for number in range(options.commits):
        text = b"commit refs/heads/main\ncommitter b <b@example.com> %d +0000\ndata 2\nm\n" % (
            1_600_000_000 + number)
        for _ in range(each):
            name = b"folder%02d/sub%02d/file%03d.bin" % (
                generator.randrange(40), generator.randrange(10), generator.randrange(20))
            data = generator.randbytes(options.bytes)
            text += b"M 100644 inline %s\ndata %d\n%s\n" % (name, len(data), data)
        stream.stdin.write(text + b"\n")
    stream.stdin.close()
    if stream.wait() != 0:
        raise RuntimeError("git fast-import failed")


def measure(program, folder, env):
    """Seconds, peak KiB, and the commit that main became."""
    start = time.perf_counter()
    process = subprocess.Popen([program, "migrate", "import", "--everything", "--include=*.bin"],
                               cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{program} failed")
    head = subprocess.run(["git", "rev-parse", "main"], cwd=folder, env=env, check=True,
                          capture_output=True, text=True).stdout
    return seconds, usage.ru_maxrss, head


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=ROOT / "build/release")
    parser.add_argument("--commits", type=int, default=5000)
    parser.add_argument("--blobs", type=int, default=20000)
    parser.add_argument("--bytes", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--scratch")
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="lazylfs-bench-", dir=options.scratch))
    env = environment(scratch)
    programs = {"ours": str(Path(options.build).resolve() / "git-lfs"), "upstream": UPSTREAM}
    results = {side: [] for side in programs}
    try:
        make_history(options, scratch / "origin.git", env)
        heads = set()
        for _ in range(options.rounds):
            for side, program in programs.items():
                work = scratch / "work.git"
                shutil.copytree(scratch / "origin.git", work)
                seconds, memory, head = measure(program, work, env)
                shutil.rmtree(work)
                results[side].append((seconds, memory))
                heads.add(head)
        if len(heads) != 1:
            raise RuntimeError("the commits differ")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    (ours_s, ours_k), (theirs_s, theirs_k) = (
        [statistics.median(column) for column in zip(*results[side])] for side in ("ours", "upstream"))
    faster, smaller = theirs_s / ours_s, theirs_k / ours_k
    what = f"migrate import of {options.commits:,} commits, {options.blobs:,} blobs"
    rows = [(what, ">= 5x", f"{ours_s:.2f} s", f"{theirs_s:.2f} s", f"{faster:.1f}x", faster >= 5),
            ("its peak memory", "<= 1/2", f"{ours_k // 1024} MiB", f"{theirs_k // 1024} MiB",
             f"1/{smaller:.1f}", smaller >= 2)]
    for measured, bar, ours, theirs, ratio, good in rows:
        print(f"| {measured} | {bar} | {ours} | {theirs} | {ratio} | {'yes' if good else 'no'} |")
    sys.exit(0 if all(row[-1] for row in rows) else 1)


if __name__ == "__main__":
    main()
