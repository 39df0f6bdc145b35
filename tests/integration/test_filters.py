#!/usr/bin/env python3
"""The filters as git runs them, beside Debian's git-lfs.

Every scenario that compares runs the same commands through both programs, in repositories of their
own, and looks at what git stored, what is in the store, and what was said.
"""
import os
import signal
import subprocess
import time
import unittest
from pathlib import Path

from filter_harness import FilterTest
from harness import MIB, content, environment, pointer_text, sha256, wait_until

NASTY_NAMES = ["plain.bin", "with space.bin", "semi;colon.bin", "$(touch pwned).bin", "`id`.bin",
               "quote'd.bin", 'double".bin', "new\nline.bin", "-dash.bin", "%f.bin", "ümlaut.bin",
               "back\\slash.bin", "d1/d2/deep.bin"]


class AddAndCheckout(FilterTest):
    FILES = {name: content(1000 + 977 * i, i) for i, name in enumerate(NASTY_NAMES)}
    FILES["empty.bin"] = b""
    FILES["big.bin"] = content(9 * MIB, "big")
    FILES["pointer.bin"] = pointer_text(b"somewhere else")
    FILES["crlf.bin"] = pointer_text(b"somewhere else").replace(b"\n", b"\r\n")
    FILES["just-no-pointer.bin"] = pointer_text(b"x") + b" " * (1024 - len(pointer_text(b"x")))

    def add_all(self, program, settings=()):
        work = self.work_tree(program, settings=settings)
        for name, data in self.FILES.items():
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        _, _, err = self.git_as(program, work, "add", "-A")
        self.git_as(program, work, "commit", "-q", "-m", "m")
        return work, err

    def test_both_store_the_same_blobs_and_objects(self):
        ours, our_err = self.add_all("ours")
        theirs, their_err = self.add_all("upstream")
        self.assertEqual(self.blobs_of(ours, "ours"), self.blobs_of(theirs, "upstream"))
        self.assertEqual(self.store_of(ours), self.store_of(theirs))
        self.assertEqual(our_err, their_err)
        self.assertEqual(self.temporaries(ours), [])
        self.assertFalse((ours / "pwned").exists())

    def test_without_the_process_filter_the_result_is_the_same(self):
        ours, _ = self.add_all("ours", settings=[("filter.lfs.process", None)])
        theirs, _ = self.add_all("upstream")
        self.assertEqual(self.blobs_of(ours, "ours"), self.blobs_of(theirs, "upstream"))
        self.assertEqual(self.store_of(ours), self.store_of(theirs))

    def test_a_checkout_gives_every_file_back(self):
        for settings in ([], [("filter.lfs.process", None)]):
            with self.subTest(settings=settings):
                work, _ = self.add_all("ours", settings=settings)
                for name in self.FILES:
                    (work / name).unlink()
                del_pointers = ["pointer.bin", "crlf.bin"]
                self.git_as("ours", work, "checkout", "-q", "--",
                            *[n for n in self.FILES if n not in del_pointers])
                for name, data in self.FILES.items():
                    if name not in del_pointers:
                        self.assertEqual((work / name).read_bytes(), data, name)
                subprocess.run(["rm", "-rf", work], check=True)

    def test_what_upstream_added_is_checked_out_by_us_and_the_reverse(self):
        for first, second in (("ours", "upstream"), ("upstream", "ours")):
            with self.subTest(first=first):
                work, _ = self.add_all(first)
                for name in self.FILES:
                    (work / name).unlink()
                wanted = [n for n in self.FILES if n not in ("pointer.bin", "crlf.bin")]
                self.git_as(second, work, "checkout", "-q", "--", *wanted)
                for name in wanted:
                    self.assertEqual((work / name).read_bytes(), self.FILES[name], name)
                _, status, _ = self.git_as(second, work, "status", "--porcelain", "--", *wanted)
                self.assertEqual(status, b"")

    def test_blobs_that_are_no_pointers_pass_and_are_told_of(self):
        said = {}
        for program in ("ours", "upstream"):
            work = self.work_tree(program)
            (work / "a.bin").write_bytes(b"just text\n")
            (work / "b.bin").write_bytes(content(3 * MIB, "b"))
            (work / "c.bin").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid x\n")
            self.git_as(program, work, "-c", "filter.lfs.clean=", "-c", "filter.lfs.process=",
                        "-c", "filter.lfs.required=false", "add", "-A")
            self.git_as(program, work, "commit", "-q", "-m", "m")
            for name in ("a.bin", "b.bin", "c.bin"):
                (work / name).unlink()
            _, _, err = self.git_as(program, work, "checkout", "--", ".")
            said[program] = sorted(err.splitlines())
            self.assertEqual((work / "b.bin").read_bytes(), content(3 * MIB, "b"))
        self.assertEqual(said["ours"], said["upstream"])
        self.assertIn(b"Encountered 3 files that should have been pointers, but weren't:",
                      said["ours"])

    def test_linked_work_trees_share_the_store(self):
        work, _ = self.add_all("ours")
        self.git_as("ours", work, "rm", "-q", "--cached", "pointer.bin", "crlf.bin")
        self.git_as("ours", work, "commit", "-q", "-m", "n")
        self.git_as("ours", work, "worktree", "add", "-q", "../linked")
        linked = self.scratch / "linked"
        self.assertEqual((linked / "big.bin").read_bytes(), self.FILES["big.bin"])
        (linked / "new.bin").write_bytes(b"new in a linked tree")
        self.git_as("ours", linked, "add", "new.bin")
        self.assertIn(sha256(b"new in a linked tree"), self.store_of(work))

    def test_alternates_are_read_in_place(self):
        work, _ = self.add_all("ours")
        self.git_as("ours", work, "rm", "-q", "--cached", "pointer.bin", "crlf.bin")
        self.git_as("ours", work, "commit", "-q", "-m", "n")
        _, _, _ = self.run_as("ours", "git", "clone", "-q", "--shared", "--no-checkout", str(work),
                              "copy", check=True)
        copy = self.scratch / "copy"
        for key in ("clean", "smudge", "process", "required"):
            _, value, _ = self.git_as("ours", work, "config", f"filter.lfs.{key}")
            self.git_as("ours", copy, "config", f"filter.lfs.{key}", value.decode().strip())
        self.git_as("ours", copy, "checkout", "-q", "main")
        self.assertEqual((copy / "big.bin").read_bytes(), self.FILES["big.bin"])
        self.assertEqual(self.store_of(copy), {})

    def test_shared_repositories_get_group_modes(self):
        work = self.work_tree("ours", settings=[("core.sharedRepository", "group")])
        for name, data in (("small.bin", b"small"), ("large.bin", content(2 * MIB, 1))):
            (work / name).write_bytes(data)
        self.run_as("ours", "sh", "-c", "umask 077; git add -A", cwd=work, check=True)
        for path in (work / ".git/lfs/objects").rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o777, 0o770 if path.is_dir() else 0o660, path)


