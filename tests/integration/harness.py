"""What the integration tests share: a server, repositories, mounts and readers.

Everything is real: git, Debian's git-lfs as the one who pushes, our program as the one who mounts,
the kernel's FUSE. A mount is always read from a child process with a deadline, so that a hanging
mount fails a test instead of hanging the run.
"""
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("LAZYLFS_BUILD", ROOT / "build/release")).resolve()
PROGRAM = BUILD / "git-lfs"
UPSTREAM = "/usr/bin/git-lfs"
NOBODY = 65534
DEADLINE_S = 60 * int(os.environ.get("LAZYLFS_TEST_PATIENCE", "1"))

MIB = 1 << 20


def environment(home, cache, first_in_path):
    inherited = {k: v for k, v in os.environ.items()
                 if not k.startswith(("GIT_", "LAZYLFS_", "LC_", "XDG_"))}
    keep = {k: v for k, v in os.environ.items() if k in ("LAZYLFS_TRACE", "LAZYLFS_LOG")}
    return {
        **inherited, **keep,
        "PATH": f"{first_in_path}:/usr/bin:/bin:/usr/sbin:/sbin:{os.environ['PATH']}",
        "HOME": str(home), "LAZYLFS_CACHE": str(cache), "LC_ALL": "C",
        "GIT_CONFIG_GLOBAL": str(Path(home) / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.com",
        "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.com",
        "GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000",
    }


def content(size, seed):
    """Deterministic bytes that differ in every block."""
    return random.Random(seed).randbytes(size)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def pointer_text(data):
    return (f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(data)}\n"
            f"size {len(data)}\n").encode()


def free_port():
    """Not one of those that the system hands out itself: nobody takes it before the server does."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


class Server:
    """The bundled LFS server, serving Git and LFS below one folder."""

    def __init__(self, folder, *options):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        program = next(BUILD.rglob("lfs-test-server"))
        self.process = subprocess.Popen(
            [program, "--port", "0", "--root", self.folder, "--die-with-parent", *options],
            stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[1].rstrip("/")
        self.admin_url = self.url.replace("https://", "http://") if "--tls" not in options else self.url

    def admin(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        context = None
        if self.url.startswith("https"):
            import ssl
            context = ssl._create_unverified_context()
        request = urllib.request.Request(f"{self.url}/_admin/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            text = answer.read().decode()
        return json.loads(text) if text.startswith(("{", "[")) else text

    def fault(self, match, action):
        self.admin("POST", "faults", {"match": match, "action": action})

    def clear_faults(self):
        self.admin("DELETE", "faults")

    def stats(self):
        return self.admin("GET", "stats")

    def reset_stats(self):
        self.admin("POST", "reset-stats")

    def config(self, **settings):
        self.admin("POST", "config", settings)

    def object_path(self, oid):
        return self.folder / "objects" / oid[:2] / oid[2:4] / oid

    def put(self, data):
        path = self.object_path(sha256(data))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return sha256(data)

    def repository_url(self, name):
        return f"{self.url}/{name}.git"

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()


READER = r"""
import hashlib, json, mmap, os, sys
request = json.loads(sys.argv[1])
answer = {}
try:
    flags = os.O_RDONLY | (os.O_DIRECT if request.get("direct") else 0)
    fd = os.open(os.fsencode(request["path"]), flags)
    size = os.fstat(fd).st_size
    digest, total = hashlib.sha256(), 0
    if request.get("mmap"):
        with mmap.mmap(fd, size, prot=mmap.PROT_READ) as view:
            digest.update(view); total = size
    else:
        offset = request.get("offset", 0)
        left = request.get("length", size)
        block = request.get("block", 131072)
        buffer = mmap.mmap(-1, block)
        while left > 0:
            got = os.preadv(fd, [memoryview(buffer)[:min(block, left)] if not request.get("direct") else buffer], offset)
            if got == 0: break
            digest.update(buffer[:got]); total += got; offset += got; left -= got
    answer = {"errno": 0, "sha256": digest.hexdigest(), "bytes": total}
