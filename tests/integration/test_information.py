#!/usr/bin/env python3
"""env, version, logs, help and completion, beside Debian's git-lfs."""
import os
import re
import subprocess
import sys
import unittest

from both import Base
from harness import PROGRAM, ROOT


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

    def test_every_key_that_the_code_reads_is_in_the_table(self):
        folder = self.base / "generated"
        self.ours.run("git-lfs", "generate", "settings", str(folder))
        known = set(re.findall(r"^\| `([^`]+)`", (folder / "settings.md").read_text(), re.M))
        known = {key.lower() for key in known}
        private = {"core.repositoryformatversion", "core.worktree", "extensions.partialclone"}
        for source in (path for part in ("lfs", "cli", "fs") for path in (ROOT / part).rglob("*.cc")):
            text = source.read_text()
            keys = re.findall(r'(?:get|get_all|get_bool|get_int|non_empty|size_setting)\('
                              r'(?:config(?:\(\))?, )?"([A-Za-z]+(?:\.[A-Za-z]+)+)"', text)
            variables = re.findall(r'(?:env_or_empty|getenv)\("([A-Z_]+)"', text)
            for key in [key.lower() for key in keys] + [name.lower() for name in variables]:
                if key not in private and key not in {"path", "source_date_epoch"}:
                    self.assertIn(key, known, source)

    def test_the_documentation_has_every_setting(self):
        folder = self.base / "generated"
        self.assertEqual(self.ours.run("git-lfs", "generate", "settings", str(folder))[0], 0)
        tables = (folder / "settings.md").read_text().strip()
        self.assertIn(tables, (ROOT / "docs/CONFIGURATION.md").read_text(),
                      "run `git-lfs generate settings` and put the result into the document")

    def test_every_manual_page_can_be_found_by_its_name(self):
        folder = self.base / "generated"
        self.assertEqual(self.ours.run("git-lfs", "generate", "man", str(folder))[0], 0)
        pages = sorted(path.name for path in folder.iterdir())
        for name in ("git-lfs.1", "git-lfs-track.1", "git-lfs-cache-gc.1", "git-lfs-config.5",
                     "mount.fuse.lazylfs.8"):
            self.assertIn(name, pages)
        for name in pages:
            title = name.rsplit(".", 1)[0].replace("-", r"\-")
            text = (folder / name).read_text()
            self.assertRegex(text, r"(?m)^\.SH NAME\n" + re.escape(title) + r" \\- \S", name)
        self.assertIn("cache_size=", (folder / "mount.fuse.lazylfs.8").read_text().replace("\\", ""))

    def test_the_table_of_compatibility_is_up_to_date(self):
        checked = subprocess.run([sys.executable, "-B", ROOT / "scripts/compatibility", "--check",
                                  PROGRAM], capture_output=True, text=True, check=False)
        self.assertEqual(checked.stdout + checked.stderr, "")


if __name__ == "__main__":
    unittest.main(verbosity=2)
