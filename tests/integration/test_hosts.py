#!/usr/bin/env python3
"""Servers as real hosts are: TLS, Basic authentication, signed and expiring URLs on another host,
redirects and extra headers; and that credentials go only where they belong."""
import errno
import os

from harness import MIB, MountTest, Path, Server, content, main

DATA = content(2 * MIB, 41)


class BehaviourTest(MountTest):
    """Each profile that the bundled server can play."""

    def play(self, profile):
        self.server.stop()
        self.server = Server(self.scratch / f"server-{profile}", "--behave", profile)
        self.addCleanup(self.server.stop)
        self.repository({"a.bin": DATA, "b.bin": content(5000, 2)}, name=f"repo-{profile}")
        mounted = self.mount(self.clone(f"repo-{profile}", into=f"clone-{profile}"))
        self.assert_content(mounted, "a.bin", DATA)
        self.assert_content(mounted, "b.bin", content(5000, 2))

    def test_github(self):
        self.play("github")

    def test_gitlab(self):
        self.play("gitlab")

    def test_gitea(self):
        self.play("gitea")

    def test_huggingface(self):
        self.play("huggingface")

    def test_azure(self):
        self.play("azure")


class AuthenticationTest(MountTest):
    server_options = ("--user", "alice:s3cret")

    def setUp(self):
        super().setUp()
        self.with_credentials = self.server.url.replace("://", "://alice:s3cret@")
        self.repository({"a.bin": DATA}, url=f"{self.with_credentials}/repo.git")
        clone = self.scratch / "clone"
        self.command("git", "clone", "-q", f"{self.with_credentials}/repo.git", clone,
                     upstream=True, env={"GIT_LFS_SKIP_SMUDGE": "1"})
        self.git(clone, "remote", "set-url", "origin", self.server.repository_url("repo"))
        self.source = clone

    def helper(self, password):
        path = self.scratch / "helper"
        path.write_text(f"#!/bin/sh\n[ \"$1\" = get ] && echo username=alice && echo password={password}\n"
                        f"echo \"$1\" >> {self.scratch}/helper.log\nexit 0\n")
        path.chmod(0o755)
        self.git(self.source, "config", "credential.helper", str(path))

    def test_a_credential_helper_is_asked_after_the_401(self):
        self.helper("s3cret")
        mounted = self.mount(self.source)
        self.assert_content(mounted, "a.bin", DATA)
        self.assertIn("get", (self.scratch / "helper.log").read_text())

    def test_wrong_credentials_are_eacces_and_rejected(self):
        self.helper("wrong")
        mounted = self.mount(self.source)
        self.assertEqual(mounted.read("a.bin")["errno"], errno.EACCES)
        self.assertIn("erase", (self.scratch / "helper.log").read_text())

    def test_no_credentials_are_eacces_at_once(self):
        mounted = self.mount(self.source)
        self.assertEqual(mounted.read("a.bin", deadline_s=20)["errno"], errno.EACCES)

    def test_netrc_is_used(self):
        (self.home / ".netrc").write_text("machine 127.0.0.1 login alice password s3cret\n")
        (self.home / ".netrc").chmod(0o600)
        mounted = self.mount(self.source)
        self.assert_content(mounted, "a.bin", DATA)

    def test_credentials_in_the_url_work_and_are_shown_nowhere(self):
        mounted = self.mount(f"{self.with_credentials}/repo.git", env={"LAZYLFS_TRACE": "all"})
        self.assert_content(mounted, "a.bin", DATA)
        told = self.ours("mounts").stdout + self.ours("mounts", "--json").stdout
        log = "".join(path.read_text(errors="replace") for path in (self.cache / "logs").glob("*"))
        command_line = Path(f"/proc/{mounted.pid()}/cmdline").read_text()
        for text in (told, log, command_line):
            self.assertNotIn("s3cret", text)


class TlsTest(MountTest):
    server_options = ("--tls",)

    def setUp(self):
        super().setUp()
        ca = next(self.server.folder.rglob("ca*.pem"))
        self.git_ca = {"GIT_SSL_CAINFO": str(ca)}
        os.environ.update(self.git_ca)
        self.addCleanup(os.environ.pop, "GIT_SSL_CAINFO", None)
        self.ca = ca

    def test_a_server_with_our_ca_mounts_and_one_without_it_is_refused(self):
        (self.home / "gitconfig").write_text(f"[http]\n\tsslCAInfo = {self.ca}\n")
        self.repository({"a.bin": DATA})
        clone = self.clone()
        mounted = self.mount(clone)
        self.assert_content(mounted, "a.bin", DATA)
        mounted.unmount()
        self.ours("cache", "evict", "--all", check=False)
        (self.home / "gitconfig").write_text("")
        stranger = self.mount(clone, "--cache", self.folder("other-cache"), point="stranger")
        self.assertIn(stranger.read("a.bin")["errno"], (errno.EACCES, errno.EHOSTUNREACH, errno.EIO))
        self.ours("unmount", stranger.point, "--cache", self.folder("other-cache"), check=False)


class CredentialLeakTest(MountTest):
    server_options = ("--user", "alice:s3cret", "--behave", "github")

    def test_credentials_stay_with_their_host(self):
        url = self.server.url.replace("://", "://alice:s3cret@") + "/repo.git"
        self.repository({"a.bin": DATA}, url=url)
        mounted = self.mount(url)
        self.server.reset_stats()
        self.assert_content(mounted, "a.bin", DATA)
        seen = self.server.stats()["authorization_by_origin"]
        self.assertGreaterEqual(seen.get("api", 0), 1)
        self.assertEqual(seen.get("storage", 0), 0)


if __name__ == "__main__":
    main()
