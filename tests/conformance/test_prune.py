#!/usr/bin/env python3
"""prune: what is kept, what is deleted, what is said.

The last test makes random histories and settings (LAZYLFS_SEED and LAZYLFS_ROUNDS choose them) and
asks both programs what they would delete: ours must never delete what upstream keeps.
"""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from conformance import PROGRAM, UPSTREAM, environment, main, pointer, scenario, sha256

DAY = 24 * 3600
NOW = int(time.time())
NO_PREFIX = {"newer": [("^prune: ", "")], "why": "later versions print no prefix"}


def commit_at(t, days, files, message="change"):
    """A commit made so many days ago; files of the value None are removed."""
    date = f"{NOW - days * DAY} +0000"
    t.env = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    for name in [name for name, content in files.items() if content is None]:
        t.at(name).unlink()
    t.commit({name: content for name, content in files.items() if content is not None}, message=message)
    t.env = {}


def settings(t, **values):
    for key, value in values.items():
        t.git(["config", f"lfs.{key}", str(value)])


def push(t, *refs):
    t.git(["push", "-q", "origin", *(refs or ["main"])])


def prune(t, words="", **options):
    t(f"git lfs prune {words}".strip(), **{**NO_PREFIX, **options})


@scenario
def old_versions_go(t):
    t.repository("*.bin", {})
    for number, days in enumerate((40, 30, 20, 10)):
        commit_at(t, days, {"a.bin": f"version {number}", "b.bin": "always the same"})
    prune(t)  # nothing is pushed
    push(t)
    prune(t, "--dry-run")
    t.state()
    prune(t)
    prune(t)


@scenario
def recent_versions_stay(t):
    t.repository("*.bin", {})
    for number, days in enumerate((40, 30, 20, 10, 5, 0)):
        commit_at(t, days, {"a.bin": f"version {number}"})
    push(t)
    for commits, offset in ((30, 5), (12, 0), (4, 3), (4, 0), (0, 30)):
        settings(t, fetchrecentcommitsdays=commits, pruneoffsetdays=offset)
        prune(t, "--dry-run")
    settings(t, fetchrecentcommitsdays=12, pruneoffsetdays=0)
    prune(t, "--recent --dry-run")
    prune(t)
    prune(t, "--recent")


@scenario
def recent_branches_stay(t):
    t.repository("*.bin", {})
    commit_at(t, 50, {"a.bin": "base"})
    for name, days in (("old", 30), ("middle", 9), ("new", 2)):
        t.git(f"checkout -q -b {name} main")
        commit_at(t, days, {"a.bin": f"on {name}"})
    t.git("checkout -q main")
    push(t, "main", "old", "middle", "new")
    t.git("branch -q -D old")
    for refs, remote in ((7, "true"), (5, "true"), (40, "true"), (40, "false"), (0, "true")):
        settings(t, fetchrecentrefsdays=refs, fetchrecentremoterefs=remote)
        prune(t, "--dry-run")
    prune(t)


@scenario
def excluded_paths_are_kept_only_while_unpushed(t):
    t.repository("*.bin", {})
    commit_at(t, 30, {"a.bin": "one", "out/b.bin": "two", "out/same.bin": "one"})
    settings(t, fetchexclude="out")
    prune(t)
    push(t)
    prune(t, "--dry-run")
    prune(t)


@scenario
def unpushed_content_stays(t):
    t.repository("*.bin", {})
    for number, days in enumerate((40, 30, 20)):
        commit_at(t, days, {"a.bin": f"version {number}"})
    push(t)
    for number, days in enumerate((18, 16)):
        commit_at(t, days, {"a.bin": f"unpushed {number}"})
    t.git("checkout -q -b side HEAD~3")
    commit_at(t, 35, {"a.bin": "on a branch"})
    t.git("checkout -q -b gone")
    commit_at(t, 34, {"a.bin": "under a tag"})
    t.git("tag kept")
    t.git("checkout -q main")
    t.git("branch -q -D gone")
    prune(t, "--dry-run")
    settings(t, pruneremotetocheck="another")
    prune(t, "--dry-run")
    t.git("config --unset lfs.pruneremotetocheck")
    prune(t)


@scenario
def force_deletes_what_is_pushed(t):
    t.repository("*.bin", {})
    commit_at(t, 20, {"a.bin": "one"})
    commit_at(t, 1, {"a.bin": "two"})
    push(t)
    commit_at(t, 0, {"b.bin": "unpushed"})
    prune(t, "--force --dry-run")
    prune(t, "--force")


