#!/usr/bin/env python3
"""A mount equals a checkout made by Debian's git-lfs, whoever reads it and however."""
import os
import unittest

from harness import MIB, MountTest, content, finish_reader, main, sha256, start_reader, wait_until

BIG = content(9 * MIB + 12345, 1)


def sample_files():
    return {
        "big.bin": BIG,
        "empty.bin": b"",
        "one.bin": b"x",
        "block.bin": content(65536, 2),
        "edge.bin": content(65537, 3),
        "two/edges.bin": content(2 * 65536 - 1, 4),
        "plain.txt": b"plain text\n",
        "plain-big.dat": content(5 * MIB, 5),
        "empty.txt": b"",
        "run.sh": lambda path: (path.write_bytes(b"#!/bin/sh\necho hi\n"), path.chmod(0o755)),
        "run.bin": lambda path: (path.write_bytes(content(70000, 6)), path.chmod(0o755)),
        "link": lambda path: path.symlink_to("two/edges.bin"),
        "dangling": lambda path: path.symlink_to("no/such/file"),
        "a b/with space.bin": content(1000, 7),
        "new\nline.bin": content(1001, 8),
        "quote\"'.bin": content(1002, 9),
        os.fsdecode(b"latin-\xe9\xff.bin"): content(1003, 10),
        "/".join(["deep"] * 30) + "/file.bin": content(1004, 11),
        "looks-like-a-pointer.txt": b"version https://git-lfs.github.com/spec/v1\noid sha256:"
                                    + b"a" * 64 + b"\nsize 12\n",
        **{f"many/{i:03}.bin": content(3000 + i, 100 + i) for i in range(150)},
    }