class CleanedAgain(FilterTest):
    """A long file whose times alone changed: read and hashed, and not stored a second time."""

    DATA = content(24 * MIB, "again")

    def setUp(self):
        super().setUp()
        self.work = self.work_tree("ours")
        (self.work / "x.bin").write_bytes(self.DATA)
        self.git_as("ours", self.work, "add", "x.bin")

    def most_written(self, data):
        """Cleans `data`, and says how large the temporary file was when all but the end was there."""
        child = subprocess.Popen(
            ["git-lfs", "clean", "x.bin"], cwd=self.work, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=environment(self.home, self.cache, self.ours_first))
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        child.stdin.write(data[:-MIB])
        child.stdin.flush()
        written = max(p.stat().st_size for p in self.temporaries(self.work))
        out, _ = child.communicate(data[-MIB:])
        self.assertEqual((child.returncode, out), (0, pointer_text(data)))
        self.assertEqual(self.temporaries(self.work), [])
        return written

    def test_what_the_index_names_is_not_written_again(self):
        before = self.store_of(self.work)
        self.assertLess(self.most_written(self.DATA), 6 * MIB)
        self.assertEqual(self.store_of(self.work), before)

    def test_what_differs_is_written(self):
        data = self.DATA[:8 * MIB] + b"?" + self.DATA[8 * MIB + 1:]
        self.assertGreater(self.most_written(data), 12 * MIB)
        self.assertEqual(self.store_of(self.work)[sha256(data)], data)

    def test_a_damaged_object_is_made_anew(self):
        stored = self.work / ".git/lfs/objects" / sha256(self.DATA)[:2] / sha256(self.DATA)[2:4] / sha256(self.DATA)
        stored.chmod(0o644)
        stored.write_bytes(self.DATA[:20 * MIB] + b"?" + self.DATA[20 * MIB + 1:])
        os.utime(self.work / "x.bin")
        self.git_as("ours", self.work, "add", "x.bin")
        self.git_as("ours", self.work, "status", "--short")
        code, out, _ = self.run_as("ours", "git-lfs", "clean", "x.bin", cwd=self.work, data=self.DATA)
        self.assertEqual((code, out), (0, pointer_text(self.DATA)))


