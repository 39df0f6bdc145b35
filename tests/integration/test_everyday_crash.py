#!/usr/bin/env python3
"""SIGKILL during clean, fetch, push and checkout: nothing is lost, and the next run completes.

Each operation is first timed without interruption; then it is killed, with all its children, after
a random part of that time, again and again. After every kill the store holds only whole objects and
the work tree only whole files, and the same command run to its end repairs everything."""
import os
import random
import signal
import subprocess
import time

from harness import PROGRAM, MountTest, content, environment, main, pointer_text, sha256

FILES = {f"d{i % 5}/f{i}.bin": content(20_000 + 37_000 * (i % 7), 100 + i) for i in range(60)}
FILTERS = ("-c", "filter.lfs.process=git-lfs filter-process", "-c", "filter.lfs.required=true",
           "-c", "filter.lfs.clean=git-lfs clean -- %f", "-c", "filter.lfs.smudge=git-lfs smudge -- %f")
TRIALS = int(os.environ.get("LAZYLFS_CRASH_TRIALS", "8"))


class EverydayCrashTest(MountTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(int(os.environ.get("LAZYLFS_SEED", "1")))
        self.quickest = {}  # seconds, by command

    # Running and killing.

    def start(self, folder, *argv):
        return subprocess.Popen(
            [str(a) for a in argv], cwd=folder, start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment(self.home, self.cache, self.ours_first))

    def duration_of(self, folder, *argv):
        begin = time.monotonic()
        self.assertEqual(self.start(folder, *argv).wait(120), 0, argv)
        return time.monotonic() - begin

    def kill_within(self, duration_s, folder, *argv):
        """True when it was killed, False when it was quicker: then it is expected to be as quick again."""
        begin = time.monotonic()
        child = self.start(folder, *argv)
        try:
            child.wait(self.random.uniform(0, min(duration_s, self.quickest.get(argv, duration_s))))
            self.quickest[argv] = time.monotonic() - begin
            killed = False
        except subprocess.TimeoutExpired:
            killed = True
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait(30)
        for name in ("index.lock", "HEAD.lock"):  # git's own, which a person removes
            (folder / ".git" / name).unlink(missing_ok=True)
        return killed

    # What must hold at any time.

    def check_store(self, folder):
        objects = folder / ".git/lfs/objects"
        for path in objects.rglob("*"):
            # What no client takes for an object: a file not yet complete (ObjectStore::put).
            if path.is_file() and not path.name.startswith(".new-"):
                self.assertEqual(sha256(path.read_bytes()), path.name, "a broken object in the store")

    def check_files(self, work):
        for name, data in FILES.items():
            path = work / name
            if path.exists():
                self.assertIn(path.read_bytes(), (data, pointer_text(data)), f"{name} is neither")

    def check_complete(self, work):
        for name, data in FILES.items():
            self.assertEqual((work / name).read_bytes(), data, name)
        self.check_store(work)

    def ours_in(self, folder, *argv):
        return self.command(*argv, cwd=folder)

    def work(self, name, url=None):
        """A work tree with the files, not yet added."""
        work = self.folder(name)
        self.git(work, "init", "-q", "-b", "main")
        self.git(work, "lfs", "install", "--local")
        self.git(work, "config", "lfs.locksverify", "false")
        self.git(work, "remote", "add", "origin", url or self.server.repository_url(name))
        (work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
        for file, data in FILES.items():
            (work / file).parent.mkdir(exist_ok=True)
            (work / file).write_bytes(data)
        return work

    def published(self):
        work = self.work("repo")
        self.git(work, "add", "-A")
        self.git(work, "commit", "-q", "-m", "all")
        self.git(work, "push", "-q", "origin", "main")
        return work

    # The operations.

    def test_clean(self):
        whole = self.duration_of(self.work("timed"), "git", "add", "-A")
        killed = 0
        for trial in range(TRIALS):
            work = self.work(f"clean{trial}")
            killed += self.kill_within(whole, work, "git", "add", "-A")
            self.check_store(work)
            self.check_files(work)
            self.ours_in(work, "git", "add", "-A")
            self.ours_in(work, "git", "commit", "-q", "-m", "all")
            self.check_complete(work)
            for name, data in FILES.items():
                self.assertEqual(self.git(work, "cat-file", "-p", f"HEAD:{name}").stdout.encode(),
                                 pointer_text(data))
        self.assertGreater(killed, 0, "every run was quicker than its kill")

    def test_fetch_and_checkout(self):
        self.published()
        timed = self.clone(into="timed")
        fetching = self.duration_of(timed, PROGRAM, "fetch")
        self.git(timed, "lfs", "install", "--local")
        placing = self.duration_of(timed, PROGRAM, "checkout")
        killed = 0
        for trial in range(TRIALS):
            clone = self.clone(into=f"clone{trial}")
            self.git(clone, "lfs", "install", "--local")
            for _ in range(2):
                killed += self.kill_within(fetching, clone, PROGRAM, "fetch")
                self.check_store(clone)
                self.check_files(clone)
            self.ours_in(clone, PROGRAM, "fetch")
            for _ in range(2):
                killed += self.kill_within(placing, clone, PROGRAM, "checkout")
                self.check_files(clone)
            self.ours_in(clone, PROGRAM, "checkout")
            self.check_complete(clone)
            self.assertEqual(self.ours_in(clone, "git", "status", "--porcelain").stdout, "")
        self.assertGreater(killed, 0, "every run was quicker than its kill")

    def test_pull(self):
        self.published()
        timed = self.clone(into="timed")
        self.git(timed, "lfs", "install", "--local")
        whole = self.duration_of(timed, PROGRAM, "pull")
        killed = 0
        for trial in range(TRIALS):
            clone = self.clone(into=f"clone{trial}")
            self.git(clone, "lfs", "install", "--local")
            for _ in range(3):
                killed += self.kill_within(whole, clone, PROGRAM, "pull")
                self.check_store(clone)
                self.check_files(clone)
            self.ours_in(clone, PROGRAM, "pull")
            self.check_complete(clone)
        self.assertGreater(killed, 0, "every run was quicker than its kill")

    def test_checkout_through_the_filter(self):
        self.published()
        timed = self.clone(into="timed")
        whole = self.duration_of(timed, "git", *FILTERS, "checkout-index", "-a", "-f")
        killed = 0
        for trial in range(TRIALS):
            clone = self.clone(into=f"clone{trial}")
            for name in FILES:
                (clone / name).unlink()
            killed += self.kill_within(whole, clone, "git", *FILTERS, "checkout", "--", ".")
            self.check_store(clone)
            # git itself writes these files and may have left one half-written: it does them anew.
            for name in FILES:
                (clone / name).unlink(missing_ok=True)
            self.ours_in(clone, "git", *FILTERS, "checkout", "--", ".")
            self.check_complete(clone)
        self.assertGreater(killed, 0, "every run was quicker than its kill")

    def test_push(self):
        timed = self.work("timed")
        self.git(timed, "add", "-A")
        self.git(timed, "commit", "-q", "-m", "all")
        whole = self.duration_of(timed, PROGRAM, "push", "origin", "main")
        killed = 0
        for trial in range(TRIALS):
            for data in FILES.values():
                self.server.object_path(sha256(data)).unlink(missing_ok=True)
            work = self.work(f"push{trial}")
            self.git(work, "add", "-A")
            self.git(work, "commit", "-q", "-m", "all")
            killed += self.kill_within(whole, work, PROGRAM, "push", "origin", "main")
            for data in FILES.values():
                path = self.server.object_path(sha256(data))
                if path.exists():
                    self.assertEqual(sha256(path.read_bytes()), path.name)
            self.ours_in(work, "git", "push", "-q", "origin", "main")
            for name, data in FILES.items():
                self.assertEqual(self.server.object_path(sha256(data)).read_bytes(), data, name)
            self.check_complete(work)
        self.assertGreater(killed, 0, "every run was quicker than its kill")


if __name__ == "__main__":
    main()