@scenario
def stashes_are_kept(t):
    t.repository("*.bin", {})
    commit_at(t, 20, {"a.bin": "one", "b.bin": "two"})
    push(t)
    t.write({"a.bin": "changed"})
    t.git("stash -q")
    t.write({"a.bin": "staged"})
    t.git("add a.bin")
    t.write({"b.bin": "not staged", "c.bin": "untracked"})
    t.git("stash -q -u")
    prune(t)
    prune(t, "--force")
    t.git("stash drop -q")
    prune(t)


@scenario
def work_trees_are_kept(t):
    t.repository("*.bin", {})
    commit_at(t, 40, {"a.bin": "one"})
    commit_at(t, 30, {"a.bin": "two"})
    commit_at(t, 20, {"a.bin": "three"})
    push(t)
    settings(t, fetchrecentrefsdays=0)
    t.git("worktree add -q ../tree HEAD~1")
    prune(t, "--dry-run")
    prune(t, "--dry-run", cwd="../tree")
    shutil.rmtree(t.top / "tree")
    prune(t, "--dry-run")
    t.git("worktree prune")
    prune(t)


def one_pushed_and_one_staged(t):
    t.repository("*.bin", {})
    commit_at(t, 20, {"a.bin": "one"})
    push(t)
    t.write({"a.bin": "staged"})
    t.git("add a.bin")


@scenario
def staged_content_is_kept(t):
    """3.3.0 deletes it."""
    one_pushed_and_one_staged(t)
    why = "later versions keep what is staged"
    t("git lfs prune --dry-run", why=why,
      newer="2 local objects, 2 retained, done.\n= 0\n")
    t("git lfs prune --dry-run --force", why=why,
      newer="2 local objects, 1 retained, done.\n1 file would be pruned (3 B), done.\n= 0\n")


@scenario
def a_leftover_index_in_a_bare_repository_keeps_nothing(t):
    one_pushed_and_one_staged(t)
    t.at(".git").rename(t.top / "bare.git")
    t.enter("bare.git")
    t.git("config core.bare true")
    prune(t, "--dry-run")


@scenario
def every_row_is_told(t):
    t.repository("*.bin", {})
    for number, days in enumerate((40, 30, 20)):
        commit_at(t, days, {"a.bin": f"version {number}"})
    push(t)
    rows = sorted(sha256(f"version {number}".encode()) for number in (0, 1))
    why = "3.3.0 shows the last row alone where nobody watches"
    t("git lfs prune --dry-run --verbose", why=why,
      newer="3 local objects, 1 retained, done.\n2 files would be pruned (18 B)\n"
            f" * {rows[0]} (9 B)\n * {rows[1]} (9 B), done.\n= 0\n")
    t("git lfs prune -v", why=why,
      newer="3 local objects, 1 retained, done.\n"
            f"{rows[0]} (9 B)\n{rows[1]} (9 B), done.\nDeleting objects: 100% (2/2), done.\n= 0\n")


@scenario
def verified_with_the_remote(t):
    t.repository("*.bin", {})
    for number, days in enumerate((40, 30, 20)):
        commit_at(t, days, {"a.bin": f"version {number}"})
    push(t)
    t.requests(forget=True)
    prune(t, "--verify-remote --dry-run")
    t.git("config lfs.pruneverifyremotealways true")
    prune(t, "--dry-run")
    t.requests(forget=True)
    prune(t, "--no-verify-remote --dry-run")
    prune(t)


@scenario
def what_the_remote_lacks_stays(t):
    t.repository("*.bin", {})
    for number, days in enumerate((40, 30, 20)):
        commit_at(t, days, {"a.bin": f"version {number}"})
    push(t)
    oid = sha256(b"version 0")
    for path in Path(t.server.folder).rglob(oid):
        path.unlink()
    counts = [("^prune: (.*), done", r"\1, 1 not on remote, done")]
    t("git lfs prune --verify-remote", newer=counts, why="later versions tell how many")
    t.state()
    t.only_ours("git lfs prune --verify-remote --when-unverified=continue",
                "3 local objects, 1 retained, 1 verified with remote, 1 not on remote, done.\n"
                "Deleting objects: 100% (1/1), done.\n= 0\n", why="later versions have the option")
    t.only_ours("git lfs prune --when-unverified=maybe", "! Invalid value for --when-unverified: maybe\n= 2\n",
                why="later versions have the option")
    if not t.is_ours:  # what --when-unverified=continue deletes
        t.lose("version 1")
    t.requests(forget=True)


