#!/usr/bin/env python3
"""ls-files, status and checkout: what ours prints and does is what upstream's prints and does."""
import os
import re
import shutil

from harness import MountTest, Path, content, main, pointer_text, sha256


class Comparison(MountTest):
    """Each scenario runs in two copies of one folder, by upstream's program and by ours."""

    def compare(self, work, *commands, cwd="", prepare=None, env=None):
        """Runs `git lfs <command>` for each of `commands` in a copy; returns our last result."""
        results = {}
        for upstream in (True, False):
            copy = self.scratch / "copy"
            shutil.copytree(work, copy, symlinks=True)
            self.git(copy, "update-index", "-q", "--refresh", check=False)
            if prepare:
                prepare(copy)
            told = []
            for command in commands:
                result = self.command("git", "lfs", *command, cwd=copy / cwd, upstream=upstream,
                                      check=False, env=env)
                told.append((command, result.returncode, result.stdout,
                             re.sub(r"logs/\d+T[\d.]+log", "logs/LOG", result.stderr)))
            results[upstream] = (told, self.state_of(copy))
            shutil.rmtree(copy)
        self.assertEqual(results[True], results[False])
        return results[False][0][-1]

    @staticmethod
    def state_of(folder):
        """Every file of the work tree: its mode and content."""
        state = {}
        for parent, folders, names in os.walk(os.fsencode(folder)):
            if b".git" in folders:
                folders.remove(b".git")
            for name in names:
                path = os.path.join(parent, name)
                status = os.lstat(path)
                data = os.readlink(path) if os.path.islink(path) else Path(os.fsdecode(path)).read_bytes()
                state[path] = (oct(status.st_mode), data if len(data) < 200 else sha256(data))
        return state

    def setUp(self):
        super().setUp()
        self.maxDiff = None
        self.work = self.repository({
            "a.bin": b"a", "dir/b.bin": b"bb", "dir/same.bin": b"a", "with space.bin": b"ccc",
            "empty.bin": b"", "plain.txt": b"plain\n", "dir/sub/deep.bin": content(5000, 1),
        })


