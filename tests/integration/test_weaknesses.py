#!/usr/bin/env python3
"""W1 to W18: the ways in which a rival lazy mount was seen to fail, each by its number, as root and
as an ordinary user. What is about writing holds here because every write is refused."""
import errno
import os
import random
import signal
import time

from harness import (MIB, MountTest, content, finish_reader, main, pointer_text,
                     process_lives, sha256, start_reader, wait_until)

BIG = content(24 * MIB + 4567, 31)


class Weaknesses:
    """The cases; RootTest and UserTest run them."""

    user = None

    def open_mount(self, *options, files=None):
        self.files = files or {"big.bin": BIG, "small.bin": content(90_000, 32)}
        self.repository(self.files)
        self.source = self.clone()
        user = self.become_user() if self.user else None
        if user:
            self.command("chown", "-R", f"{user}:{user}", self.source)
        return self.mount(self.source, *options, user=user)

    def remount(self, *options, point="again"):
        return self.mount(self.source, *options, point=point,
                          user=self.become_user() if self.user else None)

    def test_w1_content_is_served_never_the_pointer(self):
        mounted = self.open_mount()
        for _ in range(3):  # cold, warm, and after the object became a passthrough candidate
            self.assert_content(mounted, "big.bin", BIG)
            self.assert_content(mounted, "small.bin", self.files["small.bin"])
        self.assert_content(mounted, "big.bin", BIG, mmap=True)
        self.assertNotEqual(mounted.read("big.bin", length=134)["sha256"],
                            sha256(pointer_text(BIG)))

    def test_w2_corrupted_bytes_never_reach_a_reader_as_a_whole_file(self):
        mounted = self.open_mount()
        self.server.fault({"kind": "download", "count": 1}, {"corrupt_at": 40_000})
        answer = mounted.read("small.bin")
        self.assertEqual(answer["errno"], errno.EBADMSG)
        wait_until(lambda: mounted.read("small.bin")["errno"] == 0, "a fresh read", 10)
        self.assert_content(mounted, "small.bin", self.files["small.bin"])

    def test_w3_a_kill_during_a_fetch_leaves_nothing_that_is_trusted(self):
        mounted = self.open_mount()
        self.server.config(rate_bytes_per_s=20_000_000)
        reader = start_reader(mounted.point / "big.bin", user=mounted.user)
        wait_until(lambda: self.server.stats()["download_bytes"] > 2 * MIB, "some bytes")
        mounted.kill()
        finish_reader(reader)
        self.server.config(rate_bytes_per_s=0)
        again = self.remount(point="mnt")
        self.assert_content(again, "big.bin", BIG)

    def test_w4_evicted_blocks_read_again_through_the_same_inode(self):
        mounted = self.open_mount("--cache-size", "4MiB")
        rng = random.Random(4)
        offsets = [rng.randrange(len(BIG) // 4096) * 4096 for _ in range(60)]
        for offset in offsets + offsets:
            self.assert_content(mounted, "big.bin", BIG[offset:offset + 4096], offset=offset,
                                length=4096, direct=True, block=4096)

    def test_w5_and_w6_changes_are_refused_not_lost(self):
        mounted = self.open_mount()
        for attempt in ("rm small.bin", "printf x | dd of=small.bin conv=notrunc"):
            told = self.command("sh", "-c", f"cd {mounted.point} && {attempt}", check=False,
                                user=mounted.user)
            self.assertIn("Read-only file system", told.stderr)
        self.assert_content(mounted, "small.bin", self.files["small.bin"])
        self.assertEqual(self.git(self.source, "-c", f"safe.directory={self.source}", "status",
                                  "--porcelain").stdout, "")

    def test_w7_an_append_is_refused_and_the_file_is_whole(self):
        mounted = self.open_mount()
        told = self.command("sh", "-c", f"echo more >> {mounted.point}/small.bin", check=False,
                            user=mounted.user)
        self.assertIn("Read-only file system", told.stderr)
        self.assert_content(mounted, "small.bin", self.files["small.bin"])

    def test_w8_a_server_without_ranges_sends_an_object_once(self):
        mounted = self.open_mount()
        self.server.fault({"kind": "download", "count": 1000}, {"ignore_range": True})
        for offset in (20 * MIB, 5 * MIB, 12 * MIB):
            self.assert_content(mounted, "big.bin", BIG[offset:offset + 4096], offset=offset,
                                length=4096)
        self.assertLessEqual(self.server.stats()["download_bytes"], len(BIG) * 1.02)

    def test_w9_a_503_is_retried(self):
        mounted = self.open_mount("--read-deadline", "5s")
        self.server.fault({"kind": "download", "count": 2}, {"status": 503})
        self.assert_content(mounted, "small.bin", self.files["small.bin"])
        self.server.fault({"kind": "download", "count": 10_000}, {"status": 503})
        self.assertEqual(mounted.read("big.bin")["errno"], errno.ETIMEDOUT)

    def test_w10_a_stalled_server_holds_no_reader_beyond_its_deadline_or_a_signal(self):
        mounted = self.open_mount("--read-deadline", "4s")
        self.server.fault({"kind": "download", "count": 10_000},
                          {"stall_after": 0, "stall_ms": 120_000})
        reader = start_reader(mounted.point / "big.bin", user=mounted.user)
        time.sleep(0.5)
        reader.send_signal(signal.SIGTERM)
        start = time.monotonic()
        reader.wait(5)
        self.assertLess(time.monotonic() - start, 2)
        reader.stdout.close()
        start = time.monotonic()
        self.assertEqual(mounted.read("small.bin")["errno"], errno.ETIMEDOUT)
        self.assertLess(time.monotonic() - start, 20)

    def test_w11_batch_calls_are_shared(self):
        files = {f"d/{i:03}.bin": content(20_000 + i, i) for i in range(200)}
        mounted = self.open_mount(files=files)
        self.server.reset_stats()
        mounted.read("d/000.bin", length=1)
        self.assertEqual(self.server.stats()["batch_calls"], 1)
        for name, data in files.items():
            self.assert_content(mounted, name, data)
        self.assertLessEqual(self.server.stats()["batch_calls"], 3)

    def test_w12_a_random_read_fetches_what_it_needs(self):
        mounted = self.open_mount()
        mounted.read("big.bin", offset=10 * MIB + 8192, length=4096)
        self.assertLessEqual(self.server.stats()["download_bytes"], 128 * 1024 + 65536)
        self.server.reset_stats()
        mounted.read("big.bin", offset=len(BIG) - 100, length=100)
        self.assertLessEqual(self.server.stats()["download_bytes"], 256 * 1024)

    def test_w13_a_sequential_read_does_not_stall_at_every_window(self):
        mounted = self.open_mount()
        self.server.config(latency_ms=20)
        self.assert_content(mounted, "big.bin", BIG)
        requests = self.server.stats()["requests"]["download"]
        self.assertLessEqual(requests, 40)  # windows grow; no request a block
        self.assertLessEqual(self.server.stats()["download_bytes"], len(BIG) + 65536)

    def test_w14_a_second_listing_does_not_reach_the_daemon(self):
        files = {f"d{i // 50}/{i:03}.bin": b"x" * (i + 1) for i in range(300)}
        mounted = self.open_mount(files=files)
        walk = lambda: self.command("find", mounted.point, "-printf", "%s %p\n", user=mounted.user)
        walk(), walk()
        before = mounted.stats()
        walk()
        after = mounted.stats()
        for counter in ("fuse_lookups", "fuse_readdirs"):
            self.assertLessEqual(after[counter] - before[counter], 4, counter)

    def test_w15_a_torn_index_does_not_stop_a_mount(self):
        mounted = self.open_mount()
        mounted.read("small.bin")
        mounted.unmount()
        for suffix in ("-wal", "-shm"):
            (self.cache / f"index.db{suffix}").unlink(missing_ok=True)
        size = (self.cache / "index.db").stat().st_size
        os.truncate(self.cache / "index.db", size - 700)
        again = self.remount()
        self.assert_content(again, "small.bin", self.files["small.bin"])

    def test_w16_sigterm_leaves_no_dead_mount(self):
        mounted = self.open_mount()
        pid = mounted.pid()
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not process_lives(pid) and not mounted.is_mounted(), "a clean end")

    def test_w17_nothing_is_checked_out_and_mounts_share_what_was_fetched(self):
        mounted = self.open_mount()
        self.assert_content(mounted, "big.bin", BIG)
        self.server.reset_stats()
        second = self.remount()
        self.assert_content(second, "big.bin", BIG)
        self.assertEqual(self.server.stats()["download_bytes"], 0)
        self.assertEqual(list((self.source / ".git/lfs").rglob(sha256(BIG)))
                         if (self.source / ".git/lfs").exists() else [], [])

    def test_w18_reads_across_edges_and_past_the_end_have_exact_sizes(self):
        mounted = self.open_mount()
        for offset in (2 * MIB - 10, 65536 - 1, len(BIG) - 5, len(BIG), len(BIG) + 10):
            part = BIG[offset:offset + 300_000]
            self.assert_content(mounted, "big.bin", part, offset=offset, length=300_000,
                                block=1 << 20)


class RootTest(Weaknesses, MountTest):
    pass


class UserTest(Weaknesses, MountTest):
    user = "nobody"


if __name__ == "__main__":
    main()
