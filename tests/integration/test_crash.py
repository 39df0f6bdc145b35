#!/usr/bin/env python3
"""SIGKILL at random moments, a full disk, a torn index, several processes on one cache."""
import errno
import json
import os
import random
import shutil
import subprocess
import time

from harness import (MIB, PROGRAM, MountTest, content, finish_reader, main, sha256, start_reader,
                     wait_until)

ROUNDS = int(os.environ.get("LAZYLFS_CRASH_ROUNDS", "50"))


class CrashTest(MountTest):
    def test_nothing_is_lost_or_invented_when_the_daemon_is_killed_under_load(self):
        files = {f"f{i}.bin": content(2 * MIB + i * 4321, 40 + i) for i in range(4)}
        files.update({f"small/{i:02}.bin": content(30_000 + i, 80 + i) for i in range(20)})
        self.repository(files)
        clone = self.clone()
        self.server.config(rate_bytes_per_s=30_000_000, latency_ms=1)
        random_moment = random.Random(11)
        for round_ in range(ROUNDS):
            mounted = self.mount(clone)
            pid = mounted.pid()
            readers = [start_reader(mounted.point / name, block=random_moment.choice([4096, 131072]))
                       for name in random_moment.sample(sorted(files), 6)]
            time.sleep(random_moment.random() * 0.15)
            os.kill(pid, 9)
            for reader in readers:
                finish_reader(reader)  # an error is fine, a hang is not
            wait_until(lambda: not os.path.exists(f"/proc/{pid}") or not mounted_by(pid), "death")
            if round_ % 10 == 9:  # content dropped now and then, so that fetching goes on
                self.ours("cache", "evict", sha256(files["f0.bin"]), check=False)
        self.server.config(rate_bytes_per_s=0, latency_ms=0)
        mounted = self.mount(clone)
        for name, data in files.items():
            self.assert_content(mounted, name, data)
        self.ours("cache", "verify")

    def test_a_dead_daemons_mount_point_is_healed_by_the_next_mount(self):
        self.repository({"a.bin": b"hello"})
        clone = self.clone()
        mounted = self.mount(clone)
        mounted.kill()
        listed = json.loads(self.ours("mounts", "--json").stdout)
        self.assertFalse(any(m["alive"] for m in listed))
        again = self.mount(clone)
        self.assert_content(again, "a.bin", b"hello")

    def test_a_dead_daemons_mount_can_be_unmounted(self):
        self.repository({"a.bin": b"hello"})
        mounted = self.mount(self.clone())
        mounted.kill()
        mounted.unmount()
        self.assertFalse(mounted.is_mounted())