class Extensions(FilterTest):
    def test_a_chain_gives_the_same_pointers_as_upstream(self):
        settings = [("lfs.extension.b.clean", "tr a-z b-za"), ("lfs.extension.b.smudge", "tr b-za a-z"),
                    ("lfs.extension.b.priority", "2"),
                    ("lfs.extension.a.clean", "rev"), ("lfs.extension.a.smudge", "rev"),
                    ("lfs.extension.a.priority", "1")]
        results = {}
        for program, lines in (("ours", 3000), ("upstream", 3000), ("ours", 200000)):
            data = b"".join(b"line number %d\n" % i for i in range(lines))
            work = self.work_tree(program, name=f"{program}-{lines}", settings=settings)
            (work / "x.bin").write_bytes(data)
            self.git_as(program, work, "add", "-A")
            if lines == 3000:  # with more, upstream's chain waits for ever
                results[program] = (self.blobs_of(work, program), self.store_of(work))
            (work / "x.bin").unlink()
            self.git_as(program, work, "checkout", "-q", "--", "x.bin")
            self.assertEqual((work / "x.bin").read_bytes(), data)
        self.assertEqual(results["ours"], results["upstream"])

    def test_file_names_reach_the_program_as_one_word_and_no_shell(self):
        log = self.scratch / "arguments"
        program = self.scratch / "extension"
        program.write_text(f'#!/bin/sh\nfor word; do printf "%s\\0" "$word" >> {log}; done\nexec cat\n')
        program.chmod(0o755)
        work = self.work_tree("ours", settings=[
            ("lfs.extension.x.clean", f"{program} clean %f"),
            ("lfs.extension.x.smudge", f"{program} smudge %f")])
        for i, name in enumerate(NASTY_NAMES):
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"content %d" % i)
        self.git_as("ours", work, "add", "-A")
        words = log.read_bytes().split(b"\0")[:-1]
        self.assertEqual(sorted(words[1::2]), sorted(n.encode() for n in NASTY_NAMES))
        self.assertEqual(set(words[0::2]), {b"clean"})
        self.assertEqual([p for p in work.iterdir() if p.name == "pwned"], [])

    def test_a_failing_extension_stops_git_add(self):
        for settings in ([], [("filter.lfs.process", None)]):
            with self.subTest(settings=settings):
                work = self.work_tree("ours", name=f"fails-{len(settings)}", settings=[
                    ("lfs.extension.x.clean", "false"), ("lfs.extension.x.smudge", "cat"), *settings])
                (work / "x.bin").write_bytes(content(5 * MIB, "x"))
                code, _, err = self.git_as("ours", work, "add", "-A", check=False)
                self.assertNotEqual(code, 0)
                self.assertIn(b"extension 'x' failed with", err)
                self.assertEqual(self.store_of(work), {})
                self.assertEqual(self.temporaries(work), [])


