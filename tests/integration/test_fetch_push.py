#!/usr/bin/env python3
"""fetch, pull, push, pre-push and clone: each scenario is run by upstream and by ours, with a server of
its own, and must end with the same words, codes, files, objects and requests."""
import os
import re
import shutil
import signal
import subprocess
import tempfile

from harness import MountTest, Path, Server, content, environment, main, pointer_text, sha256, wait_until


def objects_below(folder):
    """Names and sizes: content is addressed by name."""
    return {path.name: path.stat().st_size for path in Path(folder).rglob("objects/*/*/*")
            if len(path.name) == 64}


class Side:
    """One program in a world of its own."""

    def __init__(self, test, upstream):
        self.test, self.upstream = test, upstream
        self.folder = Path(tempfile.mkdtemp(dir=test.scratch))
        self.server = Server(self.folder / "server")
        self.records = []
        test.addCleanup(self.server.stop)

    def git(self, work, *arguments, check=True, **options):
        return self.test.command("git", "-C", work, *arguments, upstream=True, check=check, **options)

    def write(self, work, files, message="change"):
        for name, data in files.items():
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.git(work, "add", "-A")
        self.git(work, "commit", "-q", "--allow-empty", "-m", message)

    def make(self, files, name="repo", push=False):
        work = self.folder / name
        self.git(self.folder, "init", "-q", "-b", "main", name)
        self.git(work, "lfs", "install", "--local")
        self.git(work, "config", "lfs.locksverify", "false")
        (work / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
        self.git(work, "remote", "add", "origin", self.server.repository_url(name))
        self.write(work, files)
        if push:
            self.git(work, "push", "-q", "origin", "main")
            self.git(work, "branch", "-q", "--set-upstream-to=origin/main")
        return work

    def lfs(self, work, *arguments, stdin=None, env=None, program=("git", "lfs")):
        self.server.reset_stats()
        if stdin is not None:
            (self.folder / "stdin").write_text(stdin)
        with open(self.folder / "stdin" if stdin is not None else os.devnull) as given:
            result = self.test.command(*program, *arguments, cwd=work, upstream=self.upstream, check=False,
                                       env=env, stdin=given)
        self.note(arguments, result)
        return result

    def note(self, arguments, result):
        stats = self.server.stats()
        # Ours asks for the objects of all refs in one batch, upstream for each ref.
        requests = {kind: stats["requests"][kind] for kind in ("download", "upload", "locks")}
        self.records.append({
            "command": [word.replace(self.server.url, "URL") for word in arguments],
            "code": result.returncode, "told": self.normal(result.stdout, result.stderr),
            "requests": requests, "objects": sum(stats["batch_objects"])})

    def normal(self, out, err):
        """Later versions write what fetch does without a prefix, and to stderr; 3.3.0 did not.

        Whether 3.3.0 still says that nothing of a push came about is a race in its progress meter.
        """
        lines = []
        for stream in (out, err):
            stream = stream.replace(self.server.url, "URL").replace(str(self.folder), "FOLDER")
            stream = re.sub(r"logs/\d+T[\d.]+log", "logs/LOG", stream)
            lines += [line.removeprefix("fetch: ") for line in stream.splitlines()
                      if not re.search(r" 0% \(0/\d+\), 0 B \| 0 B/s(, done\.)?$", line)]
        return sorted(lines)

    def state(self, *folders):
        self.records.append({"server": objects_below(self.server.folder)})
        for folder in folders:
            files = {}
            for path in Path(folder).rglob("*"):
                if ".git" not in path.parts and path.is_file():
                    files[str(path.relative_to(folder))] = sha256(path.read_bytes())
            self.records.append({"files": files, "store": objects_below(Path(folder) / ".git/lfs")})


class TransferTest(MountTest):
    def setUp(self):
        super().setUp()
        # Each object has to come from the server.
        self.git(self.scratch, "config", "--global", "lfs.cache.share", "false")

    def both(self, scenario):
        self.maxDiff = None
        sides = [Side(self, True), Side(self, False)]
        for side in sides:
            scenario(side)
        self.assertEqual(len(sides[0].records), len(sides[1].records))
        for theirs, ours in zip(*(side.records for side in sides)):
            self.assertEqual(theirs, ours)

    @staticmethod
    def forget(work):
        shutil.rmtree(work / ".git/lfs/objects", ignore_errors=True)


FILES = {"a.bin": b"aaa", "dir/b.bin": b"bbbb", "dir/copy.bin": b"aaa", "empty.bin": b"", "plain.txt": b"text\n"}


class PushTest(TransferTest):
    def test_a_push_sends_what_is_new(self):
        def scenario(side):
            work = side.make(FILES)
            side.lfs(work, "push", "--dry-run", "origin", "main")
            side.lfs(work, "push", "origin", "main")
            side.lfs(work, "push", "origin", "main")
            side.lfs(work, "push", "origin", "main", program=("git",))
            side.write(work, {"new.bin": b"new", "a.bin": b"AAA"})
            side.lfs(work, "push", "--dry-run", "origin", "main")
            side.lfs(work, "push", "origin", "main", program=("git",))
            side.state(work)
        self.both(scenario)

    def test_branches_tags_and_all(self):
        def scenario(side):
            work = side.make(FILES)
            side.git(work, "tag", "v1")
            side.write(work, {"second.bin": b"second"})
            side.git(work, "tag", "-a", "v2", "-m", "two")
            side.git(work, "checkout", "-q", "-b", "other", "HEAD~1")
            side.write(work, {"other.bin": b"other"})
            side.lfs(work, "push", "origin", "v1")
            side.lfs(work, "push", "--dry-run", "origin", "main", "other")
            side.lfs(work, "push", "origin", "--tags", program=("git",))
            side.lfs(work, "push", "--dry-run", "--all", "origin")
            side.lfs(work, "push", "--all", "origin", "main")
            side.lfs(work, "push", "--all", "origin")
            side.lfs(work, "push", "origin", ":v1", program=("git",))
            side.state(work)
        self.both(scenario)

    def test_objects_by_id_and_from_stdin(self):
        def scenario(side):
            work = side.make(FILES)
            oid = sha256(b"aaa")
            side.lfs(work, "push", "--dry-run", "--object-id", "origin", oid)
            side.lfs(work, "push", "--object-id", "origin", oid)
            side.lfs(work, "push", "--object-id", "origin", "--stdin", stdin=sha256(b"bbbb") + "\n")
            side.lfs(work, "push", "--dry-run", "origin", "--stdin", stdin="main\n")
            side.lfs(work, "push", "--dry-run", "origin", "--stdin", "main", stdin="main\n")
            side.lfs(work, "push", "--object-id", "origin")
            side.lfs(work, "push", "nosuch", "main")
            side.lfs(work, "push", "origin", "nosuch")
            side.state()
        self.both(scenario)

    def test_missing_objects_stop_a_push(self):
        def scenario(side):
            work = side.make(FILES)
            self.forget(work)
            side.lfs(work, "push", "origin", "main")
            side.lfs(work, "push", "origin", "main", program=("git",))
            side.records[-1].pop("told")  # git's own words follow, in any order
            side.git(work, "config", "lfs.allowincompletepush", "true")
            side.lfs(work, "push", "origin", "main")
            side.state(work)
        self.both(scenario)

    def test_a_corrupt_object_is_told_from_a_missing_one(self):
        # 3.3.0 gives up at the first object that is in neither place.
        side = Side(self, False)
        work = side.make(FILES)
        missing, corrupt = sha256(b"aaa"), sha256(b"bbbb")
        for name in ("a.bin", "dir/copy.bin", "dir/b.bin"):
            (work / name).unlink()
        store = work / ".git/lfs/objects"
        (store / missing[:2] / missing[2:4] / missing).unlink()
        (store / corrupt[:2] / corrupt[2:4] / corrupt).write_bytes(b"b")
        result = side.lfs(work, "push", "origin", "main")
        self.assertEqual((result.returncode, result.stdout), (2, f"""Git LFS upload failed:
  (missing) a.bin ({missing})
  (corrupt) dir/b.bin ({corrupt})
hint: Your push was rejected due to missing or corrupt local objects.
hint: You can disable this check with: `git config lfs.allowincompletepush true`
"""))
        self.assertEqual(objects_below(side.server.folder), {})

    def test_a_url_as_remote_and_a_deleted_tracking_branch(self):
        def scenario(side):
            work = side.make(FILES, push=True)
            side.git(work, "push", "-q", "origin", "main:gone")
            side.git(self.scratch, "--git-dir", side.server.folder / "repo.git", "update-ref", "-d", "refs/heads/gone")
            side.write(work, {"new.bin": b"new"})
            side.lfs(work, "push", "--dry-run", "origin", "main")
            side.lfs(work, "push", side.server.repository_url("repo"), "main", program=("git",))
            for record in side.records[-1:]:
                record.pop("objects"), record.pop("told")  # see the next test
            side.state()
        self.both(scenario)

    def test_what_a_remote_without_tracking_branches_has_is_not_sent_again(self):
        # Upstream walks the whole history for a URL; ours asks for the commits that are there.
        side = Side(self, False)
        work = side.make(FILES, push=True)
        url = side.server.repository_url("repo")
        self.assertEqual(side.lfs(work, "push", "--dry-run", url, "main").stdout, "")
        side.write(work, {"new.bin": b"new"})
        self.assertEqual(side.lfs(work, "push", "--dry-run", url, "main").stdout,
                         f"push {sha256(b'new')} => new.bin\n")
        self.assertEqual(side.lfs(work, "push", "--dry-run", "--all", url, "main").stdout.count("push "), 4)
        head = side.git(work, "rev-parse", "HEAD").stdout.strip()
        told = side.lfs(work, "pre-push", "-d", url, url, stdin=f"refs/heads/x {head} refs/heads/x {'0' * 40}\n")
        self.assertEqual(told.stdout, f"push {sha256(b'new')} => new.bin\n")

    def test_the_hook_by_hand(self):
        def scenario(side):
            work = side.make(FILES, push=True)
            before = side.git(work, "rev-parse", "HEAD").stdout.strip()
            side.write(work, {"new.bin": b"new"})
            head = side.git(work, "rev-parse", "HEAD").stdout.strip()
            zero = "0" * 40
            url = side.server.repository_url("repo")
            side.lfs(work, "pre-push")
            side.lfs(work, "pre-push", "-d", "origin", url, stdin=f"refs/heads/main {head} refs/heads/main {before}\n")
            side.lfs(work, "pre-push", "-d", url, stdin=f"refs/heads/main {head} refs/heads/new {zero}\n")
            side.lfs(work, "pre-push", "origin", url, stdin=f"(delete) {zero} refs/heads/main {before}\n")
            side.lfs(work, "pre-push", "origin", url, stdin="")
            side.lfs(work, "pre-push", "origin", url, env={"GIT_LFS_SKIP_PUSH": "1"},
                     stdin=f"refs/heads/main {head} refs/heads/main {before}\n")
            side.lfs(work, "pre-push", "origin", url, stdin=f"refs/heads/main {head} refs/heads/main {before}\n")
            side.state()
        self.both(scenario)

    def test_locks_are_asked_for(self):
        def scenario(side):
            work = side.make(FILES)
            side.git(work, "config", "--unset", "lfs.locksverify")
            side.lfs(work, "push", "origin", "main")
            side.git(work, "config", "lfs.locksverify", "true")
            side.git(work, "lfs", "lock", "a.bin")
            side.write(work, {"a.bin": b"locked by us"})
            side.lfs(work, "push", "origin", "main")
        self.both(scenario)


class FetchTest(TransferTest):
    def test_the_current_and_given_refs(self):
        def scenario(side):
            work = side.make(FILES, push=True)
            side.git(work, "checkout", "-q", "-b", "other")
            side.write(work, {"other.bin": b"other"})
            side.git(work, "push", "-q", "origin", "other")
            side.git(work, "tag", "v1")
            for command in (("fetch",), ("fetch",), ("fetch", "origin"), ("fetch", "origin", "main", "other"),
                            ("fetch", "origin", "v1"), ("fetch", "origin", "HEAD~1"), ("fetch", "nosuch"),
                            ("fetch", "--all"), ("fetch", "--all", "origin", "main"), ("fetch", "-I", "dir"),
                            ("fetch", "-X", "dir"), ("fetch", "--all", "--recent"), ("fetch", "--all", "-I", "x"),
                            ("fetch", side.server.repository_url("repo"), "main")):
                side.lfs(work, *command)
                side.state(work)
                self.forget(work) if command != ("fetch",) else None
        self.both(scenario)

    def test_settings_choose_paths(self):
        def scenario(side):
            work = side.make(FILES, push=True)
            for key, value in (("lfs.fetchinclude", "dir"), ("lfs.fetchexclude", "copy.bin")):
                side.git(work, "config", key, value)
                self.forget(work)
                side.lfs(work, "fetch")
                side.state(work)
                self.forget(work)
                side.lfs(work, "fetch", "-I", "", "-X", "")
                side.state(work)
            self.forget(work)
            side.lfs(work, "fetch", "--all")
            side.state(work)
        self.both(scenario)

    def test_recent_refs_and_commits(self):
        def scenario(side):
            work = side.make(FILES, push=True)
            now = {"GIT_COMMITTER_DATE": f"{int(os.path.getmtime(work))} +0000"}
            for number in range(3):
                (work / "a.bin").write_bytes(b"version %d" % number)
                (work / f"file{number}.bin").write_bytes(b"file %d" % number)
                side.git(work, "add", "-A")
                side.git(work, "commit", "-q", "-m", str(number), env=now)
                side.git(work, "branch", f"recent{number}")
            side.git(work, "rm", "-q", "file0.bin")
            side.git(work, "commit", "-q", "-m", "gone", env=now)
            side.git(work, "push", "-q", "origin", "main", "recent0", "recent1")
            self.forget(work)
            side.lfs(work, "fetch", "--recent")
            side.state(work)
            self.forget(work)
            side.git(work, "config", "lfs.fetchrecentcommitsdays", "3")
            side.git(work, "config", "lfs.fetchrecentrefsdays", "0")
            side.git(work, "config", "lfs.fetchrecentalways", "true")
            side.lfs(work, "fetch")
            side.state(work)
        self.both(scenario)

    def test_objects_that_the_server_lacks(self):
        def scenario(side):
            work = side.make(FILES, push=True)
            self.forget(work)
            side.server.object_path(sha256(b"aaa")).unlink()
            side.lfs(work, "fetch")
            side.state(work)
            (work / "dir/b.bin").unlink()
            (work / "a.bin").unlink()
            side.lfs(work, "pull")
            side.state(work)
            side.records[-1].pop("store")  # upstream cleans what is in the work tree again
        self.both(scenario)

    def test_a_dry_run_moves_nothing_and_json_tells_more(self):
        # These options came after 3.3.0.
        side = Side(self, False)
        work = side.make(FILES, push=True)
        self.forget(work)
        result = side.lfs(work, "fetch", "--dry-run")
        self.assertEqual(result.stderr.splitlines()[1:], [
            f"fetch {sha256(b'aaa')} => a.bin", f"fetch {sha256(b'bbbb')} => dir/b.bin"])
        self.assertEqual(objects_below(work / ".git/lfs"), {})
        import json
        told = json.loads(side.lfs(work, "fetch", "--dry-run", "--json").stdout)["transfers"]
        self.assertEqual([(t["name"], t["size"]) for t in told], [("a.bin", 3), ("dir/b.bin", 4)])
        self.assertIn("href", told[0]["actions"]["download"])
        self.assertEqual(list(told[0]), ["name", "oid", "size", "actions", "path"])
        self.assertEqual(objects_below(work / ".git/lfs"), {})
        fetched = json.loads(side.lfs(work, "fetch", "--json").stdout)["transfers"]
        self.assertEqual(len(fetched), 2)
        self.assertEqual(side.lfs(work, "fetch", "--json").stdout, '{\n "transfers": []\n}\n')
        side.lfs(work, "fetch", "--refetch")
        self.assertEqual(side.records[-1]["requests"]["download"], 2)
        refs = side.lfs(work, "fetch", "--dry-run", "--refetch", "origin", "--stdin", stdin="main\nHEAD\n")
        self.assertEqual(refs.stderr.splitlines()[0], "Fetching reference refs/heads/main")
        result = side.lfs(work, "fetch", "--json", "--prune")
        self.assertEqual((result.returncode, result.stderr), (2, "Cannot combine --json with --prune\n"))


class PullTest(TransferTest):
    def test_pull_fills_the_work_tree(self):
        def scenario(side):
            side.make(FILES, push=True)
            clone = side.folder / "clone"
            side.git(side.folder, "clone", "-q", side.server.repository_url("repo"), clone,
                     env={"GIT_LFS_SKIP_SMUDGE": "1"})
            side.lfs(clone, "pull")
            side.git(clone, "lfs", "install", "--local")
            side.state(clone)
            side.lfs(clone, "pull")
            side.state(clone)
            (clone / "a.bin").write_bytes(pointer_text(b"aaa"))
            shutil.rmtree(clone / "dir")
            self.forget(clone)
            side.lfs(clone, "pull", "-I", "dir")
            side.state(clone)
            (clone / "a.bin").write_bytes(b"mine")
            side.lfs(clone, "pull", "origin")
            side.state(clone)
            side.lfs(clone, "pull", "nosuch")
            side.lfs(clone, "status", "-p")
        self.both(scenario)

    def test_a_bare_repository_fetches_only(self):
        def scenario(side):
            side.make(FILES, push=True)
            bare = side.folder / "bare.git"
            side.git(side.folder, "clone", "-q", "--bare", side.server.repository_url("repo"), bare)
            for command in ("fetch", "pull"):
                side.lfs(bare, command)
                side.records.append(objects_below(bare))
                shutil.rmtree(bare / "lfs/objects", ignore_errors=True)
        self.both(scenario)

    def test_a_clone_by_git_lfs_clone(self):
        def scenario(side):
            side.make(FILES, push=True)
            for option in ("clean", "smudge"):
                side.git(side.folder, "config", "--global", f"filter.lfs.{option}", f"git-lfs {option} -- %f")
            side.git(side.folder, "config", "--global", "filter.lfs.process", "git-lfs filter-process")
            side.lfs(side.folder, "clone", side.server.repository_url("repo"), "into")
            side.state(side.folder / "into")
            side.lfs(side.folder, "clone", "--no-checkout", side.server.repository_url("repo"))
            side.lfs(side.folder, "clone", side.server.repository_url("nosuch"))
        self.both(scenario)

    def test_a_killed_pull_is_completed_by_the_next(self):
        side = Side(self, False)
        files = {f"f{number:03}.bin": content(20_000 + number, number) for number in range(200)}
        work = side.make(files, push=True)
        self.forget(work)
        for name in files:
            (work / name).unlink()
        side.server.config(latency_ms=5)
        for delay_objects in (1, 40, 120):
            child = subprocess.Popen(["git", "lfs", "pull"], cwd=work, start_new_session=True,
                                     env=environment(self.home, self.cache, self.ours_first),
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_until(lambda: len(objects_below(work / ".git/lfs")) >= delay_objects or child.poll() is not None,
                       "some objects")
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        for path in work.glob("*.bin"):
            self.assertEqual(path.read_bytes(), files[path.name], "a file is whole or not there")
        (work / ".git/index.lock").unlink(missing_ok=True)
        self.assertEqual(side.lfs(work, "pull").returncode, 0)
        for name, data in files.items():
            self.assertEqual((work / name).read_bytes(), data)
        self.assertEqual(side.git(work, "status", "--porcelain").stdout, "")


if __name__ == "__main__":
    main()