def mounted_by(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class IndexTest(MountTest):
    def setUp(self):
        super().setUp()
        self.data = content(MIB, 5)
        self.repository({"a.bin": self.data, "b.bin": content(3 * MIB, 6)})
        self.source = self.clone()
        mounted = self.mount(self.source)
        self.assert_content(mounted, "a.bin", self.data)
        mounted.read("b.bin", length=100_000)
        mounted.unmount()
        self.server.reset_stats()

    def check_all_is_well(self):
        mounted = self.mount(self.source)
        self.assert_content(mounted, "a.bin", self.data)
        self.assert_content(mounted, "b.bin", content(3 * MIB, 6))
        rows = json.loads(self.ours("cache", "ls", "--json").stdout)
        self.assertIn(sha256(self.data), [row["oid"] for row in rows])
        self.assertLessEqual(self.server.stats()["download_bytes"], 3 * MIB + 65536)

    def remove_journal(self):
        for suffix in ("-wal", "-shm"):
            (self.cache / f"index.db{suffix}").unlink(missing_ok=True)

    def test_a_truncated_index_is_rebuilt(self):
        self.remove_journal()
        os.truncate(self.cache / "index.db", 1000)
        self.check_all_is_well()

    def test_an_overwritten_index_is_rebuilt(self):
        self.remove_journal()
        (self.cache / "index.db").write_bytes(content(40_000, 9))
        self.check_all_is_well()

    def test_a_lost_index_is_rebuilt(self):
        self.remove_journal()
        (self.cache / "index.db").unlink()
        self.check_all_is_well()

    def test_a_page_torn_in_the_middle_of_the_index_loses_nothing(self):
        self.remove_journal()
        size = (self.cache / "index.db").stat().st_size
        with open(self.cache / "index.db", "r+b") as file:
            file.seek(max(4096, size // 2))
            file.write(content(4096, 10))
        self.check_all_is_well()


class SharedCacheTest(MountTest):
    def test_two_mounts_and_a_command_fetch_an_object_once(self):
        data = content(24 * MIB, 7)
        self.repository({"a.bin": data})
        self.server.config(rate_bytes_per_s=60_000_000, latency_ms=5)
        one = self.mount(self.clone(), point="one")
        two = self.mount(self.clone(into="clone2"), point="two")
        prefetch = subprocess.Popen([PROGRAM, "prefetch", str(two.point / "a.bin")],
                                    env={**os.environ, "LAZYLFS_CACHE": str(self.cache)},
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        readers = [start_reader(m.point / "a.bin") for m in (one, two, one, two)]
        self.assertEqual({finish_reader(r)["sha256"] for r in readers}, {sha256(data)})
        self.assertEqual(prefetch.wait(60), 0)
        self.assertLessEqual(self.server.stats()["download_bytes"], len(data) * 1.05)
        kept = list((self.cache / "objects").rglob(sha256(data)))
        self.assertEqual(len(kept), 1)

    def test_an_object_larger_than_the_cache_limit_reads_right_and_stays_within_it(self):
        data = content(24 * MIB, 8)
        self.repository({"a.bin": data})
        mounted = self.mount(self.clone(), "--cache-size", "8MiB")
        self.assert_content(mounted, "a.bin", data)
        for step in range(20):
            offset = (step * 5 * MIB + step * 4096) % (len(data) - 4096)
            self.assert_content(mounted, "a.bin", data[offset:offset + 4096], offset=offset,
                                length=4096)
        wait_until(lambda: self.bytes_on_disk() <= 12 * MIB, "the cache to shrink")

    def bytes_on_disk(self):
        total = 0
        for folder in ("objects", "partial"):
            for path in (self.cache / folder).rglob("*"):
                try:
                    total += path.stat().st_blocks * 512 if path.is_file() else 0
                except FileNotFoundError:
                    pass
        return total

    def test_the_least_recently_used_object_goes_first_and_pins_stay(self):
        files = {f"{c}.bin": content(2 * MIB, ord(c)) for c in "abcde"}
        self.repository(files)
        mounted = self.mount(self.clone())
        for name in files:  # one at a time: an object also counts as used when it is stored
            self.assert_content(mounted, name, files[name])
            wait_until(lambda: list((self.cache / "objects").rglob(sha256(files[name]))), "storing")
            time.sleep(0.1)
        self.ours("cache", "pin", mounted.point / "a.bin")
        mounted.unmount()
        told = self.ours("cache", "gc", "--json", env={
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "lfs.cache.size", "GIT_CONFIG_VALUE_0": "7MiB"})
        self.assertEqual(json.loads(told.stdout)["objects_removed"], 2)
        rows = json.loads(self.ours("cache", "ls", "--json").stdout)
        complete = {row["oid"] for row in rows if row["state"] == "complete"}
        self.assertEqual(complete, {sha256(files[f"{c}.bin"]) for c in "ade"})

    def test_a_full_disk_is_enospc_and_nothing_else(self):
        if os.getuid() != 0:
            self.skipTest("needs root to mount a small disk")
        disk = self.folder("disk")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk], check=True)
        data = content(24 * MIB, 9)
        small = content(100_000, 10)
        self.repository({"a.bin": data, "b.bin": small})
        cache = disk / "cache"
        mounted = self.mount(self.clone(), env={"LAZYLFS_CACHE": str(cache)})
        self.cache = cache
        answer = mounted.read("a.bin")
        self.assertIn(answer["errno"], (0, errno.ENOSPC))
        if answer["errno"] == 0:
            self.assertEqual(answer["sha256"], sha256(data))
        self.assert_content(mounted, "b.bin", small)
        mounted.unmount()
        subprocess.run(["umount", "-l", disk], check=False)


class CacheCommandTest(MountTest):
    def setUp(self):
        super().setUp()
        self.data = content(MIB, 12)
        self.oid = sha256(self.data)
        self.repository({"a.bin": self.data, "sub/b.bin": content(50_000, 13)})
        self.mounted = self.mount(self.clone())

    def read_and_wait_until_listed(self):
        """The index learns of what a mount fetched within two seconds."""
        self.assert_content(self.mounted, "a.bin", self.data)
        wait_until(lambda: self.oid in [
            row["oid"] for row in json.loads(self.ours("cache", "ls", "--json").stdout)
            if row["state"] == "complete"], "the index")

    def test_prefetch_fills_the_cache_and_path_names_the_file(self):
        self.ours("prefetch", self.mounted.point / "a.bin")
        path = self.ours("cache", "path", self.oid).stdout.strip()
        with open(path, "rb") as file:
            self.assertEqual(file.read(), self.data)
        self.server.reset_stats()
        self.assert_content(self.mounted, "a.bin", self.data)
        self.assertEqual(self.server.stats()["download_bytes"], 0)

    def test_prefetch_of_a_pattern_in_a_clone(self):
        self.ours("prefetch", "*.bin", cwd=self.scratch / "clone")
        totals = json.loads(self.ours("cache", "status", "--json").stdout)
        self.assertEqual(totals["complete"], 2)

    def test_evicted_content_is_fetched_again(self):
        self.read_and_wait_until_listed()
        self.ours("cache", "evict", self.oid)
        rows = json.loads(self.ours("cache", "ls", "--json").stdout)
        self.assertNotIn(self.oid, [r["oid"] for r in rows if r["state"] == "complete"])
        second = self.mount(self.scratch / "clone", point="second")
        self.assert_content(second, "a.bin", self.data)

    def test_a_pinned_object_is_not_evicted(self):
        self.read_and_wait_until_listed()
        self.ours("cache", "pin", self.oid)
        self.assertEqual(self.ours("cache", "evict", self.oid, check=False).returncode, 2)
        self.ours("cache", "unpin", self.oid)
        self.ours("cache", "evict", self.oid)

    def test_verify_finds_a_byte_that_changed_on_disk(self):
        self.read_and_wait_until_listed()
        self.mounted.unmount()
        path = self.ours("cache", "path", self.oid).stdout.strip()
        with open(path, "r+b") as file:
            file.seek(300_000)
            file.write(bytes([self.data[300_000] ^ 1]))
        self.assertEqual(self.ours("cache", "verify", check=False).returncode, 1)
        again = self.mount(self.scratch / "clone", point="again")
        self.assert_content(again, "a.bin", self.data)
        self.assertEqual(self.ours("cache", "verify", check=False).returncode, 0)

    def test_gc_of_a_healthy_cache_removes_nothing(self):
        self.assert_content(self.mounted, "a.bin", self.data)
        told = json.loads(self.ours("cache", "gc", "--json").stdout)
        self.assertEqual(told["objects_removed"], 0)
        self.assert_content(self.mounted, "a.bin", self.data)


if __name__ == "__main__":
    main()