@scenario
def unreachable_objects_go_unless_verified(t):
    t.repository("*.bin", {})
    commit_at(t, 20, {"a.bin": "one"})
    push(t)
    t.run("git lfs clean", stdin="orphan")
    t("git lfs prune --verify-remote --dry-run", newer=[("^prune: ", "")], why="no prefix")
    oid = sha256(b"orphan")
    t.only_ours("git lfs prune --verify-remote --verify-unreachable",
                "2 local objects, 1 retained, 1 not on remote, done.\n"
                f"! These objects to be pruned are missing on remote:\n!  * {oid}\n! \n= 2\n",
                why="later versions have the option")
    t.requests(forget=True)
    prune(t, "--verify-remote")


@scenario
def wrong_use(t):
    t.repository("*.bin", {"a.bin": "one"})
    t("git lfs prune --verify-remote --no-verify-remote")
    t.misuse("git lfs prune --nonsense")
    prune(t, "a word")


@scenario
def before_the_first_commit(t):
    t.repository("*.bin")
    t.run("git lfs clean", stdin="content")
    t("git lfs prune", only="^! Prune|^=", newer=[(r"(! Prune error.*\n)\1", r"\1")],
      why="3.3.0 says it twice")


@scenario
def an_empty_store(t):
    t.repository("*.bin", {"a.txt": "text"})
    t("git lfs prune")
    t.commit({"empty.bin": ""})
    prune(t)


@scenario
def dedup_says_whether_it_can(t):
    t.repository("*.bin", {"a.bin": "one"})
    t("git lfs dedup --test")
    t("git lfs dedup")