class ListingTest(Comparison):
    def test_the_options_of_ls_files(self):
        for options in ((), ("-l",), ("-s",), ("-n",), ("-n", "-s"), ("-d",), ("--json",),
                        ("-a",), ("--deleted",), ("-I", "dir"), ("-X", "dir"),
                        ("-I", "*.bin", "-X", "*.bin"), ("-I", "nothing", "--json"), ("HEAD",)):
            with self.subTest(options):
                self.compare(self.work, ("ls-files", *options))

    def test_ls_files_in_a_folder_below_the_root(self):
        self.compare(self.work, ("ls-files",), ("ls-files", "-s", "HEAD"), cwd="dir")

    def test_ls_files_of_history_and_of_ranges(self):
        self.commit(self.work, {"a.bin": b"changed", "new.bin": b"new"})
        self.git(self.work, "rm", "-q", "with space.bin")
        self.git(self.work, "mv", "dir/b.bin", "moved.bin")
        self.git(self.work, "commit", "-q", "-m", "three")
        self.git(self.work, "tag", "v1", "HEAD~1")
        for command in (("ls-files",), ("ls-files", "-a"), ("ls-files", "--deleted"),
                        ("ls-files", "v1"), ("ls-files", "HEAD~2", "HEAD"),
                        ("ls-files", "HEAD", "HEAD~2"), ("ls-files", "-l", "v1~", "v1")):
            with self.subTest(command):
                self.compare(self.work, command)

    def test_ls_files_of_what_is_staged_or_missing(self):
        def prepare(copy):
            (copy / "dir/b.bin").unlink()
            (copy / "staged.bin").write_bytes(b"staged")
            self.git(copy, "add", "staged.bin")
            self.git(copy, "mv", "a.bin", "renamed.bin")
            self.git(copy, "rm", "-q", "--cached", "with space.bin")
        self.compare(self.work, ("ls-files",), ("ls-files", "-a"), prepare=prepare)

    def test_a_pointer_in_the_work_tree_is_marked(self):
        def prepare(copy):
            (copy / "a.bin").write_bytes(pointer_text(b"a"))
        self.compare(self.work, ("ls-files",), ("ls-files", "-d"), prepare=prepare)

    def test_wrong_uses_of_ls_files(self):
        for command in (("ls-files", "--all", "HEAD"), ("ls-files", "--", "--all"),
                        ("ls-files", "--deleted", "HEAD", "HEAD")):
            with self.subTest(command):
                self.compare(self.work, command)
        self.assertEqual(self.ours("ls-files", "nosuch", cwd=self.work, check=False).returncode, 2)

    def test_names_that_need_care(self):
        names = ["tab\there.bin", "new\nline.bin", "quote\"d.bin", "'s.bin", "\udcff.bin", "ä.bin", "-x.bin", "[a].bin"]
        self.commit(self.work, {name: name.encode("utf-8", "surrogateescape") for name in names})
        self.compare(self.work, ("ls-files",), ("ls-files", "-l", "HEAD"))
        listed = self.ours("ls-files", "-n", cwd=self.work).stdout
        for name in names:
            self.assertIn(name + "\n", listed)

    def test_status_of_a_clean_work_tree(self):
        self.compare(self.work, ("status",), ("status", "-p"), ("status", "--json"))

    def test_status_of_every_kind_of_change(self):
        def prepare(copy):
            (copy / "a.bin").write_bytes(b"other")
            (copy / "plain.txt").write_bytes(b"other\n")
            (copy / "dir/b.bin").unlink()
            (copy / "new.bin").write_bytes(b"new")
            (copy / "staged.txt").write_bytes(b"text\n")
            self.git(copy, "add", "new.bin", "staged.txt")
            self.git(copy, "mv", "dir/sub/deep.bin", "deep.bin")
            self.git(copy, "rm", "-q", "with space.bin")
            (copy / "untracked.bin").write_bytes(b"u")
        self.compare(self.work, ("status",), ("status", "-p"), ("status", "--json"), prepare=prepare)
        self.compare(self.work, ("status",), ("status", "-p"), ("status", "--json"), prepare=prepare,
                     cwd="dir")

    def test_status_when_a_staged_file_changes_again(self):
        def prepare(copy):
            (copy / "a.bin").write_bytes(b"second")
            self.git(copy, "add", "a.bin")
            (copy / "a.bin").write_bytes(b"third")
            os.chmod(copy / "dir/b.bin", 0o755)
        self.compare(self.work, ("status",), ("status", "-p"), ("status", "--json"), prepare=prepare)

    def test_status_tells_what_is_to_be_pushed(self):
        self.git(self.work, "branch", "-q", "--set-upstream-to=origin/main")
        self.commit(self.work, {"later.bin": b"later", "dir/b.bin": b"BB"})
        self.compare(self.work, ("status",))

    def test_status_of_a_detached_head_and_of_a_branch_without_commits(self):
        self.compare(self.work, ("status",), prepare=lambda copy: self.git(copy, "checkout", "-q", "--detach"))

        def orphan(copy):
            self.git(copy, "checkout", "-q", "--orphan", "fresh")
        self.compare(self.work, ("status",), ("status", "-p"), ("status", "--json"), ("ls-files",), prepare=orphan)

    def test_status_is_not_fooled_by_a_touched_file(self):
        def prepare(copy):
            os.utime(copy / "a.bin")
            os.utime(copy / "plain.txt")
        told = self.compare(self.work, ("status", "-p"), prepare=prepare)
        self.assertEqual(told[2], "")

    def test_status_sees_a_change_that_keeps_the_size(self):
        def prepare(copy):
            before = os.stat(copy / "a.bin")
            (copy / "a.bin").write_bytes(b"b")
            os.utime(copy / "a.bin", ns=(before.st_atime_ns, before.st_mtime_ns - 10**10))
        told = self.compare(self.work, ("status", "-p"), prepare=prepare)
        self.assertEqual(told[2], " M a.bin\n")

    def test_status_sees_a_folder_that_became_a_link(self):
        def prepare(copy):
            (copy / "dir").rename(copy / "elsewhere")
            (copy / "dir").symlink_to("elsewhere")
        self.compare(self.work, ("status", "-p"), prepare=prepare)

    def test_commands_outside_of_a_work_tree(self):
        self.compare(self.work, ("status",), ("ls-files",), ("checkout",), cwd=".git")
        bare = self.scratch / "bare.git"
        self.git(self.scratch, "clone", "-q", "--bare", self.work, bare)
        for command in ("status", "ls-files", "checkout"):
            theirs = self.command("git", "lfs", command, cwd=bare, upstream=True, check=False)
            ours = self.command("git", "lfs", command, cwd=bare, check=False)
            self.assertEqual((theirs.returncode, theirs.stdout), (ours.returncode, ours.stdout))


