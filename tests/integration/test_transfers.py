#!/usr/bin/env python3
"""The transfer queue against real servers: the bundled one over HTTP, and a real sshd."""
import getpass
import json
import os
import shutil
import socket
import subprocess
import time
import unittest
from pathlib import Path

import harness
from harness import BUILD, MIB, content, free_port, sha256

TOOL = next(BUILD.rglob("move-objects"), None)


class TransferTest(harness.MountTest):
    """Moves lists of objects with the queue alone; commands have tests of their own."""

    def setUp(self):
        super().setUp()
        if TOOL is None:
            self.skipTest("move-objects is not built")
        self.work = self.folder("work")
        self.git(self.work, "init", "-q", "-b", "main")
        self.config("lfs.url", f"{self.server.url}/r.git/info/lfs")
        self.config("lfs.transfer.maxretrydelay", "0")

    def config(self, key, value):
        self.git(self.work, "config", key, value)

    def path(self, oid, folder=None):
        return (folder or self.work / ".git/lfs") / "objects" / oid[:2] / oid[2:4] / oid

    def put_locally(self, data):
        path = self.path(sha256(data))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return data

    def move(self, operation, objects, check=True, env=None, remote="origin", deadline_s=60):
        lines = "".join(f"{sha256(data)} {len(data)} file-{i}\n" for i, data in enumerate(objects))
        result = subprocess.run(
            [str(TOOL), operation, str(self.work), remote], input=lines, text=True,
            capture_output=True, timeout=deadline_s, check=False, cwd=self.work,
            env={**harness.environment(self.home, self.cache, self.ours_first), **(env or {})})
        if check:
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result

    def assert_local(self, data):
        self.assertEqual(sha256(self.path(sha256(data)).read_bytes()), sha256(data))

    def assert_remote(self, data):
        self.assertEqual(sha256(self.server.object_path(sha256(data)).read_bytes()), sha256(data))


