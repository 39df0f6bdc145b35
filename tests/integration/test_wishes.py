#!/usr/bin/env python3
"""What users of Git LFS ask for: tracking by size, one path of a ref, limits, resumed uploads."""
import json
import os
import pty
import re
import subprocess
import time

from harness import MIB, MountTest, content, environment, main, sha256


class WishesTest(MountTest):
    def work_tree(self, name="work"):
        work = self.folder(name)
        self.git(work, "init", "-q", "-b", "main")
        self.git(work, "config", "user.name", "t")
        self.git(work, "config", "lfs.locksverify", "false")
        self.git(work, "config", "lfs.cache.share", "false")
        self.git(work, "remote", "add", "origin", self.server.repository_url(name))
        self.mine(work, "git-lfs", "install", "--local")
        return work

    def mine(self, work, *argv, **options):
        return self.command(*argv, cwd=work, **options)

    def has(self, work, data):
        oid = sha256(data)
        return (work / ".git/lfs/objects" / oid[:2] / oid[2:4] / oid).exists()


class Tracking(WishesTest):
    def test_large_files_are_tracked_by_name_and_only_once(self):
        work = self.work_tree()
        names = ["big", "it's [1] big.psd", "d/deep", "#hash"]
        (work / "d").mkdir()
        for name in names:
            (work / name).write_bytes(content(20_000, name))
        (work / "small").write_bytes(b"small")
        self.mine(work, "git", "add", "-A")
        self.mine(work, "git", "commit", "-q", "-m", "as blobs")
        dry = self.mine(work, "git-lfs", "track", "--above", "20k", "--dry-run", "--json")
        self.assertEqual(json.loads(dry.stdout), {"files": []})
        dry = self.mine(work, "git-lfs", "track", "--above=20kB", "--dry-run", "--json")
        self.assertEqual({f["path"]: f["size"] for f in json.loads(dry.stdout)["files"]},
                         dict.fromkeys(names, 20_000))
        self.assertFalse((work / ".gitattributes").exists())

        self.mine(work, "git-lfs", "track", "--above", "20kB")
        before = (work / ".gitattributes").read_bytes()
        again = self.mine(work, "git-lfs", "track", "--above", "20kB")
        self.assertEqual((again.stdout, again.stderr), ("", "No file of that size is untracked.\n"))
        self.assertEqual((work / ".gitattributes").read_bytes(), before)
        self.mine(work, "git", "add", "-A")
        listed = self.mine(work, "git-lfs", "ls-files", "-n").stdout.splitlines()
        self.assertEqual(sorted(listed), sorted(names))

    def test_a_name_too_long_for_a_line_is_told(self):
        work = self.work_tree()
        deep = "/".join(["d" * 250] * 9) + "/a.bin"
        (work / deep).parent.mkdir(parents=True)
        for name in (deep, "b.bin"):
            (work / name).write_bytes(content(20_000, name))
        said = self.mine(work, "git-lfs", "track", "--above", "10k", check=False)
        self.assertEqual((said.returncode, said.stdout), (1, 'Tracking "b.bin" (20 KB)\n'))
        self.assertIn("Git would ignore so long a line", said.stderr)
        self.assertEqual((work / ".gitattributes").read_text(),
                         "/b.bin filter=lfs diff=lfs merge=lfs -text\n")

    def test_patterns_choose_among_large_files(self):
        work = self.work_tree()
        for name in ("a.psd", "b.txt"):
            (work / name).write_bytes(content(20_000, name))
        said = self.mine(work, "git-lfs", "track", "--above", "10k", "*.psd").stdout
        self.assertEqual(said, 'Tracking "a.psd" (20 KB)\n')
        wrong = self.mine(work, "git-lfs", "track", "--above", "ten", check=False)
        self.assertEqual(wrong.returncode, 127)