class CheckoutTest(Comparison):
    @staticmethod
    def to_pointers(copy, *names):
        for name in names:
            path = copy / name
            data = path.read_bytes()
            path.write_bytes(pointer_text(data))

    def test_pointers_and_missing_files_become_content(self):
        def prepare(copy):
            self.to_pointers(copy, "a.bin", "dir/sub/deep.bin")
            (copy / "dir/b.bin").unlink()
            (copy / "empty.bin").unlink()
        told = self.compare(self.work, ("checkout",), prepare=prepare)
        self.assertIn("Checking out LFS objects: 100% (6/6)", told[2])

    def test_the_index_knows_what_was_written(self):
        self.to_pointers(self.work, "a.bin", "dir/sub/deep.bin")
        shutil.rmtree(self.work / "dir")
        self.command("git", "lfs", "checkout", cwd=self.work)
        for name in ("a.bin", "dir/b.bin", "dir/sub/deep.bin"):
            stamp = self.git(self.work, "ls-files", "--debug", name).stdout
            status = os.stat(self.work / name)
            self.assertIn(f"mtime: {status.st_mtime_ns // 10**9}:{status.st_mtime_ns % 10**9}\n", stamp)
            self.assertIn(f"size: {status.st_size}\t", stamp)
            self.assertIn(f"ino: {status.st_ino}\n", stamp)
        self.assertEqual(self.git(self.work, "status", "--porcelain").stdout, "")
        self.assertEqual((self.work / "dir/b.bin").read_bytes(), b"bb")

    def test_changed_files_are_left_alone(self):
        def prepare(copy):
            (copy / "a.bin").write_bytes(b"mine")
            (copy / "dir/b.bin").write_bytes(pointer_text(b"another object"))
            (copy / "with space.bin").unlink()
            (copy / "with space.bin").symlink_to("a.bin")
        self.compare(self.work, ("checkout",), prepare=prepare)

    def test_what_was_deleted_on_purpose_stays_deleted(self):
        # Later versions of upstream do so; 3.3.0 wrote the file and then failed to add it.
        self.git(self.work, "rm", "-q", "a.bin")
        self.command("git", "lfs", "checkout", cwd=self.work)
        self.assertFalse((self.work / "a.bin").exists())

    def test_objects_that_are_not_here_are_named(self):
        def prepare(copy):
            self.to_pointers(copy, "a.bin", "dir/b.bin", "dir/same.bin")
            (copy / "with space.bin").unlink()
            shutil.rmtree(copy / "dir/sub")
            shutil.rmtree(copy / ".git/lfs/objects")
        told = self.compare(self.work, ("checkout",), prepare=prepare)
        self.assertIn('Skipped checkout for "a.bin", content not local', told[3])

    def test_paths_and_patterns(self):
        def prepare(copy):
            self.to_pointers(copy, "a.bin", "dir/b.bin", "dir/same.bin", "dir/sub/deep.bin")
        for words, cwd in ((("a.bin",), ""), (("dir",), ""), (("dir/*.bin",), ""), (("b.bin",), "dir"),
                           (("sub",), "dir"), (("../a.bin",), "dir"), ((".",), "dir"), ((".",), ""),
                           (("nosuch",), "")):
            with self.subTest(words=words, cwd=cwd):
                self.compare(self.work, ("checkout", *words), prepare=prepare, cwd=cwd)

    def test_no_link_is_followed_out_of_the_work_tree(self):
        outside = self.folder("outside")

        def prepare(copy):
            shutil.rmtree(copy / "dir")
            (copy / "dir").symlink_to(outside)
        prepare(self.work)
        result = self.command("git", "lfs", "checkout", cwd=self.work, check=False)
        self.assertEqual(list(outside.iterdir()), [])
        self.assertIn('Checkout error trying to check path for "dir/b.bin": not a directory: "dir": not a directory',
                      result.stderr)

    def test_a_hard_link_to_the_pointer_keeps_its_content(self):
        def prepare(copy):
            self.to_pointers(copy, "a.bin")
            os.link(copy / "a.bin", copy / "other name")
        self.compare(self.work, ("checkout",), prepare=prepare)

    def test_the_sides_of_a_conflict(self):
        self.git(self.work, "checkout", "-q", "-b", "theirs")
        self.commit(self.work, {"a.bin": b"their side"})
        self.git(self.work, "checkout", "-q", "main")
        self.commit(self.work, {"a.bin": b"our side"})
        self.git(self.work, "merge", "theirs", check=False)

        def prepare(copy):
            (copy / "link").symlink_to("plain.txt")
            (copy / "folder").mkdir()
        for side in ("base", "ours", "theirs"):
            for target in ("out", "new/folder/out", "link", "folder", "plain.txt"):
                with self.subTest(side=side, target=target):
                    self.compare(self.work, ("checkout", "--to", target, f"--{side}", "a.bin"), prepare=prepare)
        self.compare(self.work, ("checkout", "--to", "../out", "--ours", "../a.bin"), cwd="dir")
        for words in (("--to", "out", "--ours"), ("--to", "out", "a.bin"), ("--ours", "a.bin"),
                      ("--to", "out", "--ours", "--theirs", "a.bin"), ("--to", "out", "--ours", "a.bin", "b.bin")):
            with self.subTest(words):
                self.compare(self.work, ("checkout", *words))

    def test_without_an_installed_filter_nothing_is_written(self):
        def prepare(copy):
            self.to_pointers(copy, "a.bin")
            self.git(copy, "config", "--remove-section", "filter.lfs")
        self.compare(self.work, ("checkout",), prepare=prepare)


if __name__ == "__main__":
    main()