class History:
    """A random repository, made by fast-import; its objects are in the store."""

    PATHS = ("a.bin", "b.bin", "c.txt", "sub/d.bin", "sub/e.bin", "out/f.bin", "out/deep/g.bin")

    def __init__(self, top, seed):
        self.random = random.Random(seed)
        self.work = Path(top) / f"r{seed}"
        self.environment = environment(Path(top), Path(top) / "cache", Path(top) / "bin")
        self.work.mkdir()
        self.git("init", "-q", "-b", "main")
        self.commits = {}  # branch: [mark]
        self.import_history()
        self.scatter_refs()
        self.configure()
        self.fill_store()

    def git(self, *arguments, **options):
        return subprocess.run(["git", *arguments], cwd=self.work, env=self.environment, check=True,
                              capture_output=True, **options).stdout.decode().strip()

    def import_history(self):
        chance = self.random
        stream, marks, tips = [], 0, {}
        clock = NOW - chance.randint(5, 40) * DAY
        for _ in range(chance.randint(5, 25)):
            branch = chance.choice(("main", "main", "side", "topic", "old"))
            marks += 1
            clock = min(NOW - 60, clock + chance.randint(0, 3 * DAY) - chance.randint(0, DAY // 2))
            lines = [f"commit refs/heads/{branch}", f"mark :{marks}", f"committer c <c@d> {clock} +0000",
                     "data 1", "m"]
            if branch in tips:
                lines.append(f"from :{tips[branch]}")
            elif tips:
                lines.append(f"from :{chance.choice(sorted(tips.values()))}")
            else:
                branch = "main"
                lines[0] = "commit refs/heads/main"
            others = [mark for name, mark in tips.items() if name != branch]
            if branch in tips and others and chance.random() < 0.25:
                lines.append(f"merge :{chance.choice(others)}")
            for path in chance.sample(self.PATHS, chance.randint(1, 3)):
                if chance.random() < 0.15:
                    lines.append(f"D {path}")
                    continue
                text = f"plain {chance.randint(0, 9)}\n" if path.endswith("txt") else pointer(
                    f"content {chance.randint(0, 60)}")
                lines += [f"M 100644 inline {path}", f"data {len(text)}", text]
            stream += lines + [""]
            tips[branch] = marks
            self.commits.setdefault(branch, []).append(marks)
        self.git("fast-import", "--quiet", "--export-marks=.git/marks", input="\n".join(stream).encode())
        marks = dict(line.split() for line in (self.work / ".git/marks").read_text().splitlines())
        self.ids = {name: [marks[f":{mark}"] for mark in list_] for name, list_ in self.commits.items()}

    def scatter_refs(self):
        chance = self.random
        every = [commit for list_ in self.ids.values() for commit in list_]
        for remote in ("origin", "origin", "other"):
            if chance.random() < 0.8:
                name = chance.choice(sorted(self.ids))
                self.git("update-ref", f"refs/remotes/{remote}/{name}", chance.choice(self.ids[name]))
        if chance.random() < 0.5:
            self.git("tag", "light", chance.choice(every))
        if chance.random() < 0.5:
            self.git("tag", "-a", "-m", "t", "heavy", chance.choice(every))
        for name in sorted(self.ids):
            if name != "main" and chance.random() < 0.3:
                self.git("update-ref", "-d", f"refs/heads/{name}")
        self.git("read-tree", "HEAD")
        if chance.random() < 0.2:
            self.git("update-ref", "--no-deref", "HEAD", chance.choice(every))
            self.git("checkout-index", "-a", "-f")
        if chance.random() < 0.3:
            self.git("worktree", "add", "-q", "--no-checkout", "--detach", str(self.work) + "-tree",
                     chance.choice(every))
        for _ in range(chance.choice((0, 0, 1, 2))):
            self.stash(chance.choice(every))

    def stash(self, base):
        """What `git stash` makes, without a work tree."""
        index = str(self.work / ".git/stash-index")
        env = {**self.environment, "GIT_INDEX_FILE": index}
        trees = []
        for _ in range(2):
            subprocess.run(["git", "read-tree", base], cwd=self.work, env=env, check=True)
            text = pointer(f"content {self.random.randint(0, 60)}")
            blob = self.git("hash-object", "-w", "--stdin", input=text.encode())
            subprocess.run(["git", "update-index", "--add", "--cacheinfo",
                            f"100644,{blob},{self.random.choice(('a.bin', 'new.bin'))}"],
                           cwd=self.work, env=env, check=True)
            trees.append(subprocess.run(["git", "write-tree"], cwd=self.work, env=env, check=True,
                                        capture_output=True).stdout.decode().strip())
        staged = self.git("commit-tree", "-m", "index", "-p", base, trees[0])
        stash = self.git("commit-tree", "-m", "wip", "-p", base, "-p", staged, trees[1])
        self.git("update-ref", "--create-reflog", "-m", "stash", "refs/stash", stash)

    def configure(self):
        chance = self.random
        for key, values in (("fetchrecentrefsdays", (0, 1, 5, 7, 20)), ("fetchrecentcommitsdays", (0, 0, 2, 9)),
                            ("fetchrecentremoterefs", ("true", "false")), ("pruneoffsetdays", (0, 1, 3, 10)),
                            ("fetchexclude", ("out", "*.bin", "sub/*", "")),
                            ("pruneremotetocheck", ("origin", "other"))):
            if chance.random() < 0.6:
                self.git("config", f"lfs.{key}", str(chance.choice(values)))

    def fill_store(self):
        for number in range(0, 64):
            content = f"content {number}".encode()
            oid = sha256(content)
            path = self.work / ".git/lfs/objects" / oid[:2] / oid[2:4] / oid
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def prunable(self, program, options):
        result = subprocess.run([program, "prune", "--dry-run", "--verbose", *options], cwd=self.work,
                                env={**self.environment, "GIT_LFS_FORCE_PROGRESS": "1"}, capture_output=True,
                                check=False)
        if result.returncode != 0:
            raise AssertionError(result.stderr.decode())
        return set(re.findall(r"\* ([0-9a-f]{64})", result.stdout.decode()))


class RandomHistories(unittest.TestCase):
    def test_never_deletes_what_upstream_keeps(self):
        first = int(os.environ.get("LAZYLFS_SEED", "1"))
        rounds = int(os.environ.get("LAZYLFS_ROUNDS", "25"))
        top = tempfile.mkdtemp(prefix="lfs-prune-")
        self.addCleanup(shutil.rmtree, top, True)
        ours_total = theirs_total = 0
        for seed in range(first, first + rounds):
            history = History(top, seed)
            for options in ([], ["--recent"], ["--force"]):
                theirs = history.prunable(UPSTREAM, options)
                ours = history.prunable(str(PROGRAM), options)
                self.assertEqual(ours - theirs, set(), f"LAZYLFS_SEED={seed}, options {options}")
                ours_total += len(ours)
                theirs_total += len(theirs)
            shutil.rmtree(history.work)
        # Keeping everything would be no art.
        self.assertGreater(ours_total, 0.8 * theirs_total)
        print(f"# seeds {first} to {first + rounds - 1}: {ours_total} of {theirs_total} deletions", file=sys.stderr)


if __name__ == "__main__":
    main()
