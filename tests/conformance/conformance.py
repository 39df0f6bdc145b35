"""Runs each scenario through Debian's git-lfs 3.3.0 and through ours and compares what can be seen:
stdout, stderr, exit codes, repositories, work trees, and what the bundled server was asked.

A scenario is a function of one argument, the sandbox `t`:

    @scenario
    def a_lock_is_taken_and_given_back(t):
        t.repository("*.bin", {"a.bin": "hello"}, push=True)
        t("git lfs lock a.bin")
        t("git lfs unlock a.bin")

It is called twice, each time in a folder of its own, with the client under test as `git-lfs` in
PATH. Every t(...) is recorded; at the end so are the state of each repository and the requests.
Where the reference says that a later version changed, the step says so: `newer` is what is expected
of ours instead of 3.3.0's text (a string, or pairs of what to replace in it), `why` the reason. A
`newer` that no longer differs from 3.3.0 fails, too.
"""
import difflib
import hashlib
import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from harness import PROGRAM, UPSTREAM, Server, environment  # noqa: E402

DEADLINE_S = 60
UPSTREAM_AGAIN = 2
ZERO_HOUR = "1700000000 +0000"

# What must differ between two runs, or between any two versions, and says nothing.
NORMALISATIONS = [
    (re.compile(r"git-lfs/[0-9][^ \n]* \([^)\n]*\)"), "git-lfs/<version>"),
    (re.compile(r"\| [0-9.]+ [KMGTP]?B/s"), "| <speed>"),
    (re.compile(r'"(locked_at|expires_at)":"[^"]*"'), r'"\1":"<time>"'),
    (re.compile(r"^(! )?[0-9:.]{15} trace git-lfs:", re.M), r"\1trace git-lfs:"),
    (re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]+\.log"), "<log>"),
    (re.compile(r"/lfs/tmp/[^ \n'\"]+"), "/lfs/tmp/<name>"),
]

CALLS = ("batch", "locks")

SCENARIOS = []


def scenario(function=None, *, server=()):
    """Registers a scenario; `server` are options of the server that it needs."""
    def register(f):
        SCENARIOS.append((f, tuple(server)))
        return f
    return register(function) if function else register


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def as_bytes(content):
    return content if isinstance(content, bytes) else content.encode()


def pointer(content):
    """The pointer file of `content`, as text."""
    data = as_bytes(content)
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(data)}\nsize {len(data)}\n"


def without_progress(text):
    """Upstream's last word on its progress comes by chance; unit tests know what ours says."""
    return "\n".join(line for line in text.split("\n")
                     if not re.match(r"(\r?(Uploading|Downloading|Checking out) LFS objects:)", line))


def changed_by(newer, text):
    """What is expected of ours, given 3.3.0's `text`."""
    if isinstance(newer, str):
        return newer
    for old, new in newer:
        replaced = re.sub(old, new, text, flags=re.M)
        if replaced == text:
            raise AssertionError(f"`newer` looks in vain for {old!r} in:\n{text}")
        text = replaced
    return text


