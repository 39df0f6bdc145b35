#!/usr/bin/env python3
"""Mounting, following, unmounting, and bad input: one clear line, the right code, nothing left."""
import json
import os
import signal
import time

from harness import PROGRAM, MountTest, Path, content, main, process_lives, wait_until


class LifecycleTest(MountTest):
    def setUp(self):
        super().setUp()
        self.work = self.repository({"a.bin": b"first version", "same.bin": content(70_000, 1)})

    def test_mounts_lists_and_unmount_ends_the_daemon(self):
        mounted = self.mount(self.clone())
        record = mounted.record()
        for key in ("mountpoint", "source", "commit", "pid"):
            self.assertTrue(record[key], key)
        mounted.unmount()
        self.assertFalse(mounted.is_mounted())
        wait_until(lambda: not process_lives(record["pid"]), "the daemon's end")
        self.assertEqual(json.loads(self.ours("mounts", "--json").stdout), [])

    def test_unmount_all(self):
        clone = self.clone()
        mounts = [self.mount(clone, point=f"m{i}") for i in range(3)]
        self.ours("unmount", "--all")
        self.assertFalse(any(m.is_mounted() for m in mounts))

    def test_signals_unmount(self):
        clone = self.clone()
        for number in (signal.SIGTERM, signal.SIGINT):
            mounted = self.mount(clone)
            pid = mounted.pid()
            os.kill(pid, number)
            wait_until(lambda: not process_lives(pid) and not mounted.is_mounted(), "the end")

    def test_a_bare_repository_a_tag_and_a_subfolder_of_a_clone_mount(self):
        self.git(self.work, "tag", "-a", "v1", "-m", "one")
        self.commit(self.work, {"a.bin": b"second version"}, push=True)
        self.git(self.work, "push", "-q", "origin", "v1")
        bare = self.scratch / "bare.git"
        self.command("git", "clone", "-q", "--bare", self.server.repository_url("repo"), bare,
                     upstream=True)
        one = self.mount(bare, "--ref", "v1", point="one")
        two = self.mount(bare, point="two")
        self.assert_content(one, "a.bin", b"first version")
        self.assert_content(two, "a.bin", b"second version")

    def test_follow_moves_to_the_new_commit_and_leaves_no_stale_page(self):
        mounted = self.mount(self.work, "--follow", "--follow-interval", "100ms")
        self.assert_content(mounted, "a.bin", b"first version")
        for version in range(5):
            data = b"version %d" % version
            self.commit(self.work, {"a.bin": data, f"new{version}.bin": data}, push=True)
            head = self.git(self.work, "rev-parse", "HEAD").stdout.strip()
            wait_until(lambda: mounted.xattr("user.lfs.commit", "a.bin") == head, "the new commit")
            self.assert_content(mounted, "a.bin", data)
            self.assert_content(mounted, f"new{version}.bin", data)
        self.assert_content(mounted, "same.bin", content(70_000, 1))

    def test_follow_of_a_url_sees_a_push(self):
        mounted = self.mount(self.server.repository_url("repo"), "--follow", "--follow-interval",
                             "200ms")
        self.assert_content(mounted, "a.bin", b"first version")
        self.commit(self.work, {"a.bin": b"pushed"}, push=True)
        wait_until(lambda: mounted.read("a.bin")["bytes"] == 6, "the pushed commit")

    def test_all_refs_shows_branches_tags_and_commits(self):
        first = self.git(self.work, "rev-parse", "HEAD").stdout.strip()
        self.git(self.work, "tag", "v1")
        self.git(self.work, "branch", "feature/x")
        self.commit(self.work, {"a.bin": b"second"}, push=True)
        mounted = self.mount(self.work, "--all-refs")
        self.assert_content(mounted, "a.bin", b"second")
        for ref in ("v1", "feature/x", first):
            self.assert_content(mounted, f".at/{ref}/a.bin", b"first version")
        self.assertIn("v1", os.listdir(mounted.point / ".at"))

    def test_an_ordinary_user_mounts_through_fusermount(self):
        clone = self.clone()
        user = self.become_user()
        self.command("chown", "-R", f"{user}:{user}", clone)
        mounted = self.mount(clone, user=user)
        self.assert_content(mounted, "same.bin", content(70_000, 1))
        record = mounted.record()
        mounted.unmount()
        wait_until(lambda: not process_lives(record["pid"]), "the daemon's end")

    def test_foreground_serves_until_it_is_told_to_stop(self):
        import subprocess
        point = self.folder("mnt")
        child = subprocess.Popen([PROGRAM, "mount", "--foreground", str(self.clone()), str(point)],
                                 env={**os.environ, "LAZYLFS_CACHE": str(self.cache)},
                                 stderr=subprocess.DEVNULL)
        wait_until(lambda: (point / "a.bin").exists(), "the mount")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(20), 0)
        self.assertFalse((point / "a.bin").exists())


