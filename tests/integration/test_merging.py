#!/usr/bin/env python3
"""What stands behind pointers, merged and compared by Git: merge-driver and textconv."""
import os

from harness import MountTest, content, main, pointer_text, sha256

DRIVER = "git-lfs merge-driver --ancestor %O --current %A --other %B --marker-size %L --output %A"
BASE = "".join(f"line {n}\n" for n in range(1, 11))


class MergingTest(MountTest):
    def work_tree(self, files):
        """A repository whose *.txt are merged and shown by ours, with `files` committed."""
        work = self.folder("work")
        self.git(work, "init", "-q", "-b", "main")
        self.git(work, "config", "user.name", "t")
        self.git(work, "config", "lfs.locksverify", "false")
        self.git(work, "remote", "add", "origin", self.server.repository_url("work"))
        self.mine(work, "git-lfs", "install", "--local")
        self.git(work, "config", "merge.lfs-text.driver", DRIVER)
        self.git(work, "config", "diff.lfs.textconv", "git-lfs textconv")
        (work / ".gitattributes").write_text("*.txt filter=lfs diff=lfs merge=lfs-text -text\n")
        self.change(work, files)
        return work

    def mine(self, work, *argv, **options):
        return self.command(*argv, cwd=work, **options)

    def change(self, work, files):
        for name, data in files.items():
            (work / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        self.mine(work, "git", "add", "-A")
        self.mine(work, "git", "commit", "-q", "-m", "change")

    def diverge(self, work, ours, theirs):
        self.mine(work, "git", "checkout", "-q", "-b", "other")
        self.change(work, theirs)
        self.mine(work, "git", "checkout", "-q", "main")
        self.change(work, ours)

    def temporaries(self, work):
        return os.listdir(work / ".git/lfs/tmp")


class Merging(MergingTest):
    def test_a_conflict_shows_both_sides_under_their_names(self):
        work = self.work_tree({"a.txt": BASE})
        self.diverge(work, {"a.txt": BASE.replace("line 5", "mine")},
                     {"a.txt": BASE.replace("line 5", "yours")})
        merged = self.mine(work, "git", "merge", "other", check=False)
        self.assertEqual(merged.returncode, 1, merged.stderr)
        self.assertIn("CONFLICT (content): Merge conflict in a.txt", merged.stdout)
        text = (work / "a.txt").read_text()
        self.assertIn("<<<<<<< ours\nmine\n=======\nyours\n>>>>>>> theirs\n", text)
        self.assertEqual(self.temporaries(work), [])

    def test_binary_files_are_a_conflict_that_keeps_ours(self):
        ours = content(50_000, "ours")
        work = self.work_tree({"a.txt": content(50_000, "base")})
        self.diverge(work, {"a.txt": ours}, {"a.txt": content(50_000, "theirs")})
        merged = self.mine(work, "git", "merge", "other", check=False)
        self.assertEqual(merged.returncode, 1, merged.stderr)
        self.assertIn("keeps the current version", merged.stderr)
        self.assertEqual((work / "a.txt").read_bytes(), ours)

    def test_objects_that_are_not_here_are_downloaded(self):
        work = self.work_tree({"a.txt": BASE})
        self.diverge(work, {"a.txt": BASE.replace("line 2", "mine")},
                     {"a.txt": BASE.replace("line 9", "yours")})
        self.mine(work, "git", "push", "-q", "origin", "main", "other")
        clone = self.folder("clone")
        self.command("git", "clone", "-q", self.server.repository_url("work"), clone,
                     env={"GIT_LFS_SKIP_SMUDGE": "1"})
        self.mine(clone, "git-lfs", "install", "--local")
        self.git(clone, "config", "user.name", "t")
        self.git(clone, "config", "merge.lfs-text.driver", DRIVER)
        self.mine(clone, "git", "merge", "-q", "origin/other", "-m", "merged")
        self.assertEqual((clone / "a.txt").read_text(),
                         BASE.replace("line 2", "mine").replace("line 9", "yours"))

    def test_an_object_that_cannot_be_had_leaves_the_current_version(self):
        work = self.work_tree({"a.txt": BASE})
        lost = pointer_text(b"never stored")
        for name, text in (("o", b"o\n"), ("a", b"a\n"), ("b", lost)):
            (work / name).write_bytes(text)
        said = self.mine(work, "git-lfs", "merge-driver", "--ancestor", "o", "--current", "a", "--other", "b",
                         "--output", "a", check=False)
        self.assertEqual(said.returncode, 2)
        self.assertIn(sha256(b"never stored"), said.stderr)
        self.assertEqual((work / "a").read_bytes(), b"a\n")
        self.assertEqual(self.temporaries(work), [])

    def test_a_program_cannot_change_the_store_and_sees_awkward_names(self):
        work = self.work_tree({"it's a.txt": BASE})
        self.git(work, "config", "merge.lfs-text.driver",
                 DRIVER + " --program 'echo scribble >>%%O; cat %%A %%B >%%D; echo said'")
        self.diverge(work, {"it's a.txt": "mine\n"}, {"it's a.txt": "yours\n"})
        merged = self.mine(work, "git", "merge", "-q", "other", "-m", "merged")
        self.assertIn("said", merged.stderr)
        self.assertEqual((work / "it's a.txt").read_text(), "mine\nyours\n")
        self.mine(work, "git-lfs", "fsck")


class Comparing(MergingTest):
    def test_a_diff_shows_content(self):
        work = self.work_tree({"a.txt": BASE})
        self.change(work, {"a.txt": BASE.replace("line 5", "changed")})
        for words in (("show",), ("log", "-p", "-1"), ("diff", "HEAD~1")):
            said = self.mine(work, "git", *words).stdout
            self.assertIn("\n-line 5\n+changed\n", said, words)
        (work / "a.txt").write_text(BASE)
        self.assertIn("\n-changed\n+line 5\n", self.mine(work, "git", "diff").stdout)

    def test_binary_and_large_content_is_described(self):
        binary, large = content(5000, "b"), b"text\n" * 1000
        work = self.work_tree({"a.txt": binary, "b.txt": large})
        for path, words, said in (
                ("a.txt", (), f"Git LFS file, binary: 5.0 KB (5000 bytes)\noid sha256:{sha256(binary)}\n"),
                ("b.txt", ("--max-size", "4k"),
                 f"Git LFS file, large: 5.0 KB (5000 bytes)\noid sha256:{sha256(large)}\n"),
                ("b.txt", ("--max-size=5000",), large.decode())):
            (work / "pointer").write_bytes((work / path).read_bytes())
            self.assertEqual(self.mine(work, "git-lfs", "textconv", *words, path).stdout, said)
            (work / "pointer").write_bytes(pointer_text((work / path).read_bytes()))
            self.assertEqual(self.mine(work, "git-lfs", "textconv", *words, "pointer").stdout, said)

    def test_what_is_not_here_is_fetched_or_described(self):
        work = self.work_tree({"a.txt": BASE})
        elsewhere = b"elsewhere\n"
        self.server.put(elsewhere)
        (work / "p").write_bytes(pointer_text(elsewhere))
        (work / "lost").write_bytes(pointer_text(b"lost\n"))
        described = "Git LFS file, not downloaded: 10 B (10 bytes)\n"
        said = self.mine(work, "git-lfs", "textconv", "--no-download", "p")
        self.assertTrue(said.stdout.startswith(described), said.stdout)
        said = self.mine(work, "git-lfs", "textconv", "p", env={"GIT_LFS_SKIP_SMUDGE": "1"})
        self.assertTrue(said.stdout.startswith(described), said.stdout)
        self.assertEqual(self.mine(work, "git-lfs", "textconv", "p").stdout, elsewhere.decode())
        said = self.mine(work, "git-lfs", "textconv", "lost")
        self.assertIn("not downloaded", said.stdout)
        self.assertIn(sha256(b"lost\n"), said.stderr)

    def test_large_content_is_not_downloaded_to_be_described(self):
        work = self.work_tree({"a.txt": BASE})
        big = b"x" * 20_000
        self.server.put(big)
        (work / "p").write_bytes(pointer_text(big))
        self.server.reset_stats()
        said = self.mine(work, "git-lfs", "textconv", "--max-size", "10k", "p").stdout
        self.assertIn("large", said)
        self.assertFalse((work / ".git/lfs/objects" / sha256(big)[:2]).exists())


if __name__ == "__main__":
    main()