class Sandbox:
    """One run of one scenario with one client."""

    def __init__(self, program, server, name):
        self.server, self.is_ours = server, program != UPSTREAM
        self.tells_newer = not os.environ.get("LAZYLFS_CONFORMANCE_SELF")
        self.top = Path(tempfile.mkdtemp(prefix="lfs-conf-"))
        self.name, self.steps, self.expected, self.cwd = name, [], [], self.top
        self.env = {}
        self.repositories, self.cleanups = [], []
        self.secrets = {}  # text that differs between runs, and what to show for it
        self.home = self.folder("home")
        self.bins = {}
        for key, target in (("client", program), ("upstream", UPSTREAM), ("ours", PROGRAM)):
            self.bins[key] = self.folder(f"bin-{key}")
            (self.bins[key] / "git-lfs").symlink_to(target)

    def folder(self, name):
        path = self.top / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    # Recording.

    def normalise(self, text):
        text = text.replace(str(self.top), "<top>")
        if self.server:
            text = text.replace(self.server.url, "<server>").replace(self.server.url[7:], "<host>")
            text = text.replace(self.server.storage, "<storage>")
        for secret, shown in self.secrets.items():
            text = text.replace(secret, shown)
        for pattern, replacement in NORMALISATIONS:
            text = pattern.sub(replacement, text)
        return text

    def record(self, title, text, newer=None, why=None):
        """One step of the story; `newer` and `why` as in the file's comment."""
        assert (newer is None) == (why is None), "`newer` and `why` go together"
        text = self.normalise(text)
        expected = text
        if newer is not None and self.tells_newer and not self.is_ours:
            expected = changed_by(newer, text)
            if expected == text:
                raise AssertionError(f"{title}: 3.3.0 does not differ from `newer`")
        self.steps.append((self.normalise(title), expected))

    def __call__(self, command, *, stdin=None, cwd=None, env=None, only=None, sort=False, by="client",
                 newer=None, why=None):
        """Runs `command` (split as a shell would, run without one) and records all it says: lines of
        stderr behind "! ", at last the exit code behind "= ". With `only`, a regular expression,
        just the lines that it matches; with `sort`, where upstream's order is chance, sorted."""
        result = self.run(command, stdin=stdin, cwd=cwd, env=env, by=by)
        story = []
        for mark, raw in (("", result.stdout), ("! ", result.stderr)):
            lines = without_progress(raw).split("\n")
            if lines[-1] == "":
                lines.pop()
            elif raw:
                lines[-1] += "<no newline>"
            story += [mark + line for line in lines if only is None or re.search(only, mark + line)]
        if sort:
            story = sorted(self.normalise("\n".join(story)).split("\n"))
        story.append(f"= {result.returncode}\n")
        self.record(f"$ {command}", "\n".join(story), newer, why)
        return result

    def misuse(self, command):
        """A wrong command line: ours names the help, upstream prints it."""
        self(command, only="^! Error")

    def only_ours(self, command, expected, why, **options):
        """A step that upstream cannot be asked for (it hangs, or knows no such option)."""
        if self.is_ours:
            self(command, **options)
        else:
            assert why
            self.steps.append((f"$ {command}", expected))

    def run(self, command, *, stdin=None, cwd=None, env=None, by="client", check=False):
        """The same without recording."""
        argv = shlex.split(command) if isinstance(command, str) else [str(a) for a in command]
        base = environment(self.home, self.top / "cache", self.bins[by])
        result = subprocess.run(
            argv, cwd=self.at(cwd), env={**base, **self.env, **(env or {})}, capture_output=True,
            input=as_bytes(stdin) if stdin is not None else b"", timeout=DEADLINE_S, check=False)
        result.stdout = result.stdout.decode(errors="backslashreplace")
        result.stderr = result.stderr.decode(errors="backslashreplace")
        if check and result.returncode != 0:
            raise AssertionError(f"{command}: {result.returncode}\n{result.stdout}{result.stderr}")
        return result

    def git(self, arguments, **options):
        """Unrecorded, and must succeed."""
        rest = shlex.split(arguments) if isinstance(arguments, str) else list(arguments)
        return self.run(["git", *rest], check=True, **options).stdout.strip()

    # Files and repositories. Paths are relative to the current folder of the scenario.

    def at(self, path=None):
        return self.cwd if path is None else self.cwd / path

    def enter(self, path):
        self.cwd = self.top / path
        self.cwd.mkdir(parents=True, exist_ok=True)
        return self.cwd

    def write(self, files):
        for name, content in files.items():
            path = self.at(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(as_bytes(content))

    def url(self, name="repo"):
        return f"{self.server.url}/{name}.git"

    def repository(self, patterns="", files=None, *, name="repo", push=False, install=True,
                   locks=False, bare=False, remote=True):
        """A new repository, which becomes the current folder: filters installed, `patterns`
        tracked, `files` committed and pushed."""
        path = self.enter(name)
        self.repositories.append(path)
        self.git(["init", "-q", "-b", "main"] + (["--bare"] if bare else []))
        if install:
            self.git("lfs install --local", by="upstream")
        if not locks:
            self.git("config lfs.locksverify false")
        if remote and self.server:
            self.git(["remote", "add", "origin", self.url(name)])
        if patterns:
            self.write({".gitattributes": "".join(
                f"{p} filter=lfs diff=lfs merge=lfs -text\n" for p in patterns.split())})
        if files is not None:
            self.commit(files, push=push)
        return path

    def commit(self, files=None, *, push=False, message="change"):
        self.write(files or {})
        self.git("add -A")
        self.git(["commit", "-q", "--allow-empty", "-m", message])
        if push:
            self.git("push -q -u origin HEAD")

    def clone(self, into="clone", *, of="repo", smudge=False, locks=False):
        """A clone that becomes the current folder; without LFS content unless `smudge`."""
        self.cwd = self.top
        env = {} if smudge else {"GIT_LFS_SKIP_SMUDGE": "1"}
        self.git(["-c", "filter.lfs.process=git-lfs filter-process", "-c",
                  "filter.lfs.required=true", "clone", "-q", self.url(of), into], env=env)
        self.repositories.append(self.enter(into))
        self.git("lfs install --local --skip-repo", by="upstream")
        if not locks:
            self.git("config lfs.locksverify false")
        self.requests(forget=True)

    def forget(self, name):
        """Removes a repository: its state is not compared."""
        self.cwd = self.top
        shutil.rmtree(self.top / name)
        self.repositories.remove(self.top / name)

    def object_path(self, content, repository=None):
        oid = sha256(as_bytes(content))
        return (repository or self.cwd) / ".git/lfs/objects" / oid[:2] / oid[2:4] / oid

    def lose(self, content):
        """Removes an object from the local store."""
        self.object_path(content).unlink()

    # What is left behind.

    def describe(self, path):
        """All of a repository that clients write: configuration, hooks, store, index, refs, files."""
        git_dir = path if (path / "objects").is_dir() else path / ".git"
        config = self.run(["git", "config", "--list", "--file", git_dir / "config"]).stdout
        story = ["config:"] + sorted(config.splitlines())
        story += ["hooks:"] + [
            f"{p.name} {stat.S_IMODE(p.stat().st_mode):o}" for p in sorted((git_dir / "hooks").glob("*"))
            if p.suffix != ".sample"]
        story.append("store:")
        store = git_dir / "lfs"  # a shared one has `users/` when it is ours: for prune
        for file in sorted(p for p in store.rglob("*") if p.is_file()):
            name = str(file.relative_to(store))
            if name.startswith(("logs/", "lockcache.db", "cache/locks/")):
                continue
            if self.is_ours and name.startswith("users/"):
                continue
            if name.startswith("tmp/") and not self.is_ours:
                continue  # upstream leaves files behind; we must not
            story.append(f"{name} {file.stat().st_size} {sha256(file.read_bytes())[:8]}")
        for title, arguments in (("refs:", ["for-each-ref"]), ("index:", ["ls-files", "-s"])):
            listed = self.run(["git", *arguments], cwd=path).stdout
            story += [title] + listed.splitlines()
        if git_dir != path:
            story.append("files:")
            hidden = {".git", "users"} if self.is_ours else {".git"}
            for file in sorted(p for p in path.rglob("*") if not hidden & set(p.relative_to(path).parts)):
                if file.is_symlink():
                    story.append(f"{file.relative_to(path)} -> {os.readlink(file)}")
                elif file.is_file():
                    mode = stat.S_IMODE(file.stat().st_mode)
                    if file.name == ".gitattributes":
                        mode |= 0o4  # upstream makes it unreadable for others
                    story.append(f"{file.relative_to(path)} {mode:o} {sha256(file.read_bytes())[:8]}")
        return "\n".join(story) + "\n"

    def state(self, path=None, newer=None, why=None):
        """Records a repository now. Every repository is recorded at the end anyway."""
        at = self.at(path)
        self.record(f"state of {at.relative_to(self.top)}", self.describe(at), newer, why)

    def requests(self, forget=False, with_transfers=False, newer=None, why=None):
        """Records what the server was asked since the last time: API calls in order, then the
        transfers, which may be in any."""
        if not self.server:
            return
        log = self.server.admin("GET", "log")
        calls = self.server.admin("GET", "calls")
        self.server.reset_stats()
        if forget:
            return
        api, transfers = [], []
        for entry in log:
            line = f"{entry['method']} {entry['target']} {entry['status']}"
            headers = entry["headers"]
            for name in ("accept", "content-type", "range"):
                if name in headers and (name == "range" or entry["kind"] in CALLS):
                    line += f" {name}={headers[name]}"
            if "authorization" in headers and entry["kind"] in CALLS:
                line += " authorized"
            if entry["kind"] in CALLS:
                api.append(line)
            elif entry["kind"] in ("download", "upload", "verify"):
                transfers.append(line)
        bodies = []
        for call in calls:
            if call["target"].endswith("/verify") and "locks" not in call["target"]:
                continue
            body = json.loads(call["body"]) if call["body"] else None
            if isinstance(body, dict):
                offered = body.pop("transfers", None)  # in random order
                if with_transfers:
                    body["transfers"] = sorted(offered or ["basic"])
                body.get("objects", []).sort(key=json.dumps)
            bodies.append(f"{call['method']} {call['target']} {json.dumps(body)}")
        story = ["calls:", *api, "bodies:", *bodies, "transfers:", *sorted(transfers)]
        if len(story) > 3:
            self.record("requests", "\n".join(story) + "\n", newer, why)

    def finish(self):
        self.requests()
        for path in self.repositories:
            self.state(path)

    def destroy(self):
        for cleanup in reversed(self.cleanups):
            cleanup()
        shutil.rmtree(self.top, ignore_errors=True)


class Servers:
    """One server for each set of options, started when it is first needed."""

    def __init__(self):
        self.top = Path(tempfile.mkdtemp(prefix="lfs-conf-server-"))
        self.running = {}

    def clean(self, options):
        """The server of these options, as if newly started."""
        if options not in self.running:
            folder = self.top / str(len(self.running))
            server = Server(folder, *options)
            server.storage = server.process.stdout.readline().split()[1].rstrip("/")
            self.running[options] = server
        server = self.running[options]
        server.clear_faults()
        server.admin("DELETE", "locks")
        server.reset_stats()
        for entry in server.folder.iterdir():
            if entry.name.endswith(".git") or entry.name == "objects":
                shutil.rmtree(entry)
        return server

    def stop(self):
        for server in self.running.values():
            server.stop()
        shutil.rmtree(self.top, ignore_errors=True)


def story(steps):
    return "".join(f"--- {title}\n{body}" for title, body in steps)


def compare(upstream, ours):
    """The differences between two runs, or nothing."""
    if upstream == ours:
        return ""
    return "".join(difflib.unified_diff(story(upstream).splitlines(keepends=True),
                                        story(ours).splitlines(keepends=True), "expected", "ours", n=4))


def tell(program, function, options, servers):
    """The story of one run."""
    server = servers.clean(options) if options is not None else None
    sandbox = Sandbox(program, server, function.__name__)
    try:
        function(sandbox)
        sandbox.finish()
    except Exception as error:
        error.add_note(f"{program} so far:\n" + story(sandbox.steps))
        raise
    finally:
        sandbox.destroy()
    return sandbox.steps


def run_scenario(function, options, servers):
    # Upstream against itself: what differs then is missing among the normalisations.
    second = UPSTREAM if os.environ.get("LAZYLFS_CONFORMANCE_SELF") else PROGRAM
    upstream = tell(UPSTREAM, function, options, servers)
    ours = tell(second, function, options, servers)
    difference = compare(upstream, ours)
    # 3.3.0 does not always tell the same (its meter races with its transfers, for one). Ours, which
    # is not asked again, has to tell what 3.3.0 tells at least once.
    for _ in range(UPSTREAM_AGAIN if difference else 0):
        if not compare(tell(UPSTREAM, function, options, servers), ours):
            print("3.3.0 told it otherwise before:\n" + difference, file=sys.stderr)
            return ""
    return difference


def main():
    """Runs the scenarios of the calling file as unit tests: each one a test of its name."""
    class Conformance(unittest.TestCase):
        maxDiff = None

        @classmethod
        def setUpClass(cls):
            cls.servers = Servers()
            cls.addClassCleanup(cls.servers.stop)

    for function, options in SCENARIOS:
        def test(self, function=function, options=options):
            difference = run_scenario(function, options, self.servers)
            if difference:
                raise self.failureException("\n" + difference) from None
        test.__doc__ = function.__doc__
        setattr(Conformance, f"test_{function.__name__}", test)
    module = sys.modules["__main__"]
    module.Conformance = Conformance
    if not Path(UPSTREAM).exists():
        print("Debian's git-lfs is not installed: nothing to compare with", file=sys.stderr)
        sys.exit(77)
    os.environ["GIT_COMMITTER_DATE"] = ZERO_HOUR
    unittest.main(module, verbosity=2)