class OnePath(WishesTest):
    files = {"a.bin": content(3000, "a"), "d/b.bin": content(3000, "b"), "d/e/c.bin": content(3000, "c"),
             "other.bin": content(3000, "o"), "plain.txt": b"text"}

    def setUp(self):
        super().setUp()
        self.source = self.repository(self.files)
        self.git(self.source, "tag", "v1")
        self.git(self.source, "push", "-q", "origin", "v1")
        self.commit(self.source, {"a.bin": content(3000, "newer")}, push=True)
        self.work = self.clone()
        self.git(self.work, "config", "lfs.cache.share", "false")

    def here(self):
        return {name for name, data in self.files.items() if self.has(self.work, data)}

    def fetch(self, *refs, **options):
        return self.mine(self.work, "git-lfs", "fetch", "origin", *refs, **options)

    def test_one_file_of_a_ref_is_fetched_alone(self):
        self.fetch("v1:a.bin")
        self.assertEqual(self.here(), {"a.bin"})

    def test_a_folder_of_a_ref_is_fetched_alone(self):
        self.fetch("v1:d/")
        self.assertEqual(self.here(), {"d/b.bin", "d/e/c.bin"})

    def test_settings_that_leave_the_path_out_do_not_count(self):
        self.git(self.work, "config", "lfs.fetchexclude", "*.bin")
        self.mine(self.work / "d", "git-lfs", "fetch", "origin", "main:./b.bin")
        self.assertEqual(self.here(), {"d/b.bin"})

    def test_what_is_not_there_is_an_error(self):
        for ref, said in (("v1:nosuch", "path 'nosuch' does not exist in 'v1'"),
                          ("v1:d/nosuch/x", "path 'd/nosuch/x' does not exist in 'v1'"),
                          ("v1:plain.txt", "'plain.txt' in 'v1' is no Git LFS file")):
            result = self.fetch(ref, check=False)
            self.assertEqual(result.returncode, 2)
            self.assertIn(said, result.stderr)
        for words in (("--all", "origin", "v1:a.bin"), ("-I", "x", "origin", "v1:a.bin")):
            result = self.mine(self.work, "git-lfs", "fetch", *words, check=False)
            self.assertEqual(result.returncode, 2)
            self.assertIn("Cannot combine <ref>:<path>", result.stderr)


class Bandwidth(WishesTest):
    rate = 4_000_000

    def timed(self, work, *argv):
        self.git(work, "config", "lfs.transfer.maxbandwidth", "4MB")
        begun = time.monotonic()
        self.mine(work, *argv)
        return time.monotonic() - begun

    def assert_held(self, seconds, data_bytes):
        self.assertGreater(seconds, 0.8 * data_bytes / self.rate)
        self.assertLess(seconds, 3 * data_bytes / self.rate + 4)

    def test_the_limit_holds_for_all_transfers_together(self):
        files = {f"{n}.bin": content(1_000_000, n) for n in range(10)}
        work = self.work_tree()
        self.mine(work, "git-lfs", "track", "*.bin")
        for name, data in files.items():
            (work / name).write_bytes(data)
        self.mine(work, "git", "add", "-A")
        self.mine(work, "git", "commit", "-q", "-m", "files")
        self.assert_held(self.timed(work, "git", "push", "-q", "origin", "main"), 10_000_000)
        clone = self.clone("work")
        self.git(clone, "config", "lfs.cache.share", "false")
        self.assert_held(self.timed(clone, "git-lfs", "fetch"), 10_000_000)
        self.assertTrue(all(self.has(clone, data) for data in files.values()))

    def test_the_limit_holds_for_a_mount(self):
        data = content(10_000_000, "mounted")
        self.repository({"a.bin": data})
        clone = self.clone()
        self.git(clone, "config", "lfs.transfer.maxbandwidth", "4MB")
        mounted = self.mount(clone)
        begun = time.monotonic()
        self.assert_content(mounted, "a.bin", data)
        self.assert_held(time.monotonic() - begun, len(data))