class ContentTest(MountTest):
    def setUp(self):
        super().setUp()
        self.files = sample_files()
        self.work = self.repository(self.files)

    def test_tar_of_the_mount_equals_a_checkout_by_upstream(self):
        checkout = self.checkout_by_upstream()
        mounted = self.mount(self.clone())
        tar = lambda folder: self.command(
            "bash", "-c", "tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner "
            "--exclude=./.git -cf - . | sha256sum", cwd=folder).stdout
        self.assertEqual(tar(mounted.point), tar(checkout))

    def test_a_url_mounts_to_the_same_tree(self):
        checkout = self.checkout_by_upstream()
        mounted = self.mount(self.server.repository_url("repo"))
        self.command("diff", "-r", "--no-dereference", "--exclude=.git", mounted.point, checkout)

    def test_rsync_finds_nothing_to_change_after_its_copy(self):
        mounted = self.mount(self.clone())
        copy = self.folder("copy")
        self.command("rsync", "-rlp", f"{mounted.point}/", copy)
        again = self.command("rsync", "-rlpcni", f"{mounted.point}/", copy)
        self.assertEqual([l for l in again.stdout.splitlines() if not l.startswith(".d")], [])

    def test_every_way_to_read_gives_the_same_bytes(self):
        mounted = self.mount(self.clone())
        self.assert_content(mounted, "big.bin", BIG, block=4096)
        self.assert_content(mounted, "big.bin", BIG, mmap=True)
        self.assert_content(mounted, "big.bin", BIG, direct=True, block=65536)
        for offset in (0, 1, 65535, 65536, 4 * MIB - 7, len(BIG) - 10):
            part = BIG[offset:offset + 70000]
            self.assert_content(mounted, "big.bin", part, offset=offset, length=70000)

    def test_random_reads_of_a_cold_object_are_right(self):
        mounted = self.mount(self.clone())
        for step in range(40):
            offset = (step * 7919 * 4096) % (len(BIG) - 5000)
            self.assert_content(mounted, "big.bin", BIG[offset:offset + 5000], offset=offset,
                                length=5000)

    def test_concurrent_cold_readers_agree(self):
        mounted = self.mount(self.clone())
        readers = [start_reader(mounted.point / "big.bin", block=1 << (12 + i)) for i in range(8)]
        self.assertEqual({finish_reader(r)["sha256"] for r in readers}, {sha256(BIG)})
        downloaded = self.server.stats()["download_bytes"]
        self.assertLessEqual(downloaded, len(BIG) + 65536)

    def test_git_works_in_the_source_clone_while_it_is_mounted(self):
        clone = self.clone()
        mounted = self.mount(clone)
        self.assert_content(mounted, "one.bin", b"x")
        self.assertEqual(self.git(clone, "status", "--porcelain").stdout, "")
        self.git(clone, "fsck", "--no-progress")

    def test_sqlite_reads_a_database_on_the_mount(self):
        database = self.scratch / "sample.db"
        self.command("sqlite3", database, "create table t(a, b); with recursive n(i) as (select 1 "
                     "union all select i + 1 from n where i < 50000) insert into t select i, i * i from n;")
        self.commit(self.work, {"sample.bin": database.read_bytes()}, push=True)
        mounted = self.mount(self.clone())
        told = self.command("sqlite3", f"file:{mounted.point}/sample.bin?immutable=1",
                            "select b from t where a = 40000; pragma integrity_check;").stdout
        self.assertEqual(told.split(), ["1600000000", "ok"])

    def test_numpy_maps_an_array(self):
        script = ("import sys, numpy; numpy.save(sys.argv[1], numpy.arange(300000))",
                  "import sys, numpy; a = numpy.load(sys.argv[1], mmap_mode='r'); print(a[123456], a.sum())")
        array = self.scratch / "a.npy"
        self.command("/usr/bin/python3", "-c", script[0], array)
        self.commit(self.work, {"array.bin": array.read_bytes()}, push=True)
        mounted = self.mount(self.clone())
        told = self.command("/usr/bin/python3", "-c", script[1], mounted.point / "array.bin").stdout
        self.assertEqual(told.split(), ["123456", str(299999 * 300000 // 2)])

    def test_attributes_tell_the_story_of_a_file(self):
        mounted = self.mount(self.clone())
        self.assertEqual(mounted.xattr("user.lfs.oid", "big.bin"), sha256(BIG))
        self.assertEqual(mounted.xattr("user.lfs.size", "big.bin"), str(len(BIG)))
        self.assertEqual(mounted.xattr("user.lfs.state", "big.bin"), "remote")
        mounted.read("big.bin", length=1)
        self.assertEqual(mounted.xattr("user.lfs.state", "big.bin"), "partial")
        mounted.read("big.bin")
        # The last byte is served once it is verified; the move into the store follows at once.
        wait_until(lambda: mounted.xattr("user.lfs.state", "big.bin") == "complete", "completion")
        self.assertEqual(mounted.xattr("user.lfs.cached_bytes", "big.bin"), str(len(BIG)))
        head = self.git(self.work, "rev-parse", "HEAD").stdout.strip()
        self.assertEqual(mounted.xattr("user.lfs.commit", "big.bin"), head)
        self.assertIsNone(mounted.xattr("user.lfs.oid", "plain.txt"))

    def test_equal_content_has_one_inode_and_times_are_the_commits(self):
        self.commit(self.work, {"copy.bin": BIG}, push=True)
        mounted = self.mount(self.clone())
        one, two = (os.stat(mounted.point / name) for name in ("big.bin", "copy.bin"))
        self.assertEqual(one.st_ino, two.st_ino)
        self.assertEqual(one.st_mtime, 1700000000)

    def test_submodules_are_empty_folders(self):
        inner = self.repository({"inner.bin": b"inner"}, name="inner")
        self.git(self.work, "-c", "protocol.file.allow=always", "submodule", "add", "-q",
                 str(inner), "module")
        self.commit(self.work, {}, push=True)
        mounted = self.mount(self.clone())
        self.assertEqual(os.listdir(mounted.point / "module"), [])

    def test_subdir_shows_one_folder(self):
        mounted = self.mount(self.clone(), "--subdir", "two")
        self.assertEqual(sorted(os.listdir(mounted.point)), ["edges.bin"])
        self.assert_content(mounted, "edges.bin", self.files["two/edges.bin"])

    def test_every_write_is_refused_as_read_only(self):
        mounted = self.mount(self.clone())
        for attempt in (f"rm {mounted.point}/one.bin", f"touch {mounted.point}/new",
                        f"mkdir {mounted.point}/d", f"mv {mounted.point}/one.bin {mounted.point}/x",
                        f"chmod 600 {mounted.point}/one.bin", f"echo x >> {mounted.point}/one.bin"):
            told = self.command("sh", "-c", attempt, check=False)
            self.assertNotEqual(told.returncode, 0, attempt)
            self.assertIn("Read-only file system", told.stderr, attempt)


if __name__ == "__main__":
    main()
