#!/usr/bin/env python3
"""install, track, env and their like, beside Debian's git-lfs: the same steps through both programs.

Where upstream's later versions, or a decision written in docs/compatibility.md, differ from
Debian's 3.3.0, the step says what is expected instead of comparing.
"""
import os
import re
import shutil
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import PROGRAM, ROOT, UPSTREAM

HOOKS = ("pre-push", "post-checkout", "post-commit", "post-merge")
OLD_GUARD = ("#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || {{ echo >&2 \"\\nThis repository is "
             "configured for Git LFS but 'git-lfs' was not found on your path. If you no longer "
             "wish to use Git LFS, remove this hook by deleting '.git/hooks/{0}'.\\n\"; exit 2; }}"
             "\ngit lfs {0} \"$@\"")


class Side:
    """One program, its home and its work folder. Paths look the same for both: a symbolic link
    leads to the side whose turn it is."""

    def __init__(self, base, name, program):
        self.name = name
        self.root = base / name
        self.shown = base / "x"
        (self.root / "home").mkdir(parents=True)
        (self.root / "bin").mkdir()
        (self.root / "bin/git-lfs").symlink_to(program)
        (self.root / "work").mkdir()

    def environment(self, extra):
        kept = {k: v for k, v in os.environ.items()
                if not k.startswith(("GIT_", "LAZYLFS_", "LC_", "XDG_"))}
        return {**kept, "PATH": f"{self.root}/bin:/usr/bin:/bin", "HOME": str(self.root / "home"),
                "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1",
                "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.com",
                "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.com", **extra}

    def run(self, *words, cwd="work", **extra):
        done = subprocess.run(words, cwd=self.root / cwd, env=self.environment(extra),
                              capture_output=True, timeout=60, check=False)
        def clean(text):
            text = text.decode(errors="replace").replace(str(self.root), "<root>")
            return re.sub(r"\d{8}T\d{6}\.\d+", "<time>", text)
        return done.returncode, clean(done.stdout), clean(done.stderr)

    def path(self, name):
        return self.root / "work" / name

    def read(self, name):
        path = self.path(name)
        return path.read_bytes() if path.is_file() else None


class Base(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        if not Path(UPSTREAM).exists():
            self.skipTest("Debian's git-lfs is not installed")
        self.base = Path(tempfile.mkdtemp(prefix="lazylfs-setup-"))
        self.theirs = Side(self.base, "theirs", UPSTREAM)
        self.ours = Side(self.base, "ours", PROGRAM)
        self.sides = (self.theirs, self.ours)
        self.each("git", "init", "-q", ".")

    def tearDown(self):
        shutil.rmtree(self.base)

    def each(self, *words, **options):
        """A step whose outcome is not compared."""
        return [side.run(*words, **options) for side in self.sides]

    def same(self, *words, files=(), **options):
        """A step with the same exit code, output and files through both; the outcome."""
        theirs, ours = self.each(*words, **options)
        self.assertEqual(ours, theirs, words)
        for name in files:
            self.assertEqual(self.ours.read(name), self.theirs.read(name), name)
        return ours

    def write(self, name, text):
        for side in self.sides:
            path = side.path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, newline="")

    def config_of_both(self, path):
        def settings(side):
            _, text, _ = side.run("git", "config", "--file", path, "--list")
            return sorted(text.splitlines())
        self.assertEqual(settings(self.ours), settings(self.theirs))
        return settings(self.ours)


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
        self.config_of_both("../home/.gitconfig")
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