class HugeObjects(WishesTest):
    data = content(40 * MIB + 12345, "huge")

    def setUp(self):
        super().setUp()
        self.repository({"huge.bin": self.data})
        self.work = self.clone()
        for key, value in (("lfs.cache.share", "false"), ("lfs.transfer.rangesminsize", "10M"),
                           ("lfs.transfer.maxretrydelay", "1")):
            self.git(self.work, "config", key, value)
        self.server.reset_stats()

    def fetch(self, **options):
        return self.mine(self.work, "git-lfs", "fetch", **options)

    def ranges(self):
        log = self.server.admin("GET", "log")
        return [e["headers"].get("range") for e in log if e["kind"] == "download"]

    def part(self):
        return self.work / ".git/lfs/incomplete" / f"{sha256(self.data)}.part"

    def test_it_comes_over_several_connections(self):
        self.server.config(rate_bytes_per_s=10 * MIB)
        self.fetch()
        self.assertTrue(self.has(self.work, self.data))
        self.assertEqual(len(self.ranges()), 6)
        self.assertEqual(self.server.stats()["max_concurrent_downloads"], 4)
        self.assertFalse(self.part().exists())

    def test_one_connection_is_enough_where_that_is_wished(self):
        self.git(self.work, "config", "lfs.transfer.rangeconnections", "1")
        self.fetch()
        self.assertEqual(self.ranges(), [None])

    def test_a_server_that_ignores_ranges_sends_it_once(self):
        self.server.fault({"kind": "download", "count": 0}, {"ignore_range": True})
        self.fetch()
        self.assertTrue(self.has(self.work, self.data))
        self.assertEqual(len(self.ranges()), 1)

    def test_connections_that_break_are_made_up_for(self):
        for nth in (2, 4):
            self.server.fault({"kind": "download", "nth": nth}, {"reset_after": 3_000_000})
        self.fetch()
        self.assertTrue(self.has(self.work, self.data))
        asked = sum(int(b) - int(a) + 1 for a, b in
                    (re.match(r"bytes=(\d+)-(\d+)", r).groups() for r in self.ranges()))
        self.assertLessEqual(asked, len(self.data) + 2 * 8 * MIB)  # each time what that piece lacked

    def test_wrong_ranges_lead_back_to_one_connection(self):
        self.server.fault({"kind": "download", "nth": 3}, {"wrong_range": "shifted"})
        self.fetch()
        self.assertTrue(self.has(self.work, self.data))

    def test_corrupt_pieces_never_reach_the_store(self):
        self.server.fault({"kind": "download", "count": 1}, {"corrupt_at": 20_000_000})
        self.fetch()
        stored = self.work / ".git/lfs/objects" / sha256(self.data)[:2] / sha256(self.data)[2:4] / sha256(self.data)
        self.assertEqual(sha256(stored.read_bytes()), sha256(self.data))

    def test_a_killed_fetch_is_continued(self):
        self.server.config(rate_bytes_per_s=5 * MIB)
        child = subprocess.Popen(["git-lfs", "fetch"], cwd=self.work, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL,
                                 env=environment(self.home, self.cache, self.ours_first))
        deadline = time.monotonic() + 30
        while not (self.part().exists() and self.part().stat().st_size >= 8 * MIB):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        child.kill()
        child.wait()
        have = self.part().stat().st_size
        self.assertEqual(self.part().read_bytes(), self.data[:have])  # a beginning, without holes
        self.server.config(rate_bytes_per_s=0)
        self.server.reset_stats()
        self.fetch()
        self.assertTrue(self.has(self.work, self.data))
        first = min(int(re.match(r"bytes=(\d+)-", r).group(1)) for r in self.ranges())
        self.assertGreater(first, 0)


class ResumedUploads(WishesTest):
    def test_an_upload_that_was_cut_goes_on_where_the_server_stands(self):
        data = content(3_000_000, "up")
        work = self.work_tree()
        self.git(work, "config", "lfs.tustransfers", "true")
        self.mine(work, "git-lfs", "track", "*.bin")
        (work / "a.bin").write_bytes(data)
        self.mine(work, "git", "add", "-A")
        self.mine(work, "git", "commit", "-q", "-m", "file")
        self.server.fault({"kind": "upload", "nth": 2}, {"cut_upload_after": 1_000_000, "reset_after": 0})
        said = self.mine(work, "git", "push", "origin", "main", env={"GIT_TRANSFER_TRACE": "1"})
        self.assertEqual(self.server.object_path(sha256(data)).read_bytes(), data)
        self.assertIn("uploading", said.stderr)
        self.assertRegex(said.stderr, r'xfer: tus.io resuming upload "[0-9a-f]{64}" from 1000000')
        log = [e for e in self.server.admin("GET", "log") if e["kind"] == "upload"]
        methods = [e["method"] for e in log]  # libcurl may send the one that was reset twice
        self.assertEqual((methods[:2], methods[-2:]), (["HEAD", "PATCH"], ["HEAD", "PATCH"]))
        self.assertEqual(log[-1]["headers"]["upload-offset"], "1000000")
        self.assertEqual(self.server.stats()["received_bytes"], 2_000_000)


