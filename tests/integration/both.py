"""The same steps through Debian's git-lfs and through ours, compared.

Where upstream's later versions, or a decision written in docs/compatibility.md, differ from
Debian's 3.3.0, a test says what is expected instead of comparing.
"""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import PROGRAM, UPSTREAM


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