class Information(Base):
    def env(self, **options):
        """The lines of env that both versions have; the first line and ours apart."""
        outcomes = []
        for side in self.sides:
            code, out, err = side.run("git-lfs", "env", **options)
            lines = [line for line in out.splitlines()[1:]
                     if not line.startswith(("Cache", "PruneVerifyUnreachableAlways="))]
            # Upstream shows remotes in no particular order.
            ends = [i for i, line in enumerate(lines) if line.startswith("LocalWorkingDir")][0]
            heads = re.findall(r"^Endpoint.*(?:\n  SSH.*)?", "\n".join(lines[:ends]), re.M)
            outcomes.append((code, lines[:2], sorted(heads), lines[ends:], err))
        self.assertEqual(outcomes[1], outcomes[0])
        return outcomes[1]

    def test_env_matches(self):
        self.env()
        self.env(cwd="home")
        self.each("git", "remote", "add", "origin", "https://example.org/a/b.git")
        self.env()
        for name, url in (("up", "git@h:a/b.git"), ("port", "ssh://git@h:2222/x/y"),
                          ("local", str(self.base))):
            self.each("git", "remote", "add", name, url)
        for key, value in (("lfs.fetchexclude", "a,b"), ("lfs.fetchinclude", " d, e/"),
                           ("lfs.extension.foo.clean", "x"), ("lfs.extension.foo.smudge", "y"),
                           ("lfs.extension.foo.priority", "2"),
                           ("lfs.customtransfer.cus.path", "z"), ("lfs.tustransfers", "true"),
                           ("lfs.https://example.org/a/b.git/info/lfs.access", "basic"),
                           ("lfs.concurrenttransfers", "3"), ("lfs.fetchrecentalways", "true"),
                           ("lfs.pruneoffsetdays", "9"), ("lfs.pruneremotetocheck", "up"),
                           ("lfs.skipdownloaderrors", "true"), ("filter.lfs.clean", 'a "b" \\c')):
            self.each("git", "config", key, value)
        self.env()
        self.each("git", "config", "lfs.basictransfersonly", "true")
        self.env(GIT_TRACE="", GIT_LFS_SKIP_SMUDGE="1")
        self.each("git", "config", "lfs.url", "https://x.example/y")
        self.env()
        self.each("git", "config", "--unset", "lfs.url")
        self.each("git", "remote", "rename", "origin", "other")
        self.env()
        self.each("git", "config", "lfs.storage", "elsewhere")
        self.env()

    def test_env_elsewhere_in_a_repository(self):
        self.each("git", "commit", "-q", "--allow-empty", "-m", "x")
        self.each("git", "worktree", "add", "-q", "../tree")
        self.each("git", "clone", "-q", "--bare", ".", "../bare")
        for side in self.sides:
            side.path("sub").mkdir()
        for cwd in ("work/sub", "tree", "bare", "work/.git"):
            with self.subTest(cwd):
                self.env(cwd=cwd)
        self.env(GIT_DIR=".git", GIT_WORK_TREE=".")

    def test_env_tells_of_clashing_values(self):
        self.each("git", "config", "lfs.concurrenttransfers", "3")
        outcome = self.each("git", "-c", "lfs.concurrenttransfers=4", "lfs", "env")
        self.assertEqual(outcome[1][2], outcome[0][2])
        self.assertIn("clash", outcome[1][2])

    def test_env_shows_no_password(self):
        self.ours.run("git", "remote", "add", "origin", "https://user:secret@example.org/a.git")
        code, out, err = self.ours.run("git", "-c", "http.extraHeader=Authorization: secret", "lfs",
                                       "env")
        self.assertEqual(code, 0)
        self.assertIn("Endpoint=https://", out)
        self.assertNotIn("secret", out + err)

    def test_version(self):
        code, out, err = self.ours.run("git", "lfs", "version")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^git-lfs/3\.\d+\.\d+ \(lazylfs \d+\.\d+\.\d+; linux \w+; .*\)\n$")
        self.assertEqual(self.ours.run("git-lfs", "--version")[1], out)
        self.assertEqual(self.ours.run("git-lfs", "-v")[1], out)
        theirs, ours = self.each("git", "lfs", "version", "--comics")
        self.assertEqual(ours[1].splitlines()[1:], theirs[1].splitlines()[1:])

    def test_logs(self):
        for words in ([], ["last"], ["show"], ["show", "nosuch"], ["clear"], ["boomtown"], [],
                      ["x"]):
            self.same("git-lfs", "logs", *words)
        name = os.listdir(self.ours.path(".git/lfs/logs"))[0]
        code, shown, _ = self.ours.run("git-lfs", "logs", "show", name)
        self.assertEqual(code, 0)
        self.assertRegex(shown, r"(?s)^git-lfs/3.*\ngit version .*\n\n\$ git-lfs logs boomtown\n"
                                r"Sample panic message\n.*Environment:\nLocalWorkingDir=")
        self.assertEqual(self.ours.run("git-lfs", "logs", "last")[1], shown)
        self.same("git-lfs", "logs", "clear")
        self.assertEqual(self.ours.run("git-lfs", "logs", "show", "../../config")[0], 2)

    def test_wrong_command_lines(self):
        for words in (["nosuch"], ["trac"], ["nosuch", "-h"]):
            self.same("git-lfs", *words)
        for words in (["--foo"], ["-x"], ["track", "--foo"], ["track", "-z"],
                      ["track", "--verbose=x"], ["install", "--local=maybe"]):
            with self.subTest(words):
                theirs, ours = self.each("git-lfs", *words)
                self.assertEqual((ours[0], ours[2]), (theirs[0], theirs[2]))
                self.assertEqual(ours[1].splitlines()[0], theirs[1].splitlines()[0])

    def test_help_opens_as_upstreams_does(self):
        for words in ([], ["--help"], ["help"], ["help", "nosuch"]):
            theirs, ours = self.each("git-lfs", *words)
            self.assertEqual((ours[0], ours[2]), (theirs[0], theirs[2]), words)
            self.assertIn("git lfs <command> [<args>]\n", ours[1])
        for command in ("track", "install", "env", "version", "update"):
            with self.subTest(command):
                texts = [self.ours.run("git-lfs", *words)[1]
                         for words in ([command, "-h"], [command, "--help"], ["help", command])]
                self.assertTrue(texts[0].startswith(f"git lfs {command}"))
                self.assertEqual(texts, [texts[0]] * 3)
        self.assertIn("lfs.concurrenttransfers", self.ours.run("git-lfs", "help", "config")[1])
        self.assertEqual(self.ours.run("git-lfs", "help", "faq")[0], 0)

    def test_completion(self):
        for shell in ("bash", "fish", "zsh"):
            code, out, _ = self.ours.run("git-lfs", "completion", shell)
            self.assertEqual(code, 0)
            self.assertIn("untrack", out)
        code, _, err = self.ours.run("git-lfs", "completion", "tcsh")
        self.assertEqual((code, err),
                         (127, 'Error: invalid argument "tcsh" for "git-lfs completion"\n\n'))
        _, out, _ = self.ours.run("git-lfs", "__completeNoDesc", "untr")
        self.assertEqual(out, "untrack\n:4\n")

    def test_the_documentation_has_every_setting(self):
        folder = self.base / "generated"
        self.assertEqual(self.ours.run("git-lfs", "generate", "settings", str(folder))[0], 0)
        tables = (folder / "settings.md").read_text().strip()
        self.assertIn(tables, (ROOT / "docs/CONFIGURATION.md").read_text(),
                      "run `git-lfs generate settings` and put the result into the document")


if __name__ == "__main__":
    unittest.main(verbosity=2)