class Downloads(FilterTest):
    FILES = {f"f{i}.bin": content(20000 + i, i) for i in range(50)}

    def setUp(self):
        super().setUp()
        self.origin = self.repository({**self.FILES, "same.bin": self.FILES["f1.bin"]})

    def clone_as(self, program, name, *options, check=True, config=(), env=None):
        settings = {"filter.lfs.clean": "git-lfs clean -- %f",
                    "filter.lfs.smudge": "git-lfs smudge -- %f",
                    "filter.lfs.process": "git-lfs filter-process", "filter.lfs.required": "true",
                    **dict(config)}
        arguments = [word for key, value in settings.items() if value is not None
                     for word in ("-c", f"{key}={value}")]
        return self.run_as(program, "git", "clone", "-q", *arguments, *options,
                           self.server.repository_url("repo"), name, check=check, env=env)

    def check_files(self, folder):
        for name, data in self.FILES.items():
            self.assertEqual((folder / name).read_bytes(), data, name)
        self.assertEqual((folder / "same.bin").read_bytes(), self.FILES["f1.bin"])

    def test_a_clone_downloads_all_files_in_one_queue(self):
        self.server.reset_stats()
        self.clone_as("ours", "clone")
        self.check_files(self.scratch / "clone")
        stats = self.server.stats()
        self.assertLessEqual(stats.get("batch", stats.get("batches", 1)), 2)
        _, status, _ = self.git_as("ours", self.scratch / "clone", "status", "--porcelain")
        self.assertEqual(status, b"")

    def test_without_the_process_filter_each_file_is_downloaded(self):
        self.clone_as("ours", "clone", config=[("filter.lfs.process", None)])
        self.check_files(self.scratch / "clone")

    def test_a_second_clone_takes_everything_from_the_shared_cache(self):
        self.clone_as("ours", "one")
        for path in self.server.folder.glob("objects/*/*/*"):
            path.unlink()
        self.clone_as("ours", "two")
        self.check_files(self.scratch / "two")
        one = self.store_of(self.scratch / "one")
        self.assertEqual(one, self.store_of(self.scratch / "two"))
        oid = sha256(self.FILES["f1.bin"])
        path = f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}"
        links = (self.scratch / "two" / path).stat().st_nlink
        self.assertGreaterEqual(links, 2)

    def test_a_damaged_object_in_the_cache_is_not_passed_on(self):
        self.clone_as("ours", "one")
        oid = sha256(self.FILES["f1.bin"])
        path = self.scratch / f"one/.git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}"
        data = bytearray(path.read_bytes())
        data[5] ^= 1
        path.chmod(0o644)
        with open(path, "r+b") as file:
            file.write(data)
        self.clone_as("ours", "two")
        self.check_files(self.scratch / "two")

    def test_sharing_can_be_switched_off(self):
        self.clone_as("ours", "one", config=[("lfs.cache.share", "false")])
        self.check_files(self.scratch / "one")
        self.assertEqual([p for p in self.cache.glob("objects/*/*/*")], [])

    def test_skipped_files_are_pointers(self):
        for name, options in (("skip", {"env": {"GIT_LFS_SKIP_SMUDGE": "1"}}),
                              ("flag", {"config": [("filter.lfs.process",
                                                    "git-lfs filter-process --skip")]})):
            with self.subTest(name):
                self.clone_as("ours", name, **options)
                for file, data in self.FILES.items():
                    self.assertEqual((self.scratch / name / file).read_bytes(), pointer_text(data))

    def test_include_and_exclude_choose_what_is_downloaded(self):
        self.clone_as("ours", "clone", config=[("lfs.fetchinclude", "f1*.bin,same.bin"),
                                               ("lfs.fetchexclude", "f12.bin")])
        clone = self.scratch / "clone"
        for name, data in self.FILES.items():
            wanted = name.startswith("f1") and name != "f12.bin"
            self.assertEqual((clone / name).read_bytes(), data if wanted else pointer_text(data), name)

    def test_a_missing_object_stops_the_checkout_unless_that_is_allowed(self):
        oid = sha256(self.FILES["f7.bin"])
        self.server.object_path(oid).unlink()
        said = {}
        for program in ("ours", "upstream"):
            code, _, err = self.clone_as(program, f"{program}-fails", check=False)
            self.assertNotEqual(code, 0)
            said[program] = [line for line in err.splitlines() if line.startswith(b"Error downl")]
        self.assertEqual(said["ours"], said["upstream"])
        _, _, err = self.clone_as("ours", "allowed",
                                  config=[("lfs.skipdownloaderrors", "true")])
        self.assertIn(b"Error downloading object: f7.bin", err)
        for name, data in self.FILES.items():
            expected = pointer_text(data) if name == "f7.bin" else data
            self.assertEqual((self.scratch / "allowed" / name).read_bytes(), expected, name)

    def test_every_remote_is_asked_when_that_is_configured(self):
        self.clone_as("ours", "clone", "--no-checkout", config=[("lfs.cache.share", "false")])
        clone = self.scratch / "clone"
        self.git_as("ours", clone, "remote", "rename", "origin", "good")
        self.git_as("ours", clone, "remote", "add", "origin", "http://127.0.0.1:1/nothing.git")
        self.git_as("ours", clone, "config", "lfs.remote.searchall", "true")
        self.git_as("ours", clone, "config", "lfs.transfer.maxretries", "1")
        self.git_as("ours", clone, "reset", "-q")
        self.git_as("ours", clone, "checkout", "f1.bin", "f2.bin")
        self.git_as("ours", clone, "config", "--unset", "filter.lfs.process")
        self.git_as("ours", clone, "checkout", "f3.bin")
        for name in ("f1.bin", "f2.bin", "f3.bin"):
            self.assertEqual((clone / name).read_bytes(), self.FILES[name])

    def test_the_remote_can_be_found_by_the_commit(self):
        self.clone_as("ours", "clone", "--no-checkout", config=[("lfs.cache.share", "false")])
        clone = self.scratch / "clone"
        self.git_as("ours", clone, "remote", "rename", "origin", "good")
        self.git_as("ours", clone, "remote", "add", "origin", "http://127.0.0.1:1/nothing.git")
        self.git_as("ours", clone, "config", "--unset", "branch.main.remote")
        self.git_as("ours", clone, "config", "lfs.remote.autodetect", "true")
        self.git_as("ours", clone, "checkout", "-q", "-f", "main")
        self.check_files(clone)


