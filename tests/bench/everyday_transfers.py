#!/usr/bin/env python3
"""Measures the transfer queue beside Debian's git-lfs: many small objects and one large one.

  tests/bench/everyday_transfers.py [--build build/release] [--count 10000] [--rounds 3]
                                    [--only fetch-loopback,fetch-20ms,push-20ms,fetch-large]

Ours is the queue without a command around it (move-objects), which reads the list of objects from a
file; upstream's figure includes its scan of one commit. Both talk to the bundled server, in turn.
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UPSTREAM = "/usr/bin/git-lfs"


class Bench:
    def __init__(self, options):
        self.options = options
        self.build = Path(options.build).resolve()
        self.scratch = Path(tempfile.mkdtemp(prefix="lazylfs-bench-", dir=options.scratch))
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        self.environment = {
            **inherited, "HOME": str(self.scratch), "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "b", "GIT_AUTHOR_EMAIL": "b@example.com",
            "GIT_COMMITTER_NAME": "b", "GIT_COMMITTER_EMAIL": "b@example.com", "LC_ALL": "C",
        }
        server = next(self.build.rglob("lfs-test-server"))
        self.server = subprocess.Popen(
            [server, "--port", "0", "--root", self.scratch / "server", "--die-with-parent"],
            stdout=subprocess.PIPE, text=True)
        self.url = self.server.stdout.readline().split()[1].rstrip("/")
        self.work = self.scratch / "work"

    def close(self):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def set_aside(self, path):
        """Away, but not deleted: ext4 is slow to make files where some were just deleted."""
        if path.exists():
            aside = self.scratch / "aside"
            aside.mkdir(exist_ok=True)
            path.rename(aside / str(len(os.listdir(aside))))

    def run(self, *argv, **named):
        return subprocess.run([str(a) for a in argv], check=True, env=self.environment,
                              capture_output=True, text=True, **named)

    def git(self, *arguments, **named):
        return self.run("git", "-C", self.work, *arguments, **named)

    def configure(self, **settings):
        request = urllib.request.Request(f"{self.url}/_admin/config", method="POST",
                                         data=json.dumps(settings).encode())
        urllib.request.urlopen(request, timeout=10).read()

    def store_path(self, folder, oid):
        return folder / "objects" / oid[:2] / oid[2:4] / oid

    def repository(self, contents):
        """A work tree with a commit of pointers; `contents` yields (name, oid, size)."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "lfs.url", f"{self.url}/r.git/info/lfs")
        self.git("config", "lfs.locksverify", "false")
        self.git("remote", "add", "origin", f"{self.url}/r.git")
        (self.work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
        lines = []
        for name, oid, size in contents:
            (self.work / name).write_text(
                f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n")
            lines.append(f"{oid} {size} {name}\n")
        self.git("-c", "filter.lfs.clean=cat", "-c", "filter.lfs.process=", "add", "-A")
        self.git("commit", "-q", "-m", "objects")
        (self.scratch / "list").write_text("".join(lines))

    def timed(self, *argv, stdin=None):
        began = time.monotonic()
        with open(stdin or os.devnull, "rb") as source:
            subprocess.run([str(a) for a in argv], check=True, env=self.environment, stdin=source,
                           cwd=self.work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.monotonic() - began

    def ours(self, operation):
        program = next(self.build.rglob("move-objects"))
        return self.timed(program, operation, self.work, "origin", stdin=self.scratch / "list")

    def compare(self, name, ours, upstream, bar, before=lambda: None, limit=None):
        times = {"ours": [], "upstream": [], "limit": []}
        for _ in range(self.options.rounds):
            for which, run in (("ours", ours), ("upstream", upstream), ("limit", limit)):
                if run:
                    before()
                    times[which].append(run())
        median = {k: statistics.median(v) for k, v in times.items() if v}
        ratio = median["upstream"] / median["ours"]
        row = (f"{name:34} ours {median['ours']:6.2f} s  upstream {median['upstream']:6.2f} s  "
               f"{ratio:5.1f}x (bar {bar}x)")
        if "limit" in median:
            row += f"  curl | openssl {median['limit']:6.2f} s"
        print(row, flush=True)

    # Rows.

    def small_objects(self):
        store = self.scratch / "server"
        for i in range(self.options.count):
            data = random.Random(i).randbytes(10240)
            oid = hashlib.sha256(data).hexdigest()
            for folder in (store, self.scratch / "local"):
                path = self.store_path(folder, oid)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            yield f"{i}.bin", oid, len(data)

    def forget_local(self):
        self.set_aside(self.work / ".git/lfs")

    def drop_local(self):
        shutil.rmtree(self.work / ".git/lfs", ignore_errors=True)

    def forget_remote(self):
        self.set_aside(self.scratch / "server/objects")
        target = self.work / ".git/lfs/objects"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(self.scratch / "local/objects", target)

    def fetch_small(self, latency_ms, bar):
        self.configure(latency_ms=latency_ms)
        self.compare(f"fetch {self.options.count} x 10 KiB, {latency_ms} ms",
                     lambda: self.ours("download"),
                     lambda: self.timed(UPSTREAM, "fetch", "origin", "main"), bar,
                     before=self.forget_local)
        self.configure(latency_ms=0)

    def push_small(self, latency_ms, bar):
        self.configure(latency_ms=latency_ms)
        self.compare(f"push {self.options.count} x 10 KiB, {latency_ms} ms",
                     lambda: self.ours("upload"),
                     lambda: self.timed(UPSTREAM, "push", "origin", "main"), bar,
                     before=self.forget_remote)
        self.configure(latency_ms=0)

    def fetch_large(self):
        size = 2 << 30
        made = json.loads(urllib.request.urlopen(urllib.request.Request(
            f"{self.url}/_admin/synthetic?size={64 << 20}&seed=1", method="POST"), timeout=60).read())
        del made  # the generator is slower than a disk: a real file serves faster
        block = random.Random(7).randbytes(1 << 20)
        digest = hashlib.sha256()
        partial = self.scratch / "large"
        with open(partial, "wb") as file:
            for i in range(size >> 20):
                piece = i.to_bytes(8, "big") + block[8:]
                digest.update(piece)
                file.write(piece)
        oid = digest.hexdigest()
        path = self.store_path(self.scratch / "server", oid)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.rename(path)
        self.repository([("large.bin", oid, size)])
        reply = json.loads(urllib.request.urlopen(urllib.request.Request(
            f"{self.url}/r.git/info/lfs/objects/batch", method="POST",
            headers={"Content-Type": "application/vnd.git-lfs+json",
                     "Accept": "application/vnd.git-lfs+json"},
            data=json.dumps({"operation": "download",
                             "objects": [{"oid": oid, "size": size}]}).encode()), timeout=60).read())
        href = reply["objects"][0]["actions"]["download"]["href"]
        self.compare("fetch 2 GiB", lambda: self.ours("download"),
                     lambda: self.timed(UPSTREAM, "fetch", "origin", "main"), 3,
                     before=self.drop_local,
                     limit=lambda: self.timed("sh", "-c", f"curl -s '{href}' | openssl dgst -sha256"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=ROOT / "build/release")
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scratch", help="a folder to work in; tmpfs shows the programs, not the disk")
    parser.add_argument("--only", default="fetch-loopback,fetch-20ms,push-20ms,fetch-large")
    options = parser.parse_args()
    wanted = options.only.split(",")
    bench = Bench(options)
    try:
        if any(name in wanted for name in ("fetch-loopback", "fetch-20ms", "push-20ms")):
            bench.repository(bench.small_objects())
        if "fetch-loopback" in wanted:
            bench.fetch_small(0, 3)
        if "fetch-20ms" in wanted:
            bench.fetch_small(20, 4)
        if "push-20ms" in wanted:
            bench.push_small(20, 4)
        if "fetch-large" in wanted:
            bench.fetch_large()
    finally:
        bench.close()


if __name__ == "__main__":
    main()