class HttpTest(TransferTest):
    def test_many_objects_go_up_and_down(self):
        objects = [self.put_locally(content(5000 + i, i)) for i in range(300)]
        objects.append(self.put_locally(content(3 * MIB, 7)))
        self.move("upload", objects)
        for data in objects:
            self.assert_remote(data)
        shutil.rmtree(self.work / ".git/lfs")
        self.move("download", objects)
        for data in objects:
            self.assert_local(data)

    def test_upload_survives_faults(self):
        objects = [self.put_locally(content(20000, i)) for i in range(20)]
        for action in ({"status": 500}, {"status": 503, "headers": {"Retry-After": "0"}},
                       {"status": 429, "headers": {"Retry-After": "0"}}):
            self.server.fault({"kind": "upload", "count": 3}, action)
        self.server.fault({"kind": "batch", "count": 1}, {"status": 502})
        self.move("upload", objects)
        for data in objects:
            self.assert_remote(data)

    def test_a_batch_too_large_is_halved(self):
        objects = [self.put_locally(content(1000, i)) for i in range(16)]
        self.server.fault({"kind": "batch", "count": 2}, {"status": 413})
        self.move("upload", objects)
        for data in objects:
            self.assert_remote(data)

    def test_forgotten_objects_are_errors_not_a_hang(self):
        data = content(1000, 1)
        self.server.put(data)
        self.server.fault({"kind": "batch", "count": 0}, {"json": "missing-objects"})
        result = self.move("download", [data], check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn(f"[{sha256(data)}]", result.stderr)

    def test_a_killed_download_is_continued(self):
        data = content(40 * MIB, 3)
        self.server.put(data)
        self.server.config(rate_bytes_per_s=20 * MIB)
        lines = f"{sha256(data)} {len(data)} big\n"
        child = subprocess.Popen([str(TOOL), "download", str(self.work), "origin"],
                                 stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                                 env=harness.environment(self.home, self.cache, self.ours_first))
        child.stdin.write(lines)
        child.stdin.close()
        part = self.work / ".git/lfs/incomplete" / f"{sha256(data)}.part"
        harness.wait_until(lambda: part.exists() and part.stat().st_size > 4 * MIB, "a part")
        child.kill()
        child.wait()
        self.assertFalse(self.path(sha256(data)).exists())
        self.server.config(rate_bytes_per_s=0)
        result = self.move("download", [data], env={"GIT_TRACE": "1"})
        self.assertIn("xfer: server accepted resume download request", result.stderr)
        self.assert_local(data)
        self.assertFalse(part.exists())

    def test_corrupt_content_is_fetched_again(self):
        data = content(100000, 4)
        self.server.put(data)
        self.server.fault({"kind": "download", "count": 1}, {"corrupt_at": 500})
        self.move("download", [data])
        self.assert_local(data)

    def test_traces_have_upstreams_words_and_no_secret(self):
        data = self.put_locally(content(1000, 5))
        self.config(f"http.{self.server.url}/.extraHeader", "Authorization: Basic c2VjcmV0")
        result = self.move("upload", [data], env={"GIT_TRACE": "1", "GIT_TRANSFER_TRACE": "1",
                                                  "GIT_CURL_VERBOSE": "1"})
        for line in ("tq: sending batch of size 1", 'tq: starting transfer adapter "basic"',
                     'xfer: adapter "basic" Begin()', "HTTP: POST ", "HTTP: 200", "HTTP: PUT ",
                     "> POST /r.git/info/lfs/objects/batch HTTP/1.1",
                     "Authorization: Basic * * * * *", "< HTTP/1.1 200"):
            self.assertIn(line, result.stderr)
        self.assertNotIn("c2VjcmV0", result.stderr)

    def test_an_empty_list_asks_nobody(self):
        self.move("download", [])
        self.assertEqual(self.server.stats().get("batch_requests", 0), 0)


class FileTest(TransferTest):
    def test_both_directions(self):
        far = self.scratch / "far.git"
        self.git(self.scratch, "init", "-q", "--bare", far)
        self.git(self.work, "config", "--unset", "lfs.url")
        self.config("remote.origin.url", f"file://{far}")
        objects = [self.put_locally(content(4000, i)) for i in range(5)]
        self.move("upload", objects)
        for data in objects:
            self.assertEqual(self.path(sha256(data), far / "lfs").read_bytes(), data)
        shutil.rmtree(self.work / ".git/lfs")
        self.move("download", objects)
        for data in objects:
            self.assert_local(data)


class StandaloneFileCommandTest(TransferTest):
    """`git lfs standalone-file`, asked as another client would ask it."""

    def test_it_speaks_the_agents_protocol(self):
        far = self.scratch / "far.git"
        self.git(self.scratch, "init", "-q", "--bare", far)
        self.git(self.work, "config", "--unset", "lfs.url")
        self.config("remote.origin.url", f"file://{far}")
        data = self.put_locally(content(4000, 1))
        oid = sha256(data)
        lines = [{"event": "init", "operation": "upload", "remote": "origin", "concurrent": False,
                  "concurrenttransfers": 1},
                 {"event": "upload", "oid": oid, "size": 4000, "path": str(self.path(oid))},
                 {"event": "terminate"}]
        answers = self.talk(lines)
        self.assertEqual(answers[0], {})
        self.assertEqual(answers[-1], {"event": "complete", "oid": oid})
        self.assertEqual(self.path(oid, far / "lfs").read_bytes(), data)
        lines[0]["operation"] = "download"
        lines[1] = {"event": "download", "oid": oid, "size": 4000}
        answers = self.talk(lines)
        self.assertEqual(Path(answers[-1]["path"]).read_bytes(), data)
        lines[1] = {"event": "download", "oid": "a" * 64, "size": 4000}
        self.assertEqual(self.talk(lines)[-1]["error"]["message"],
                         f"remote missing object {'a' * 64}")

    def talk(self, lines):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        result = subprocess.run([harness.PROGRAM, "standalone-file"], input=text, text=True,
                                capture_output=True, timeout=60, check=True, cwd=self.work,
                                env=harness.environment(self.home, self.cache, self.ours_first))
        return [json.loads(line) for line in result.stdout.splitlines()]


@unittest.skipUnless(shutil.which("sshd", path="/usr/sbin:/usr/bin") and shutil.which("ssh"),
                     "needs sshd and ssh")
class SshTest(TransferTest):
    """A real sshd of the test's own, whose PATH has a small git-lfs-transfer."""

    def setUp(self):
        super().setUp()
        keys = self.folder("ssh")
        keys.chmod(0o700)
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / name],
                           check=True)
        shutil.copy(keys / "user.pub", keys / "authorized")
        (keys / "authorized").chmod(0o600)
        self.remote_bin = self.folder("remote-bin")
        self.log = self.scratch / "transfer-log"
        self.port = free_port()
        (keys / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {keys}/host\n"
            f"AuthorizedKeysFile {keys}/authorized\nPidFile {keys}/pid\nStrictModes no\n"
            f"UsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nMaxStartups 100\n"
            f"SetEnv PATH={self.remote_bin}:/usr/bin:/bin TRANSFER_LOG={self.log}\n")
        os.makedirs("/run/sshd", exist_ok=True)
        with open(self.scratch / "sshd.log", "w") as log:
            self.daemon = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", keys / "config"],
                                           stderr=log)
        self.addCleanup(self.daemon.wait)
        self.addCleanup(self.daemon.terminate)

        def answers():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        harness.wait_until(answers, "sshd")
        self.far = self.folder("far.git")
        self.ssh = (f"ssh -F /dev/null -i {keys}/user -o StrictHostKeyChecking=no "
                    f"-o UserKnownHostsFile={keys}/known -o LogLevel=ERROR")
        self.git(self.work, "config", "--unset", "lfs.url")
        self.config("remote.origin.url",
                    f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{self.far}")
        self.config("lfs.concurrenttransfers", "3")

    def offer_transfer(self, setting=""):
        program = self.remote_bin / "git-lfs-transfer"
        script = harness.ROOT / "tests/integration/git_lfs_transfer.py"
        program.write_text(f"#!/bin/sh\n{setting} exec /usr/bin/python3 {script} \"$@\"\n")
        program.chmod(0o755)

    def move_over_ssh(self, operation, objects, **named):
        env = {"GIT_SSH_COMMAND": self.ssh, "GIT_TRACE": "1", **named.pop("env", {})}
        return self.move(operation, objects, env=env, **named)

    def test_objects_go_both_ways(self):
        self.offer_transfer()
        objects = [self.put_locally(content(30000 + i, i)) for i in range(30)]
        objects.append(self.put_locally(content(6 * MIB, 99)))
        result = self.move_over_ssh("upload", objects)
        self.assertIn("pure SSH connection successful", result.stderr)
        for data in objects:
            self.assertEqual(self.path(sha256(data), self.far / "lfs").read_bytes(), data)
        shutil.rmtree(self.work / ".git/lfs")
        self.move_over_ssh("download", objects)
        for data in objects:
            self.assert_local(data)
        verbs = self.log.read_text().split()
        self.assertEqual(verbs.count("put-object"), len(objects))
        self.assertEqual(verbs.count("verify-object"), len(objects))

    def test_an_object_that_the_server_lacks_is_an_error(self):
        self.offer_transfer()
        result = self.move_over_ssh("download", [b"absent"], check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn(sha256(b"absent"), result.stderr)

    def test_a_server_without_it_is_asked_over_http(self):
        program = self.remote_bin / "git-lfs-authenticate"
        program.write_text(f"#!/bin/sh\necho '{{\"href\": \"{self.server.url}/r.git/info/lfs\"}}'\n")
        program.chmod(0o755)
        data = self.put_locally(content(1000, 1))
        result = self.move_over_ssh("upload", [data])
        self.assertIn("pure SSH protocol connection failed", result.stderr)
        self.assert_remote(data)

    def test_a_server_that_falls_silent_is_given_up(self):
        self.config("lfs.activitytimeout", "1")
        self.config("lfs.transfer.maxretries", "1")
        hello = "000eversion=1\\n0000"
        for name, body in (("at once", "exec sleep 60"),
                           ("after its greeting", f"printf '{hello}'; exec sleep 60")):
            with self.subTest(name):
                program = self.remote_bin / "git-lfs-transfer"
                program.write_text(f"#!/bin/sh\n{body}\n")
                program.chmod(0o755)
                self.config("lfs.sshtransfer", "always")
                begun = time.monotonic()
                result = self.move_over_ssh("upload", [self.put_locally(b"x")], check=False)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn("said nothing for 1 seconds", result.stderr)
                self.assertLess(time.monotonic() - begun, 30)

    def test_a_server_that_takes_nothing_is_given_up(self):
        self.config("lfs.activitytimeout", "4")  # a slow login is no silence
        self.config("lfs.transfer.maxretries", "1")
        self.config("lfs.sshtransfer", "always")
        self.offer_transfer("DEAF=1")
        begun = time.monotonic()
        result = self.move_over_ssh("upload", [self.put_locally(content(8 * MIB, "much"))],
                                    check=False)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("it took nothing for 4 seconds", result.stderr)
        self.assertLess(time.monotonic() - begun, 60)

    def test_never_means_never_and_always_always(self):
        self.config("lfs.sshtransfer", "always")
        result = self.move_over_ssh("upload", [self.put_locally(b"x")], check=False)
        self.assertEqual(result.returncode, 2)
        self.config("lfs.sshtransfer", "never")
        result = self.move_over_ssh("upload", [self.put_locally(b"x")], check=False)
        self.assertNotIn("git-lfs-transfer", result.stderr)
        self.assertIn("skipping pure SSH protocol", result.stderr)


if __name__ == "__main__":
    harness.main()