class Silence(WishesTest):
    def test_an_agent_that_hangs_is_given_up(self):
        for name, body in (("at once", "sleep 60"), ("later", "read x; echo {}; sleep 60")):
            with self.subTest(name):
                work = self.work_tree(name.replace(" ", "-"))
                agent = self.scratch / "agent"
                agent.write_text(f"#!/bin/sh\n{body}\n")
                agent.chmod(0o755)
                for key, value in (("lfs.customtransfer.slow.path", str(agent)),
                                   ("lfs.standalonetransferagent", "slow"),
                                   ("lfs.activitytimeout", "1")):
                    self.git(work, "config", key, value)
                self.mine(work, "git-lfs", "track", "*.bin")
                (work / "a.bin").write_bytes(b"data")
                self.mine(work, "git", "add", "-A")
                self.mine(work, "git", "commit", "-q", "-m", "file")
                begun = time.monotonic()
                pushed = self.mine(work, "git-lfs", "push", "origin", "main", check=False,
                                   env={"GIT_TRANSFER_TRACE": "1"})
                self.assertEqual(pushed.returncode, 2)
                self.assertIn("it said nothing for 1 seconds", pushed.stderr)
                self.assertIn("xfer: Aborting worker process", pushed.stderr)
                self.assertLess(time.monotonic() - begun, 20)


class Progress(WishesTest):
    def on_terminal(self, *argv, cwd=None):
        """What `argv` shows on a terminal."""
        leader, follower = pty.openpty()
        child = subprocess.Popen(argv, cwd=cwd or self.scratch, stdin=follower, stdout=follower,
                                 stderr=follower, start_new_session=True,
                                 env={**environment(self.home, self.cache, self.ours_first),
                                      "GIT_LFS_SKIP_SMUDGE": "0"})
        os.close(follower)
        shown = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # how a terminal ends
                break
            if not piece:
                break
            shown += piece
        os.close(leader)
        self.assertEqual(child.wait(60), 0, shown)
        return shown.decode()

    def test_clone_and_pull_show_objects_arriving(self):
        files = {f"{n}.bin": content(2 * MIB, n) for n in range(4)}
        source = self.repository(files)
        self.mine(self.scratch, "git-lfs", "install")
        self.command("git", "config", "--global", "lfs.cache.share", "false")
        self.server.config(rate_bytes_per_s=2 * MIB)
        shown = self.on_terminal("git", "clone", self.server.repository_url("repo"), "onto-tty")
        self.assertRegex(shown, r"Downloading LFS objects: +\d+% \(\d/4\), .*B/s")
        self.assertRegex(shown, r"Downloading LFS objects: 100% \(4/4\), .*, done\.")
        self.commit(source, {"0.bin": content(2 * MIB, "new")}, push=True)
        shown = self.on_terminal("git", "pull", cwd=self.scratch / "onto-tty")
        self.assertRegex(shown, r"Downloading LFS objects: 100% \(1/1\), .*, done\.")

    def test_what_is_quick_or_watched_by_nobody_shows_nothing(self):
        self.repository({"a.bin": content(1000, "a")})
        self.mine(self.scratch, "git-lfs", "install")
        shown = self.on_terminal("git", "clone", self.server.repository_url("repo"), "quick")
        self.assertNotIn("Downloading", shown)
        self.server.config(rate_bytes_per_s=1000, latency_ms=300)
        said = self.command("git", "clone", self.server.repository_url("repo"), "unwatched")
        self.assertNotIn("LFS objects", said.stderr)


if __name__ == "__main__":
    main()