except OSError as error:
    answer = {"errno": error.errno, "bytes": 0}
print(json.dumps(answer))
"""


class Hang(AssertionError):
    """A reader did not come back before its deadline."""


def start_reader(path, user=None, **request):
    demote = (lambda: (os.setgid(user), os.setuid(user))) if user else None
    request["path"] = str(path)
    return subprocess.Popen(["/usr/bin/python3", "-I", "-S", "-c", READER, json.dumps(request)],
                            stdout=subprocess.PIPE, text=True, preexec_fn=demote)


def finish_reader(child, deadline_s=DEADLINE_S):
    try:
        out, _ = child.communicate(timeout=deadline_s)
    except subprocess.TimeoutExpired:
        child.kill()
        raise Hang(f"a read did not return within {deadline_s} s") from None
    return json.loads(out)


def read(path, deadline_s=DEADLINE_S, user=None, **request):
    """Reads in a child; returns {"errno", "sha256", "bytes"}."""
    return finish_reader(start_reader(path, user=user, **request), deadline_s)


class Mount:
    """One mount of ours; `user` runs the daemon and the readers as that uid."""

    def __init__(self, test, point, user=None):
        self.test, self.point, self.user = test, Path(point), user

    def read(self, name, **request):
        return read(self.point / name, user=self.user, **request)

    def record(self):
        listed = json.loads(self.test.ours("mounts", "--json", user=self.user).stdout)
        return next(m for m in listed if m["mountpoint"] == str(self.point))

    def pid(self):
        return self.record()["pid"]

    def stats(self):
        return json.loads(self.test.command("cat", self.point / ".lazylfs/stats.json",
                                            user=self.user).stdout)

    def xattr(self, name, path):
        result = self.test.command("getfattr", "--only-values", "-n", name, self.point / path,
                                   user=self.user, check=False)
        return result.stdout if result.returncode == 0 else None

    def unmount(self, check=True):
        return self.test.ours("unmount", self.point, user=self.user, check=check)

    def is_mounted(self):
        return self.test.is_mount_point(self.point)

    def kill(self):
        """SIGKILL, and waits until the process is gone."""
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not process_lives(pid), "the daemon's death")


def process_lives(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def wait_until(condition, what, deadline_s=DEADLINE_S):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


class MountTest(unittest.TestCase):
    """A scratch folder, a server and a home of their own for each test."""

    server_options = ()

    def setUp(self):
        self.scratch = Path(tempfile.mkdtemp(prefix="lazylfs-test-"))
        self.scratch.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.home = self.folder("home")
        self.cache = self.folder("cache")
        self.ours_first = self.folder("bin-ours")
        self.upstream_first = self.folder("bin-upstream")
        (self.ours_first / "git-lfs").symlink_to(PROGRAM)
        (self.upstream_first / "git-lfs").symlink_to(UPSTREAM)
        self.server = Server(self.scratch / "server", *self.server_options)
        self.addCleanup(self.server.stop)
        self.addCleanup(self.unmount_everything)

    def folder(self, name):
        path = self.scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.mkdir(path)  # a dead mount cannot even be asked whether it is a folder
        except FileExistsError:
            pass
        return path

    def unmount_everything(self):
        for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
            point = line.split()[4].replace("\\040", " ")
            if point.startswith(str(self.scratch)):
                subprocess.run(["umount", "-l", point], capture_output=True, check=False)
        for record in (self.cache / "mounts").glob("*.json"):
            try:
                pid = json.loads(record.read_text())["pid"]
                wait_until(lambda: not process_lives(pid), "the daemon's end", 15)
            except AssertionError:
                os.kill(pid, signal.SIGKILL)
            except (OSError, ValueError, KeyError):
                pass

    # Running programs.

    def command(self, *argv, check=True, cwd=None, user=None, env=None, upstream=False,
                deadline_s=DEADLINE_S, stdin=subprocess.DEVNULL):
        demote = (lambda: (os.setgid(user), os.setuid(user))) if user else None
        first = self.upstream_first if upstream else self.ours_first
        result = subprocess.run(
            [str(a) for a in argv], cwd=cwd or self.scratch, timeout=deadline_s, text=True,
            errors="surrogateescape", stdin=stdin, capture_output=True, preexec_fn=demote,
            env={**environment(self.home, self.cache, first), **(env or {})}, check=False)
        if check and result.returncode != 0:
            raise AssertionError(f"{argv} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
        return result

    def ours(self, *arguments, **options):
        return self.command(PROGRAM, *arguments, **options)

    def git(self, folder, *arguments, **options):
        return self.command("git", "-C", folder, *arguments, upstream=True, **options)

    def become_user(self):
        """Gives the scratch folders to an ordinary user, and /dev/fuse the mode udev would."""
        if os.getuid() != 0:
            self.skipTest("needs root to become an ordinary user")
        mode = os.stat("/dev/fuse").st_mode & 0o777
        if mode != 0o666:
            os.chmod("/dev/fuse", 0o666)
            self.addCleanup(os.chmod, "/dev/fuse", mode)
        for path in (self.home, self.cache):
            os.chown(path, NOBODY, NOBODY)
        return NOBODY

    # Repositories and mounts.

    def repository(self, files, name="repo", lfs_patterns=("*.bin",), url=None):
        """A work tree whose files are committed and pushed by Debian's git-lfs."""
        work = self.folder(name)
        url = url or self.server.repository_url(name)
        self.git(work, "init", "-q", "-b", "main")
        self.git(work, "config", "user.name", "t")
        self.git(work, "config", "lfs.locksverify", "false")
        self.git(work, "config", "lfs.allowincompletepush", "true")  # for what only looks like a pointer
        self.git(work, "lfs", "install", "--local")
        for pattern in lfs_patterns:
            self.git(work, "lfs", "track", pattern)
        self.git(work, "remote", "add", "origin", url)
        self.commit(work, files, push=True)
        return work

    def commit(self, work, files, push=False, message="change"):
        for name, data in files.items():
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if callable(data):
                data(path)
            else:
                path.write_bytes(data)
        self.git(work, "add", "-A")
        self.git(work, "commit", "-q", "--allow-empty", "-m", message)
        if push:
            self.git(work, "push", "-q", "origin", "HEAD")
        return self.git(work, "rev-parse", "HEAD").stdout.strip()

    def clone(self, name="repo", into="clone"):
        """A clone without content: only pointers, nothing in .git/lfs."""
        folder = self.scratch / into
        self.command("git", "clone", "-q", self.server.repository_url(name), folder, upstream=True,
                     env={"GIT_LFS_SKIP_SMUDGE": "1"})
        return folder

    def checkout_by_upstream(self, name="repo", into="checkout"):
        """A full checkout, made by Debian's git-lfs: what a mount must equal."""
        folder = self.scratch / into
        self.command("git", "-c", "filter.lfs.process=git-lfs filter-process", "-c",
                     "filter.lfs.smudge=git-lfs smudge -- %f", "-c", "filter.lfs.required=true",
                     "clone", "-q", "--recurse-submodules=no", self.server.repository_url(name), folder,
                     upstream=True)
        return folder

    def try_mount(self, source, *options, point="mnt", user=None, env=None):
        path = self.folder(point) if isinstance(point, str) else point
        if user and not self.is_mount_point(path):
            os.chown(path, user, user)
        return Mount(self, path, user), self.ours("mount", *options, source, path, user=user,
                                                  check=False, env=env)

    def mount(self, source, *options, **named):
        mounted, result = self.try_mount(source, *options, **named)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return mounted

    @staticmethod
    def is_mount_point(path):
        """Without touching it: a dead mount answers nothing."""
        return f" {path} " in Path("/proc/self/mountinfo").read_text()

    def assert_content(self, mounted, name, data, **request):
        answer = mounted.read(name, **request)
        self.assertEqual(answer, {"errno": 0, "sha256": sha256(data), "bytes": len(data)}, name)


def main():
    if not Path("/dev/fuse").exists():
        print("no /dev/fuse here: every test would be skipped", file=sys.stderr)
    unittest.main(verbosity=2)
