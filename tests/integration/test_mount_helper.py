#!/usr/bin/env python3
"""mount -t fuse.lazylfs, /etc/fstab, and a supervisor that waits for the mount."""
import os
import re
import shutil
import signal
import socket
import subprocess

from harness import PROGRAM, ROOT, MountTest, content, environment, main, sha256, wait_until

# A mount namespace of its own, where /sbin has our helper and /etc/fstab is ours; nothing outside
# sees it. The scenario follows.
PLACE = r"""
set -e
sbin="$(mktemp -d "$scratch/sbin.XXXXXX")"
mount --bind /usr/sbin "$sbin"
mount -t tmpfs none /usr/sbin
ln -s "$sbin"/* /usr/sbin/
ln -s "$program" /usr/sbin/mount.fuse.lazylfs
touch "$scratch/fstab"
mount --bind "$scratch/fstab" /etc/fstab
trap 'umount -l "$mnt" 2>/dev/null || true' EXIT
"""


class MountHelper(MountTest):
    def setUp(self):
        super().setUp()
        self.data = content(300_000, 1)
        self.repository({"a.bin": self.data, "in, here/b.bin": content(5000, 2)})
        self.url = self.server.repository_url("repo")
        self.mnt = self.folder("mnt")

    def scenario(self, script, check=True):
        if os.getuid() != 0 or not os.path.samefile("/sbin", "/usr/sbin"):
            self.skipTest("needs root, and /sbin to be /usr/sbin, to give mount(8) its helper")
        probe = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/usr/sbin"],
                               capture_output=True, check=False)
        if probe.returncode:
            self.skipTest("needs the privilege to make a mount namespace")
        return self.command("unshare", "-m", "sh", "-c", PLACE + script, check=check, env={
            "scratch": str(self.scratch), "program": str(PROGRAM), "url": self.url,
            "mnt": str(self.mnt)})

    def test_mount_with_options(self):
        out = self.scenario(r"""
            mount -t fuse.lazylfs -o ro,_netdev,noexec,ref=main,allow_other,uid=1234,gid=5 "$url" "$mnt"
            sha256sum < "$mnt/a.bin"
            stat -c '%u:%g' "$mnt" "$mnt/a.bin"
            grep " $mnt " /proc/self/mounts
            umount "$mnt"
            grep -c " $mnt " /proc/self/mounts || true
            """).stdout.splitlines()
        self.assertEqual(out[0].split()[0], sha256(self.data))
        self.assertEqual(out[1:3], ["1234:5"] * 2)
        source, _, kind, options = out[3].split()[:4]
        self.assertEqual((source, kind), (self.url, "fuse.lazylfs"))
        for option in ("ro", "nosuid", "nodev", "noexec", "allow_other"):
            self.assertIn(option, options.split(","))
        self.assertEqual(out[4], "0")
        wait_until(lambda: not list((self.cache / "mounts").glob("*.json")), "the daemon's end")

    def test_fstab(self):
        out = self.scenario(r"""
            printf '%s %s fuse.lazylfs ro,_netdev,nofail,subdir="in,\\040here" 0 0\n' \
                "$url" "$mnt" > /etc/fstab
            mount "$mnt"
            ls "$mnt"
            mount -a -t fuse.lazylfs
            grep -c " $mnt " /proc/self/mounts
            umount "$mnt"
            """).stdout
        self.assertEqual(out, "b.bin\n1\n")

    def test_what_is_wrong_is_said(self):
        for options, code, text in (
                ("nosuch=1", 1, 'unknown option "nosuch"'), ("ref", 1, "needs a value"),
                ("ref=nosuch", 32, "nosuch"), ("uid=alice", 32, "alice")):
            with self.subTest(options):
                done = self.scenario(f'mount -t fuse.lazylfs -o {options} "$url" "$mnt"',
                                     check=False)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(text, done.stderr)

    def test_sloppy_and_fake(self):
        out = self.scenario(r"""
            mount -f -t fuse.lazylfs -o ref=main "$url" "$mnt"
            grep -c " $mnt " /proc/self/mounts || true
            mount -s -t fuse.lazylfs -o nosuch "$url" "$mnt"
            grep -c " $mnt " /proc/self/mounts
            umount "$mnt"
            """).stdout
        self.assertEqual(out, "0\n1\n")

    def test_a_supervisor_hears_that_the_mount_is_ready(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            path = str(self.scratch / "notify")
            listener.bind(path)
            listener.settimeout(60)
            serving = subprocess.Popen(
                [PROGRAM, "mount", "--foreground", "--", self.url, self.mnt],
                env={**environment(self.home, self.cache, self.ours_first), "NOTIFY_SOCKET": path})
            self.addCleanup(serving.kill)
            self.assertEqual(listener.recv(100), b"READY=1\n")
            self.assertTrue(self.is_mount_point(self.mnt))
            self.assertEqual(sorted(os.listdir(self.mnt)), [".gitattributes", "a.bin", "in, here"])
            serving.send_signal(signal.SIGTERM)
            self.assertEqual(serving.wait(30), 0)
            self.assertFalse(self.is_mount_point(self.mnt))

    def test_the_units_are_understood_by_systemd(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("needs systemd-analyze")
        unit = ROOT / "packaging/systemd/system/lazylfs@.service"
        instance = self.scratch / "lazylfs@data.service"
        instance.write_text(re.sub(r"=(-?)git-lfs ", rf"=\1{PROGRAM} ", unit.read_text()))
        done = self.command("systemd-analyze", "verify", "--man=no", instance, check=False)
        self.assertNotIn(str(instance), done.stdout + done.stderr)
        self.assertNotIn("lazylfs@data", done.stdout + done.stderr)


if __name__ == "__main__":
    main()
