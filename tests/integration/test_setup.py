#!/usr/bin/env python3
"""install, update, track and untrack, beside Debian's git-lfs."""
import os
import shutil
import stat
import subprocess
import unittest

from both import Base

HOOKS = ("pre-push", "post-checkout", "post-commit", "post-merge")
OLD_GUARD = ("#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || {{ echo >&2 \"\\nThis repository is "
             "configured for Git LFS but 'git-lfs' was not found on your path. If you no longer "
             "wish to use Git LFS, remove this hook by deleting '.git/hooks/{0}'.\\n\"; exit 2; }}"
             "\ngit lfs {0} \"$@\"")


class Install(Base):
    def test_the_global_scope_is_the_default(self):
        self.same("git", "lfs", "install")
        self.assertEqual(self.config_of_both("../home/.gitconfig"),
                         ["filter.lfs.clean=git-lfs clean -- %f",
                          "filter.lfs.process=git-lfs filter-process",
                          "filter.lfs.required=true",
                          "filter.lfs.smudge=git-lfs smudge -- %f"])
        for hook in HOOKS:
            self.assertTrue(os.access(self.ours.path(f".git/hooks/{hook}"), os.X_OK), hook)

    def test_every_scope_and_skip_smudge(self):
        for flags in (["--local"], ["--worktree"], ["--local", "--skip-smudge"],
                      ["--skip-smudge", "--force"], ["--skip-repo"], ["--force", "--skip-repo"]):
            with self.subTest(flags):
                self.same("git", "lfs", "install", *flags)
                self.config_of_both(".git/config")
                self.config_of_both("../home/.gitconfig")
        for flags in (["--local"], ["--local"], ["--worktree"], ["--skip-repo"]):
            theirs, ours = self.each("git", "lfs", "uninstall", *flags)
            self.assertEqual(ours[:2], theirs[:2])
            self.assertEqual(ours[2], "")  # theirs complains of hooks that are gone
            self.config_of_both(".git/config")
            self.config_of_both("../home/.gitconfig")

    def test_the_system_scope(self):
        system = "../home/system"
        for command in ("install", "uninstall"):
            for side in self.sides:
                code, out, err = side.run("git", "lfs", command, "--system", "--skip-repo",
                                          GIT_CONFIG_SYSTEM=str(side.root / "home/system"),
                                          GIT_CONFIG_NOSYSTEM="0")
                self.assertEqual((code, err), (0, ""), out)
            self.config_of_both(system)
        self.assertIn("System Git LFS configuration has been removed.", out)

    def test_a_file_may_be_named(self):
        target = str(self.base / "named")
        self.assertEqual(self.ours.run("git", "lfs", "install", "--file", target, "--skip-repo"),
                         (0, "Git LFS initialized.\n", ""))
        _, text, _ = self.ours.run("git", "config", "--file", target, "--list")
        self.assertIn("filter.lfs.process=git-lfs filter-process", text)
        self.assertEqual(self.ours.run("git", "lfs", "uninstall", "--file", target, "--skip-repo"),
                         (0, "Global Git LFS configuration has been removed.\n", ""))

    def test_only_one_scope(self):
        code, _, err = self.ours.run("git", "lfs", "install", "--local", "--system")
        self.assertEqual((code, err),
                         (2, "Only one of the --local, --system, --worktree, and --file options "
                             "can be specified.\n"))

    def test_outside_of_a_repository(self):
        for flags in ([], ["--local"], ["--worktree"], ["hooks"]):
            self.same("git", "lfs", "install", *flags, cwd="home")
        for flags in ([], ["--local"], ["hooks"]):
            self.same("git", "lfs", "uninstall", *flags, cwd="home")

    def test_foreign_settings_stay_without_force(self):
        self.each("git", "config", "--global", "filter.lfs.clean", "mine %f")
        code, out, _ = self.same("git", "lfs", "install")
        self.assertEqual(code, 2)
        self.assertIn("should be", out)
        # Nothing is written then; theirs writes the others, in any order.
        self.assertEqual(self.ours.run("git", "config", "--global", "--list")[1],
                         "filter.lfs.clean=mine %f\n")
        self.same("git", "lfs", "install", "--force")
        self.config_of_both("../home/.gitconfig")

    def test_settings_of_earlier_versions_are_upgraded(self):
        for name, old in (("clean", "git-lfs clean %f"), ("smudge", "git-lfs smudge %f"),
                          ("smudge", "git-lfs smudge --skip %f"), ("process", "git-lfs filter"),
                          ("process", "git-lfs filter --skip")):
            self.each("git", "config", "--global", f"filter.lfs.{name}", old)
            self.same("git", "lfs", "install")
            self.config_of_both("../home/.gitconfig")

    def test_foreign_hooks(self):
        self.write(".git/hooks/pre-push", "\n\t#!/bin/sh\n\techo mine\n")
        self.same("git", "lfs", "install")
        self.same("git", "lfs", "update", files=[".git/hooks/pre-push"])
        self.same("git", "lfs", "install", "hooks")
        self.same("git", "lfs", "uninstall", "hooks")
        self.same("git", "lfs", "update", "--force")
        self.assertIn(b"git lfs pre-push", self.ours.read(".git/hooks/pre-push"))
        # Debian's writes a hook that Git will not run.
        self.assertTrue(os.access(self.ours.path(".git/hooks/pre-push"), os.X_OK))
        self.same("git", "lfs", "update", "--force", "--manual")

    def test_hooks_of_earlier_versions_are_replaced(self):
        bodies = ["#!/bin/sh\ngit lfs push --stdin $*", "#!/bin/sh\ngit lfs push --stdin \"$@\"",
                  "#!/bin/sh\ngit lfs pre-push \"$@\"", "", OLD_GUARD.format("pre-push"),
                  OLD_GUARD.format("pre-push").replace("'.git/hooks/pre-push'",
                                                       ".git/hooks/pre-push")]
        for body in bodies:
            self.write(".git/hooks/pre-push", body)
            self.same("git", "lfs", "update")
            self.assertIn(b"printf >&2", self.ours.read(".git/hooks/pre-push"))

    def test_the_other_programs_hooks_are_known(self):
        """Ours replaces theirs and removes theirs."""
        self.each("git", "lfs", "update")
        for hook in HOOKS:
            shutil.copy(self.theirs.path(f".git/hooks/{hook}"),
                        self.ours.path(f".git/hooks/{hook}"))
        self.assertEqual(self.ours.run("git", "lfs", "update"), (0, "Updated Git hooks.\n", ""))
        self.assertIn(b"printf >&2", self.ours.read(".git/hooks/post-merge"))
        shutil.copy(self.theirs.path(".git/hooks/pre-push"), self.ours.path(".git/hooks/pre-push"))
        self.ours.run("git", "lfs", "uninstall")
        self.assertEqual([h for h in HOOKS if self.ours.path(f".git/hooks/{h}").exists()], [])

    def test_the_hook_itself(self):
        self.each("git", "lfs", "install", "--local")
        hook = self.ours.path(".git/hooks/post-commit")
        done = subprocess.run([hook], env={"PATH": "/nowhere"}, capture_output=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"\nThis repository is configured for Git LFS but 'git-lfs' was not found",
                      done.stderr)

    def test_core_hookspath(self):
        self.each("git", "config", "core.hooksPath", "my hooks")
        self.same("git", "lfs", "update")
        self.assertEqual(sorted(os.listdir(self.ours.path("my hooks"))), sorted(HOOKS))
        self.each("git", "config", "core.hooksPath", "~/theirs")
        self.same("git", "lfs", "update")
        self.assertTrue((self.ours.root / "home/theirs/pre-push").exists())

    def test_a_linked_work_tree_shares_the_hooks(self):
        self.each("git", "commit", "-q", "--allow-empty", "-m", "x")
        self.each("git", "worktree", "add", "-q", "../tree")
        self.same("git", "lfs", "update", cwd="tree")
        self.assertTrue(self.ours.path(".git/hooks/pre-push").exists())

    def test_access_settings_are_brought_up_to_date(self):
        self.each("git", "config", "lfs.https://a.example/x.access", "private")
        self.each("git", "config", "lfs.https://b.example/.access", "basic")
        self.same("git", "lfs", "update")
        self.each("git", "config", "lfs.https://c.example/.access", "bogus")
        self.same("git", "lfs", "update")
        self.config_of_both(".git/config")
        # Kept, though Debian's removes what it writes itself.
        self.ours.run("git", "config", "lfs.https://d.example/.access", "negotiate")
        self.assertEqual(self.ours.run("git", "lfs", "update"), (0, "Updated Git hooks.\n", ""))


