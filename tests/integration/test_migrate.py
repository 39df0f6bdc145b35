#!/usr/bin/env python3
"""migrate: there and back gives the same files, and a kill at any moment loses nothing."""
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import PROGRAM, environment, sha256  # noqa: E402

# LAZYLFS_TEST_SEED: other histories, for who has the time for many of them.
SEED = int(os.environ.get("LAZYLFS_TEST_SEED", 1))
HISTORIES = 4
KILLS = 12


class MigrateTest(unittest.TestCase):
    def setUp(self):
        self.top = Path(tempfile.mkdtemp(prefix="lfs-migrate-"))
        self.addCleanup(shutil.rmtree, self.top, ignore_errors=True)
        (self.top / "bin").mkdir()
        (self.top / "bin/git-lfs").symlink_to(PROGRAM)
        self.env = environment(self.top, self.top / "cache", self.top / "bin")
        self.work = self.top / "work"

    def run_in(self, *argv, cwd=None, check=True, **named):
        result = subprocess.run([str(a) for a in argv], cwd=cwd or self.work, env=self.env,
                                capture_output=True, check=False, timeout=120, **named)
        if check and result.returncode != 0:
            self.fail(f"seed {SEED}: {argv}: {result.returncode}: {result.stderr.decode()}")
        return result.stdout.decode(errors="surrogateescape").strip()

    def git(self, *arguments, **named):
        return self.run_in("git", *arguments, **named)

    def random_history(self, chance, commits=30, large=0):
        """Made by fast-import: branches, merges, links, executables, submodules, tags."""
        self.work.mkdir()
        self.git("init", "-q", "-b", "main")
        stream, marks = bytearray(), 0
        names = ["a.bin", "b.txt", "d/a.bin", "d/e/c.dat", "d/e/f/g.bin", "README", "x y/z.bin", "q\tu.bin"]
        branches = ["main"]
        for number in range(commits):
            if number > 2 and chance.random() < 0.2:
                branches.append(f"b{number}")
            branch = chance.choice(branches)
            marks += 1
            stream += b"commit refs/heads/%s\nmark :%d\ncommitter c <c@x> %d +0000\ndata 2\nm\n" % (
                branch.encode(), marks, 1_600_000_000 + number)
            if branch != "main" and f"from {branch}" not in self.__dict__.setdefault("started", set()):
                self.started.add(f"from {branch}")
                stream += b"from :%d\n" % chance.randrange(1, marks) if marks > 1 else b""
            elif marks > 2 and chance.random() < 0.15:
                stream += b"merge :%d\n" % chance.randrange(1, marks - 1)
            for _ in range(chance.randrange(1, 5)):
                data = chance.randbytes(chance.choice([0, 10, 1023, 1024, 5000, large or 20000]))
                data = data.replace(b"\r", b".")  # with `text`, git calls other files dirty at once
                mode = chance.choice(["100644", "100644", "100755"])
                stream += b'M %s inline "%s"\ndata %d\n%s\n' % (
                    mode.encode(), chance.choice(names).replace("\t", "\\t").encode(), len(data), data)
            if chance.random() < 0.2:
                stream += b"M 120000 inline link.bin\ndata 5\na.bin\n"
            if chance.random() < 0.1:
                stream += b"M 160000 %s sub.bin\n" % (b"%040x" % (number + 1))
            if chance.random() < 0.1:
                text = chance.choice([b"*.dat text\n", b"# nothing\n", b""])
                stream += b"M 100644 inline .gitattributes\ndata %d\n%s\n" % (len(text), text)
            stream += b"\n"
        for tag in range(3):
            stream += b"tag t%d\nfrom :%d\ntagger c <c@x> 1 +0000\ndata 1\nm\n" % (
                tag, chance.randrange(1, marks + 1))
        self.started = set()
        self.git("fast-import", "--quiet", input=bytes(stream))
        self.git("reset", "-q", "--hard", "main")

    def trees(self):
        """What each ref's history holds, but for the attributes that a migration adds."""
        result = {}
        for line in self.git("for-each-ref", "--format=%(refname)").splitlines():
            listings = []
            for commit in self.git("rev-list", "--topo-order", line).splitlines():
                listing = self.git("ls-tree", "-r", commit).splitlines()
                listings.append([entry for entry in listing if not entry.endswith("\t.gitattributes")])
            result[line] = listings
        return result

    def check_repository(self):
        self.git("fsck", "--full", "--no-dangling")
        self.assertEqual(self.git("status", "--porcelain", "--ignore-submodules=all"), "", f"seed {SEED}")

    def test_there_and_back_gives_the_same_trees(self):
        for number in range(HISTORIES):
            with self.subTest(seed=SEED, number=number):
                self.random_history(random.Random(SEED + number))
                before = self.trees()
                words = random.Random(SEED + number).choice(
                    [["--include=*.bin"], ["--above=1kb"], ["--include=*", "--exclude=README"]])
                self.run_in("git-lfs", "migrate", "import", "--everything", *words)
                self.check_repository()
                self.assertNotEqual(self.trees(), before)
                for path in (self.work / ".git/lfs/objects").rglob("*"):
                    if path.is_file():
                        self.assertEqual(sha256(path.read_bytes()), path.name)
                self.run_in("git-lfs", "migrate", "export", "--everything", "--include=*")
                self.check_repository()
                self.assertEqual(self.trees(), before)
                shutil.rmtree(self.work)

    def kill_and_repeat(self, chance, *command):
        """Kills the command at random moments until it once comes through."""
        before = self.git("for-each-ref")
        duration = 0.6
        for _ in range(KILLS):
            process = subprocess.Popen(["git-lfs", "migrate", *command], cwd=self.work, env=self.env,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True)
            try:
                process.wait(timeout=chance.random() * duration)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # git, too
                process.wait()
            for lock in self.work.glob(".git/**/*.lock"):
                lock.unlink()  # what git asks a person to do after it was killed
            self.git("fsck", "--full", "--no-dangling")
            after = self.git("for-each-ref")
            if after != before:
                return True
        return False

    def test_a_kill_at_any_moment_loses_nothing(self):
        chance = random.Random(SEED)
        self.random_history(chance, commits=150, large=200_000)
        before = self.trees()
        self.kill_and_repeat(chance, "import", "--everything", "--include=*.bin", "--yes")
        imported = self.run_in("git-lfs", "migrate", "import", "--everything", "--include=*.bin", "--yes")
        self.assertEqual(imported, "")
        self.check_repository()
        self.kill_and_repeat(chance, "export", "--everything", "--include=*.bin", "--yes")
        self.run_in("git-lfs", "migrate", "export", "--everything", "--include=*.bin", "--yes")
        self.check_repository()
        self.assertEqual(self.trees(), before, f"seed {SEED}")
        left = list((self.work / ".git/objects/pack").glob("tmp_*"))
        self.git("prune", "--expire=now")
        self.assertEqual(list((self.work / ".git/objects/pack").glob("tmp_*")), [], left)

    def test_memory_does_not_grow_with_a_blob(self):
        self.work.mkdir()
        self.git("init", "-q", "-b", "main")
        with open(self.work / "large.bin", "wb") as file:
            for number in range(96):
                file.write(random.Random(number).randbytes(1 << 20))
        self.git("add", "-A")
        self.git("-c", "core.bigFileThreshold=1m", "commit", "-q", "-m", "large")
        self.git("clone", "-q", "--bare", self.work, self.top / "bare")
        self.work = self.top / "bare"  # git's own work on files would be measured, too
        self.git("config", "core.bigFileThreshold", "1m")
        digest = self.git("rev-parse", "HEAD:large.bin")
        for words in (["import", "--everything", "-I", "*.bin"], ["export", "--everything", "-I", "*.bin"]):
            process = subprocess.Popen(["git-lfs", "migrate", *words], cwd=self.work, env=self.env,
                                       stderr=subprocess.DEVNULL)
            peak = 0  # of this process alone: git maps the files that it reads
            while process.poll() is None:
                status = Path(f"/proc/{process.pid}/status").read_text()
                found = re.search(r"VmHWM:\s+(\d+)", status)
                peak = max(peak, int(found.group(1)) if found else 0)
            self.assertEqual(process.returncode, 0)
            self.assertLess(peak, 64 << 10)
        self.assertEqual(self.git("rev-parse", "HEAD:large.bin"), digest)

    def test_a_name_too_long_for_a_line_stays(self):
        deep = "/".join(["d" * 250] * 9) + "/a.bin"
        self.work.mkdir()
        self.git("init", "-q", "-b", "main")
        (self.work / deep).parent.mkdir(parents=True)
        for name in (deep, "b.bin"):
            (self.work / name).write_bytes(random.Random(name).randbytes(2000))
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "files")
        before = self.git("rev-parse", "HEAD:" + deep)
        result = subprocess.run(["git-lfs", "migrate", "import", "--above=1kb"], cwd=self.work, env=self.env,
                                capture_output=True, check=False, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(b"too long for .gitattributes", result.stderr)
        self.assertEqual(self.git("rev-parse", "HEAD:" + deep), before)
        self.assertIn("version https://git-lfs", self.git("show", "HEAD:b.bin"))
        self.assertEqual(self.git("show", "HEAD:.gitattributes"), "/b.bin filter=lfs diff=lfs merge=lfs -text")

    def test_a_ref_that_moves_meanwhile_stops_the_migration(self):
        self.random_history(random.Random(1), commits=5)
        hook = self.work / ".git/hooks/reference-transaction"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\ntest \"$1\" != prepared\n")
        hook.chmod(0o755)
        before = self.git("for-each-ref")
        result = subprocess.run(["git-lfs", "migrate", "import", "-I", "*.bin"], cwd=self.work, env=self.env,
                                capture_output=True, check=False, timeout=60)
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"none was changed", result.stderr)
        self.assertEqual(self.git("for-each-ref"), before)


if __name__ == "__main__":
    print(f"seed {SEED}", file=sys.stderr)
    unittest.main(verbosity=2)