class BadInputTest(MountTest):
    def setUp(self):
        super().setUp()
        self.repository({"a.bin": b"data"})

    def assert_refused(self, result, code, *words):
        self.assertEqual(result.returncode, code, result.stderr)
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        self.assertEqual(len(lines), 1, result.stderr)
        for word in words:
            self.assertIn(word, lines[0])
        mounts = Path("/proc/self/mountinfo").read_text()
        self.assertNotIn(str(self.scratch), mounts)

    def test_a_path_that_is_no_repository(self):
        _, result = self.try_mount(self.folder("plain"))
        self.assert_refused(result, 128, "plain")

    def test_an_unknown_ref(self):
        _, result = self.try_mount(self.clone(), "--ref", "mian")
        self.assert_refused(result, 2, "mian", "main")

    def test_a_missing_mount_point(self):
        result = self.ours("mount", self.clone(), self.scratch / "nowhere", check=False)
        self.assert_refused(result, 2, "nowhere")

    def test_a_mount_point_that_is_a_file(self):
        file = self.scratch / "file"
        file.write_text("")
        result = self.ours("mount", self.clone(), file, check=False)
        self.assert_refused(result, 2, "file")

    def test_a_busy_mount_point(self):
        mounted = self.mount(self.clone())
        _, result = self.try_mount(self.scratch / "clone")
        self.assertEqual(result.returncode, 2)
        self.assertIn("mnt", result.stderr)
        self.assert_content(mounted, "a.bin", b"data")

    def test_a_missing_subdir(self):
        _, result = self.try_mount(self.clone(), "--subdir", "no/such")
        self.assert_refused(result, 2, "no/such")

    def test_a_server_that_refuses_the_clone(self):
        self.server.fault({"kind": "git", "count": 1000}, {"status": 403})
        _, result = self.try_mount(self.server.repository_url("repo"))
        self.assertEqual(result.returncode, 2)
        self.assertTrue(result.stderr.strip())
        left = [path for path in (self.cache / "repos").glob("*") if path.suffix != ".lock"]
        self.assertEqual(left, [])

    def test_a_url_that_nobody_serves(self):
        start = time.monotonic()
        _, result = self.try_mount("http://127.0.0.1:9/x.git")
        self.assertEqual(result.returncode, 2)
        self.assertLess(time.monotonic() - start, 30)

    def test_unmounting_what_is_no_mount(self):
        result = self.ours("unmount", self.folder("plain"), check=False)
        self.assert_refused(result, 2, "plain")

    def test_a_sha256_repository_is_refused_clearly(self):
        folder = self.folder("sha256")
        self.git(folder, "init", "-q", "--object-format=sha256", ".")
        _, result = self.try_mount(folder)
        self.assert_refused(result, 2, "sha256")

    def test_usage_errors_end_with_127(self):
        for arguments in (("nosuch",), ("mount", "--nosuch", "a", "b"), ("mount", "a")):
            result = self.ours(*arguments, check=False)
            self.assertEqual(result.returncode, 127, arguments)
        self.assertIn("mount", self.ours("mont", check=False).stderr)


if __name__ == "__main__":
    main()