class Repository(Base):
    def test_commands_outside_of_a_repository(self):
        for words in (["track"], ["track", "x"], ["untrack", "x"], ["update"]):
            code, out, err = self.same("git", "lfs", *words, cwd="home")
            self.assertEqual((code, out, err), (128, "Not in a Git repository.\n", ""))

    def test_commands_that_need_a_work_tree(self):
        self.each("git", "init", "-q", "--bare", "../bare")
        for cwd in ("bare", "work/.git"):
            code, out, _ = self.same("git", "lfs", "track", "x", cwd=cwd)
            self.assertEqual((code, out), (128, "This operation must be run in a work tree.\n"))

    def test_the_format_version_is_written_and_checked(self):
        self.same("git", "lfs", "track")
        self.config_of_both(".git/config")
        self.each("git", "config", "lfs.repositoryformatversion", "1")
        code, out, _ = self.same("git", "lfs", "update")
        self.assertEqual((code, out), (128, "Unknown repository format version: 1\n"))

    def test_a_repository_that_cannot_be_written(self):
        if os.geteuid() == 0:
            self.skipTest("root may write everything")
        self.ours.path(".git").chmod(0o500)
        try:
            self.assertEqual(self.ours.run("git", "lfs", "track"), (0, "", ""))
        finally:
            self.ours.path(".git").chmod(0o700)

    def test_unsafe_keys_of_lfsconfig_are_told(self):
        self.write(".lfsconfig", "[lfs]\n\tfoo = 3\n\turl = https://x.example/\n")
        code, _, err = self.same("git", "lfs", "track")
        self.assertEqual(code, 0)
        self.assertEqual(err, "warning: These unsafe '.lfsconfig' keys were ignored:\n\n  lfs.foo\n")

    def test_an_unsafe_directory_shows_gits_advice(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a folder away")
        for path in [self.ours.path("."), self.ours.path(".git")]:
            os.chown(path, 12345, 12345)
        code, out, err = self.ours.run("git", "lfs", "track")
        self.assertEqual((code, err), (128, ""))
        self.assertIn("fatal: detected dubious ownership in repository", out)
        self.assertIn("safe.directory", out)


class Track(Base):
    def track(self, *words, **options):
        return self.same("git", "lfs", "track", *words, files=[".gitattributes"], **options)

    def test_patterns_are_added_once(self):
        for words in ([], ["--json"], ["*.bin"], ["*.bin"], ["--lockable", "*.bin"], ["-l", "*.bin"],
                      [], ["*.bin"], ["--not-lockable", "*.bin"], ["dir/"], ["a b.dat"], ["#x"],
                      ['"q"'], ["!neg"], ["a b.dat", "#x"], ["./x.y"], ["/abs"], ["/abs"],
                      ["--filename", "f[1]*?.x"], ["--filename", "f[1]*?.x"],
                      ["--lockable", "--not-lockable", "y"], ["grün"], [], ["--no-excluded"],
                      ["--json"], ["--json", "--no-excluded"], ["--json", "x"]):
            with self.subTest(words):
                self.track(*words)

    def test_sub_folders(self):
        for side in self.sides:
            side.path("sub/dir").mkdir(parents=True)
        for words in (["*.sub"], ["./dot.sub"], ["sub/x"], ["/abs"], ["*.sub"], ["/abs"], []):
            self.same("git", "lfs", "track", *words, cwd="work/sub",
                      files=["sub/.gitattributes"])
        self.same("git", "lfs", "track", "sub/*.sub")
        self.same("git", "lfs", "track")

    def test_every_kind_of_line_is_listed(self):
        self.write(".gitattributes",
                   "*.a filter=lfs diff=lfs merge=lfs -text\n*.no -filter\n*.un !filter\n"
                   "*.loc lockable\n[attr]mac filter=lfs lockable\n*.mac mac\n*.oth filter=foo\n"
                   '"quo ted.x" filter=lfs\n# comment\n*.txt text\n')
        for words in ([], ["--no-excluded"], ["--json"]):
            self.track(*words)

    def test_line_ends(self):
        self.write(".gitattributes", "# comment\n*.a text\n*.b filter=lfs -text")
        self.track("*.c")
        self.write(".gitattributes", "*.a text\r\n*.b filter=lfs\r\n*.z text\n")
        self.track("*.c")
        for side in self.sides:
            side.path(".gitattributes").unlink()
        self.each("git", "config", "core.autocrlf", "true")
        self.track("*.c")

    def test_blank_lines_stay(self):
        self.ours.path(".gitattributes").write_text("*.a text\n\n\n*.b text\n")
        self.ours.run("git", "lfs", "track", "*.c")
        self.assertEqual(self.ours.read(".gitattributes"),
                         b"*.a text\n\n\n*.b text\n*.c filter=lfs diff=lfs merge=lfs -text\n")

    def test_an_escape_of_the_users_own(self):
        self.ours.path("project [1].psd").write_bytes(b"x")
        self.assertEqual(self.ours.run("git", "lfs", "track", r"project \[1\].psd")[0], 0)
        self.assertIn(b"project[[:space:]]\\[1\\].psd filter=lfs", self.ours.read(".gitattributes"))
        _, out, _ = self.ours.run("git", "check-attr", "filter", "project [1].psd")
        self.assertIn("filter: lfs", out)

    def test_files_in_the_index_are_touched(self):
        self.write("a.bin", "x")
        self.write("b c.bin", "y")
        self.write("sub/d.bin", "z")
        self.each("git", "add", ".")
        self.each("git", "commit", "-qm", "x")
        for side in self.sides:
            for name in ("a.bin", "b c.bin", "sub/d.bin"):
                os.utime(side.path(name), (1, 1))
        self.track("-v", "*.bin")
        for name in ("a.bin", "b c.bin", "sub/d.bin"):
            self.assertGreater(self.ours.path(name).stat().st_mtime, 1000, name)
        self.track("-v", "*.bin")
        self.track("--no-modify-attrs", "-v", "*.bin")

    def test_a_dry_run_changes_nothing(self):
        self.write("a.bin", "x")
        self.each("git", "add", ".")
        os.utime(self.ours.path("a.bin"), (1, 1))
        code, out, _ = self.ours.run("git", "lfs", "track", "--dry-run", "*.bin")
        self.assertEqual((code, out), (0, 'Tracking "*.bin"\nTouching "a.bin"\n'))
        self.assertIsNone(self.ours.read(".gitattributes"))
        self.assertEqual(self.ours.path("a.bin").stat().st_mtime, 1)

    def test_lockable_files_become_read_only(self):
        self.write("d/a.l", "1")
        self.write("b.l", "2")
        self.each("git", "add", ".")
        self.each("git", "commit", "-qm", "x")

        def modes():
            found = [[stat.S_IMODE(side.path(name).stat().st_mode) for name in ("d/a.l", "b.l")]
                     for side in self.sides]
            self.assertEqual(found[1], found[0])
            return found[1]
        self.track("--lockable", "*.l")
        self.assertFalse(any(mode & 0o222 for mode in modes()))
        self.track("--not-lockable", "*.l")
        self.assertTrue(all(mode & 0o200 for mode in modes()))
        self.same("git", "lfs", "track", "-l", "a.l", cwd="work/d", files=["d/.gitattributes"])
        self.assertFalse(self.ours.path("d/a.l").stat().st_mode & 0o222)
        self.same("git", "lfs", "track", "-l", "b.l", GIT_LFS_SET_LOCKABLE_READONLY="0")
        self.assertTrue(self.ours.path("b.l").stat().st_mode & 0o200)

    def test_gits_own_files_are_not_tracked(self):
        self.write(".gitattributes", "*.a text\n")
        self.write(".lfsconfig", "[lfs]\n\turl = https://x.example/\n")
        self.each("git", "add", ".")
        for pattern, file in ((".gitattributes", ".gitattributes"), (".lfs*", ".lfsconfig")):
            code, out, err = self.ours.run("git", "lfs", "track", pattern)
            self.assertEqual((code, err), (1, ""))
            self.assertEqual(out, f'Tracking "{pattern}"\nPattern \'{pattern}\' matches forbidden '
                                  f"file '{file}'. If you would like to track {file}, modify "
                                  "'.gitattributes' manually.\n")
        self.assertEqual(self.ours.run("git", "lfs", "track", ".gitattributes", "*.zz")[0], 0)
        self.assertEqual(self.ours.read(".gitattributes"),
                         b"*.a text\n*.zz filter=lfs diff=lfs merge=lfs -text\n")

    def test_a_linked_attributes_file_is_refused(self):
        victim = self.base / "victim"
        victim.write_text("precious\n")
        self.ours.path(".gitattributes").symlink_to(victim)
        self.assertEqual(self.ours.run("git", "lfs", "track", "*.bin")[0], 2)
        self.assertEqual(victim.read_text(), "precious\n")

    def test_untrack(self):
        self.same("git", "lfs", "untrack")
        self.same("git", "lfs", "untrack", "*.bin")
        self.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n\n*.bin text\n"
                                     "a[[:space:]]b filter=lfs\n\\#x filter=lfs\n*.c filter=lfs\n")
        for words in (["nonesuch"], ["*.bin"], ["a b", "#x"], ["*.bin"]):
            self.same("git", "lfs", "untrack", *words, files=[".gitattributes"])

    def test_hooks_are_installed_silently_unless_told_otherwise(self):
        self.track("*.a", GIT_LFS_TRACK_NO_INSTALL_HOOKS="1")
        self.assertFalse(self.ours.path(".git/hooks/pre-push").exists())
        self.write(".git/hooks/pre-push", "echo mine\n")
        self.track("*.b")
        self.same("git", "lfs", "untrack", "*.b", files=[".git/hooks/pre-push"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
