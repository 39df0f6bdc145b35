#!/usr/bin/env python3
"""Upkeep of storage: prune beside mounts, pins and other repositories that use the same store; dedup
on file systems that share blocks; gc; SIGKILL during prune and fsck."""
import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

from harness import PROGRAM, MountTest, content, environment, main, sha256

OLD = {"GIT_COMMITTER_DATE": "1600000000 +0000", "GIT_AUTHOR_DATE": "1600000000 +0000"}
TRIALS = int(os.environ.get("LAZYLFS_CRASH_TRIALS", "6"))


class UpkeepTest(MountTest):
    def objects(self, store):
        return {path.name for path in (store / "objects").rglob("*") if path.is_file()}

    def stored(self, work, *contents):
        """Which of `contents` are in the store."""
        present = self.objects(work / ".git/lfs")
        return [data for data in contents if sha256(data) in present]

    def three_versions(self):
        self.versions = [content(3000, seed) for seed in (1, 2, 3)]
        work = self.repository({"a.bin": self.versions[0]})
        for data in self.versions[1:]:
            self.commit(work, {"a.bin": data}, push=True)
        return work

    def shared(self, name, storage, versions):
        """A repository with its own history that stores its objects in `storage`; all is pushed."""
        work = self.folder(name)
        self.git(work, "init", "-q", "-b", "main")
        self.git(work, "config", "lfs.storage", storage)
        self.git(work, "config", "lfs.locksverify", "false")
        self.command("git", "lfs", "install", "--local", cwd=work)
        (work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
        for data in versions:
            (work / "a.bin").write_bytes(data)
            self.command("git", "add", "-A", cwd=work)
            self.command("git", "commit", "-q", "-m", "c", cwd=work, env=OLD)
        self.git(work, "update-ref", "refs/remotes/origin/main", "HEAD")
        return work


class SharedStorage(UpkeepTest):
    def test_what_another_repository_needs_stays(self):
        storage = self.scratch / "storage"
        one = self.shared("one", storage, [b"one old", b"one new"])
        two = self.shared("two", storage, [b"two old", b"two new"])
        (two / "a.bin").write_bytes(b"two staged")
        self.command("git", "add", "a.bin", cwd=two)
        self.ours("prune", cwd=one)
        kept = {sha256(data) for data in (b"one new", b"two new", b"two staged")}
        self.assertEqual(self.objects(storage), kept)
        self.ours("prune", "--force", cwd=one)
        self.assertEqual(self.objects(storage), kept - {sha256(b"one new")})

    def test_the_first_add_registers(self):
        storage = self.scratch / "storage"
        one = self.shared("one", storage, [b"one"])
        two = self.folder("two")
        self.git(two, "init", "-q", "-b", "main")
        self.git(two, "config", "lfs.storage", storage)
        (two / ".gitattributes").write_text("*.bin filter=lfs\n")
        (two / "a.bin").write_bytes(b"staged, and no commit yet")
        self.command("git", "-c", "filter.lfs.clean=git-lfs clean -- %f", "add", "a.bin", cwd=two)
        self.ours("prune", cwd=one)
        self.assertIn(sha256(b"staged, and no commit yet"), self.objects(storage))

    def test_a_repository_that_is_gone_keeps_nothing(self):
        storage = self.scratch / "storage"
        one = self.shared("one", storage, [b"one"])
        two = self.shared("two", storage, [b"two"])
        shutil.rmtree(two)
        self.ours("prune", cwd=one)
        self.assertEqual(self.objects(storage), {sha256(b"one")})
        self.assertEqual(len(list((storage / "users").iterdir())), 1)

    def test_nothing_goes_when_a_repository_cannot_be_read(self):
        storage = self.scratch / "storage"
        one = self.shared("one", storage, [b"one old", b"one"])
        two = self.shared("two", storage, [b"two"])
        (two / ".git/config").write_text("[core\n")
        result = self.ours("prune", cwd=one, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn(str(two), result.stderr)
        self.assertEqual(len(self.objects(storage)), 3)

    def test_a_linked_store_is_a_shared_one(self):
        storage = self.scratch / "storage"
        one = self.shared("one", storage, [b"one"])
        two = self.folder("two")
        self.git(two, "init", "-q", "-b", "main")
        (two / ".git/lfs").symlink_to(storage)
        (two / ".gitattributes").write_text("*.bin filter=lfs\n")
        (two / "a.bin").write_bytes(b"two")
        self.command("git", "-c", "filter.lfs.clean=git-lfs clean -- %f", "add", "a.bin", cwd=two)
        self.ours("prune", cwd=one)
        self.assertEqual(self.objects(storage), {sha256(b"one"), sha256(b"two")})

    def test_borrowed_objects_stay(self):
        lender = self.shared("lender", "lfs", [b"old", b"new"])
        borrower = self.scratch / "borrower"
        self.command("git", "clone", "-q", "--shared", "--no-checkout", lender, borrower)
        self.command("git", "checkout", "-q", "--detach", "HEAD~1", cwd=borrower,
                     env={"GIT_LFS_SKIP_SMUDGE": "1"})
        self.ours("ls-files", cwd=borrower)
        self.ours("prune", cwd=lender)
        self.assertEqual(self.objects(lender / ".git/lfs"), {sha256(b"old"), sha256(b"new")})
        shutil.rmtree(borrower)
        self.ours("prune", cwd=lender)
        self.assertEqual(self.objects(lender / ".git/lfs"), {sha256(b"new")})

    def test_an_ordinary_repository_registers_nowhere(self):
        work = self.repository({"a.bin": b"x"})
        self.ours("ls-files", cwd=work)
        self.assertFalse((work / ".git/lfs/users").exists())


class MountsAndPins(UpkeepTest):
    def test_what_a_mount_serves_stays(self):
        work = self.three_versions()
        mounted = self.mount(work, "--ref", "HEAD~2")
        self.ours("prune", cwd=work)
        self.assertEqual(self.stored(work, *self.versions), [self.versions[0], self.versions[2]])
        self.server.stop()
        self.assert_content(mounted, "a.bin", self.versions[0])
        mounted.unmount()
        self.ours("prune", cwd=work)
        self.assertEqual(self.stored(work, *self.versions), [self.versions[2]])

    def test_a_pinned_object_that_the_cache_has_not_got_stays(self):
        work = self.three_versions()
        self.ours("cache", "pin", "--ref", "HEAD~1", "a.bin", cwd=work)
        self.ours("prune", cwd=work)
        self.assertEqual(self.stored(work, *self.versions), self.versions[1:])


class Leftovers(UpkeepTest):
    def test_leftovers_of_killed_processes_are_swept(self):
        work = self.three_versions()
        lfs = work / ".git/lfs"
        oid = sha256(self.versions[2])
        folder = lfs / "objects" / oid[:2] / oid[2:4]
        (lfs / "incomplete").mkdir(exist_ok=True)
        old, young = time.time() - 8 * 24 * 3600, time.time()
        made = {folder / f".new-{oid}": old, folder / (".new-" + "0" * 64): young,
                lfs / "incomplete" / ("1" * 64 + ".part"): old, lfs / "incomplete" / ("2" * 64 + ".part"): young}
        for path, stamp in made.items():
            path.write_bytes(b"half")
            os.utime(path, (stamp, stamp))
        self.ours("prune", "--dry-run", cwd=work)
        self.assertTrue(all(path.exists() for path in made))
        self.ours("prune", cwd=work)
        self.assertEqual([path for path in made if path.exists()],
                         [path for path, stamp in made.items() if stamp == young])


class Gc(UpkeepTest):
    def test_prunes_only_where_configured(self):
        work = self.three_versions()
        self.ours("gc", cwd=work)
        self.assertEqual(self.stored(work, *self.versions), self.versions)
        self.git(work, "config", "lfs.gc.prune", "true")
        report = json.loads(self.ours("gc", "--dry-run", "--json", cwd=work).stdout)
        self.assertEqual(report["repository"]["objects_pruned"], 2)
        self.assertEqual(self.stored(work, *self.versions), self.versions)
        self.ours("gc", cwd=work)
        self.assertEqual(self.stored(work, *self.versions), self.versions[2:])

    def test_auto_waits_its_time(self):
        work = self.three_versions()
        self.assertTrue(json.loads(self.ours("gc", "--auto", "--json", cwd=work).stdout)["ran"])
        self.assertFalse(json.loads(self.ours("gc", "--auto", "--json", cwd=work).stdout)["ran"])
        self.git(work, "config", "lfs.gc.interval", "0")
        self.assertTrue(json.loads(self.ours("gc", "--auto", "--json", cwd=work).stdout)["ran"])

    def test_runs_after_a_fetch_where_configured(self):
        work = self.three_versions()
        self.git(work, "config", "lfs.gc.prune", "true")
        self.ours("fetch", cwd=work)
        self.assertEqual(self.stored(work, *self.versions), self.versions)
        self.git(work, "config", "lfs.gc.auto", "true")
        self.ours("fetch", cwd=work)
        self.assertEqual(self.stored(work, *self.versions), self.versions[2:])

    def test_the_cache_comes_within_its_limit(self):
        work = self.repository({f"{i}.bin": content(400_000, i) for i in range(4)})
        clone = self.clone()
        self.ours("pull", cwd=clone)
        before = json.loads(self.ours("cache", "status", "--json", cwd=work).stdout)
        report = json.loads(self.command("git", "-c", "lfs.cache.size=1m", "lfs", "gc", "--json", cwd=work).stdout)
        after = json.loads(self.ours("cache", "status", "--json", cwd=work).stdout)
        self.assertEqual(report["cache"]["objects_removed"], 2)
        self.assertNotEqual(before, after)


class Dedup(UpkeepTest):
    def file_system(self, kind):
        """A small file system on a loop device, or skips."""
        if os.getuid() != 0 or shutil.which(f"mkfs.{kind}") is None:
            self.skipTest(f"needs root and mkfs.{kind}")
        if kind not in Path("/proc/filesystems").read_text().split():
            self.skipTest(f"this kernel has no {kind}")
        image, point = self.scratch / f"{kind}.img", self.folder(kind)
        with open(image, "wb") as file:
            file.truncate(320 << 20)
        force = "-f"
        subprocess.run([f"mkfs.{kind}", force, image], capture_output=True, check=True)
        if subprocess.run(["mount", "-o", "loop", image, point], capture_output=True, check=False).returncode != 0:
            self.skipTest("cannot mount a loop device")
        return point

    def extents(self, path):
        import array
        import fcntl
        import struct
        header = struct.pack("=QQLLLL", 0, 2**64 - 1, 1, 32, 0, 0)
        buffer = array.array("B", header + bytes(32 * 56))
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            fcntl.ioctl(file.fileno(), 0xC020660B, buffer, True)
        count = struct.unpack_from("=L", buffer, 20)[0]
        return [struct.unpack_from("=QQQ", buffer, 32 + 56 * i)[1] for i in range(count)]

    def check_on(self, kind):
        top = self.file_system(kind)
        data = {"a.bin": content(3_000_000, 1), "d/b.bin": content(70_001, 2), "empty.bin": b""}
        work = top / "w"
        work.mkdir()
        self.git(work, "init", "-q", "-b", "main")
        self.git(work, "lfs", "install", "--local")
        (work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
        self.commit(work, data)
        self.assertIn("OK: ", self.ours("dedup", "--test", cwd=work).stdout)
        (work / "new").write_text("x")
        self.assertIn("Working tree is dirty", self.ours("dedup", cwd=work, check=False).stderr)
        (work / "new").unlink()
        result = self.ours("dedup", cwd=work)
        self.assertIn("Success: a.bin (Size: 3000000)\n", result.stdout)
        self.assertTrue(result.stdout.endswith(
            "\n\nFinished successfully.\n  De-duplicated  size: 3070001 bytes\n                count: 3\n"))
        for name, content_ in data.items():
            self.assertEqual((work / name).read_bytes(), content_)
        oid = sha256(data["a.bin"])
        stored = work / ".git/lfs/objects" / oid[:2] / oid[2:4] / oid
        self.assertEqual(self.extents(work / "a.bin"), self.extents(stored))
        (work / "a.bin").write_bytes(b"changed")
        self.assertEqual(sha256(stored.read_bytes()), oid)
        self.git(work, "checkout", "-q", "a.bin")
        self.assertEqual(self.git(work, "status", "--porcelain").stdout, "")

    def test_files_share_their_blocks_on_btrfs(self):
        self.check_on("btrfs")

    def test_files_share_their_blocks_on_xfs(self):
        self.check_on("xfs")

    def test_hard_links_are_made_of_read_only_files_alone(self):
        work = self.repository({"a.bin": content(5000, 1), "b.bin": content(6000, 2)})
        (work / "a.bin").chmod(0o444)
        result = self.ours("dedup", "--hard-links", cwd=work)
        self.assertIn("Success: a.bin", result.stdout)
        self.assertIn("Skipped: b.bin", result.stderr)
        oid = sha256(content(5000, 1))
        stored = work / ".git/lfs/objects" / oid[:2] / oid[2:4] / oid
        self.assertTrue(os.path.samefile(stored, work / "a.bin"))
        self.assertEqual(stored.stat().st_mode & 0o222, 0)
        # A lock makes it writable, and so gives it bytes of its own.
        (work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text lockable\n")
        self.ours("lock", "a.bin", cwd=work)
        self.assertFalse(os.path.samefile(stored, work / "a.bin"))
        self.assertEqual((work / "a.bin").read_bytes(), content(5000, 1))
        self.assertNotEqual((work / "a.bin").stat().st_mode & 0o200, 0)


class Killed(UpkeepTest):
    """SIGKILL at any moment: what is to be kept is there, whole."""

    def setUp(self):
        super().setUp()
        self.random = random.Random(int(os.environ.get("LAZYLFS_SEED", "1")))

    def kill_during(self, work, *argv):
        def start():
            return subprocess.Popen([PROGRAM, *argv], cwd=work, start_new_session=True,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                    env=environment(self.home, self.cache, self.ours_first))
        begin = time.monotonic()
        start().wait(60)
        duration = time.monotonic() - begin
        for _ in range(TRIALS):
            yield
            child = start()
            time.sleep(self.random.uniform(0, duration))
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait(30)

    def test_prune(self):
        kept = {f"k{i}.bin": content(500, i) for i in range(50)}
        work = self.repository(kept)
        self.commit(work, {"unpushed.bin": b"unpushed"})
        def orphans():
            for i in range(400):
                data = b"orphan %d" % i
                oid = sha256(data)
                path = work / ".git/lfs/objects" / oid[:2] / oid[2:4] / oid
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        orphans()
        wanted = {sha256(data) for data in [*kept.values(), b"unpushed"]}
        for _ in self.kill_during(work, "prune"):
            self.assertLessEqual(wanted, self.objects(work / ".git/lfs"))
            orphans()
        self.ours("prune", cwd=work)
        self.assertEqual(self.objects(work / ".git/lfs"), wanted)
        self.ours("fsck", cwd=work)

    def test_fsck(self):
        files = {f"k{i}.bin": content(20000, i) for i in range(60)}
        work = self.repository(files)
        broken = sha256(files["k7.bin"])
        stored = work / ".git/lfs/objects" / broken[:2] / broken[2:4] / broken
        wanted = {sha256(data) for data in files.values()} - {broken}
        for _ in self.kill_during(work, "fsck"):
            self.assertLessEqual(wanted, self.objects(work / ".git/lfs"))
            stored.unlink(missing_ok=True)
            stored.write_bytes(b"damaged")
        self.ours("fsck", cwd=work, check=False)
        self.assertEqual(self.objects(work / ".git/lfs"), wanted)
        self.assertEqual((work / ".git/lfs/bad" / broken).read_bytes(), b"damaged")


if __name__ == "__main__":
    main()