class Killed(FilterTest):
    def start(self, work, *argv):
        return subprocess.Popen(
            argv, cwd=work, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment(self.home, self.cache, self.ours_first))

    def test_a_killed_clean_leaves_no_object_and_the_next_one_completes(self):
        work = self.work_tree("ours")
        data = content(24 * MIB, "killed")
        child = self.start(work, "git-lfs", "clean", "x.bin")
        child.stdin.write(data[:16 * MIB])
        child.stdin.flush()
        wait_until(lambda: any(p.stat().st_size > 8 * MIB for p in self.temporaries(work)),
                   "the temporary file")
        child.kill()
        child.wait()
        try:
            child.stdin.close()
        except BrokenPipeError:
            pass
        child.stdout.close()
        self.assertEqual(self.store_of(work), {})
        left = self.temporaries(work)
        self.assertEqual(len(left), 1)
        os.utime(left[0], (1, 1))
        code, out, _ = self.run_as("ours", "git-lfs", "clean", "x.bin", cwd=work, data=data)
        self.assertEqual((code, out), (0, pointer_text(data)))
        self.assertEqual(self.store_of(work), {sha256(data): data})
        self.assertEqual(self.temporaries(work), [])

    def test_killed_adds_and_checkouts_lose_nothing(self):
        work = self.work_tree("ours")
        files = {f"f{i}.bin": content(300000 + i, i) for i in range(60)}
        for name, data in files.items():
            (work / name).write_bytes(data)
        self.kill_in_turns(work, "add", "-A")
        for name, data in self.store_of(work).items():
            self.assertEqual(sha256(data), name)
        (work / ".git/index.lock").unlink(missing_ok=True)
        self.git_as("ours", work, "add", "-A")
        self.git_as("ours", work, "commit", "-q", "-m", "m")
        for name in files:
            (work / name).unlink()
        self.kill_in_turns(work, "checkout", "-q", "-f", "main")
        (work / ".git/index.lock").unlink(missing_ok=True)
        self.git_as("ours", work, "checkout", "-q", "-f", "main")
        self.git_as("ours", work, "checkout", "-q", "--", ".")
        for name, data in files.items():
            self.assertEqual((work / name).read_bytes(), data, name)
        for name, data in self.store_of(work).items():
            self.assertEqual(sha256(data), name)

    def kill_in_turns(self, work, *arguments):
        """Starts git again and again, and kills the filter a little later each time."""
        for delay in (0.0, 0.005, 0.01, 0.02, 0.04):
            (work / ".git/index.lock").unlink(missing_ok=True)
            child = self.start(work, "git", *arguments)
            end = time.monotonic() + 10
            while child.poll() is None and time.monotonic() < end:
                filters = self.filters_below(child.pid)
                if filters:
                    time.sleep(delay)
                    for pid in filters:
                        try:
                            os.kill(pid, signal.SIGKILL)
                        except ProcessLookupError:
                            pass
                    break
            child.stdin.close()
            child.stdout.close()
            child.wait(30)

    def filters_below(self, pid):
        found = []
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return found
        for child in children:
            try:
                line = Path(f"/proc/{child}/cmdline").read_bytes()
            except OSError:
                continue
            if b"filter-process" in line and not line.startswith((b"/bin/sh", b"sh\0")):
                found.append(int(child))
            found += self.filters_below(int(child))
        return found


if __name__ == "__main__":
    unittest.main()
