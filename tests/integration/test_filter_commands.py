#!/usr/bin/env python3
"""clean, smudge, pointer and ext beside Debian's git-lfs: output, messages and exit codes."""
import re
import subprocess
import unittest

from filter_harness import FilterTest
from harness import MIB, content, environment, pointer_text, sha256


class Commands(FilterTest):
    def setUp(self):
        super().setUp()
        self.works = {p: self.work_tree(p) for p in ("ours", "upstream")}
        for work in self.works.values():
            (work / "a.bin").write_bytes(b"hello")
            (work / "ptr").write_bytes(pointer_text(b"hello"))
            (work / "crlf").write_bytes(pointer_text(b"hello").replace(b"\n", b"\r\n"))
            (work / "other").write_bytes(pointer_text(b"other"))
            (work / "empty").write_bytes(b"")

    def compare(self, *arguments, data=b"", env=None):
        said = {}
        for program, work in self.works.items():
            code, out, err = self.run_as(program, "git-lfs", *arguments, cwd=work, data=data, env=env)
            err = re.sub(rb"/[^ ']*/logs/[0-9T.]*\.log", b"LOG", err)
            said[program] = (code, out, err.replace(str(work).encode(), b"WORK"))
        self.assertEqual(said["ours"], said["upstream"], arguments)
        return said["ours"]

    def test_pointer_builds_compares_and_checks(self):
        for words in ([], ["--file", "a.bin"], ["-f", "a.bin", "-p", "ptr"],
                      ["--file=a.bin", "--pointer=other"], ["--file", "a.bin", "--pointer", "nope"],
                      ["--file", "a.bin", "--pointer", "a.bin"], ["--file", "nope"],
                      ["--pointer", "ptr"], ["--pointer", "a.bin"], ["--file", "empty"],
                      ["--file", "a.bin", "--pointer", "crlf"], ["--strict", "--file", "ptr"],
                      ["--check"], ["--check", "--file", "ptr"], ["--check", "--file", "a.bin"],
                      ["--check", "--file", "empty"], ["--check", "--file", "crlf"],
                      ["--check", "--strict", "--file", "crlf"], ["--check", "--file", "nope"],
                      ["--check", "--no-strict", "--file", "crlf"],
                      ["--check", "--strict", "--no-strict", "--file", "crlf"],
                      ["--check", "--file", "ptr", "--pointer", "ptr"],
                      ["--check", "--file", "ptr", "--stdin"]):
            with self.subTest(words):
                self.compare("pointer", *words)
        for words in (["--stdin"], ["--file", "a.bin", "--stdin"], ["--check", "--stdin"],
                      ["--stdin", "--pointer", "ptr"], ["--check", "--stdin", "--strict"]):
            for text in (pointer_text(b"hello"), pointer_text(b"other"), b"junk"):
                with self.subTest(words, text=text):
                    self.compare("pointer", *words, data=text)

    def test_malformed_pointers_are_described_alike(self):
        version = b"version https://git-lfs.github.com/spec/v1\n"
        oid = b"oid sha256:" + b"0" * 64 + b"\n"
        for text in (b"plain text", version + b"foo bar\n" + oid + b"size 1\n",
                     version + oid + b"size x\n", version + b"oid sha256:zz\nsize 1\n",
                     version + oid + b"size 1\nextra x\n", version + b"oid md5:00\nsize 1\n",
                     b"version https://git-lfs.github.com/spec/v9\n" + oid + b"size 1\n"):
            with self.subTest(text):
                self.assertEqual(self.compare("pointer", "--check", "--stdin", data=text)[0], 1)

    def test_clean_and_smudge_say_the_same(self):
        pointer = pointer_text(b"hello")
        self.compare("clean", "a.bin", data=b"hello")
        self.compare("smudge", "a.bin", data=pointer)
        self.compare("smudge", data=pointer)
        self.compare("smudge", "--skip", "a.bin", data=pointer)
        self.compare("smudge", "-s", "a.bin", data=pointer)
        self.compare("smudge", "a.bin", data=pointer, env={"GIT_LFS_SKIP_SMUDGE": "1"})
        self.compare("clean", "a.bin", data=pointer)
        self.compare("clean", "a.bin", data=pointer.replace(b"\n", b"\r\n"))
        self.compare("smudge", "--skip", "a.bin", data=pointer.replace(b"\n", b"\r\n"))
        self.compare("smudge", "a.bin", data=b"no pointer")
        self.compare("smudge", data=content(2 * MIB, "x"))
        self.compare("smudge", "a.bin", data=b"")
        self.compare("clean", "a.bin", data=b"")

    def test_a_file_of_another_size_in_an_objects_place(self):
        oid = sha256(b"hello")
        for work in self.works.values():
            path = work / f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}"
            path.parent.mkdir(parents=True)
            path.write_bytes(b"hell")
        said = {}
        for program, work in self.works.items():
            code, out, err = self.run_as(program, "git-lfs", "clean", "a.bin", cwd=work, data=b"hello")
            lines = err.replace(str(work).encode(), b"WORK").splitlines()
            said[program] = (code, out, lines[:2], lines[2].rsplit(b"/", 1)[0])
        self.assertEqual(said["ours"], said["upstream"])

    def test_extensions_are_listed_alike(self):
        self.compare("ext")
        for work in self.works.values():
            for key, value in (("b.clean", "rev %f"), ("b.smudge", "rev"), ("b.priority", "3"),
                               ("a.clean", "x"), ("a.priority", "7")):
                self.git_as("ours", work, "config", f"lfs.extension.{key}", value)
        for words in (["ext"], ["ext", "list"], ["ext", "list", "a"], ["ext", "list", "b", "none"],
                      ["ext", "a"]):
            with self.subTest(words):
                self.compare(*words)
        for work in self.works.values():
            self.git_as("ours", work, "config", "lfs.extension.a.priority", "3")
        code, out, _ = self.run_as("ours", "git-lfs", "ext", cwd=self.works["ours"])
        self.assertEqual(code, 0)
        self.assertIn(b"duplicate priority 3 on ", out)

    def test_outside_of_a_repository(self):
        for words, data in ((["clean"], b"x"), (["smudge"], b"x"), (["filter-process"], b"x")):
            said = [self.run_as(p, "git-lfs", *words, cwd="/", data=data) for p in self.works]
            self.assertEqual(said[0], said[1])
            self.assertEqual(said[0][0], 128)

    def test_without_a_stream_the_filters_refuse(self):
        for command in ("clean", "smudge", "filter-process"):
            said = []
            for program, work in self.works.items():
                first = self.upstream_first if program == "upstream" else self.ours_first
                result = subprocess.run(
                    ["git-lfs", command], cwd=work, stdin=subprocess.DEVNULL, capture_output=True,
                    env=environment(self.home, self.cache, first), check=False)
                said.append((result.returncode, result.stdout, result.stderr))
            self.assertEqual(said[0], said[1])

    def test_progress_goes_to_its_file(self):
        log = self.scratch / "progress"
        env = {"GIT_LFS_PROGRESS": str(log)}
        data = content(3 * MIB, "p")
        work = self.works["ours"]
        self.run_as("ours", "git-lfs", "clean", "a.bin", cwd=work, data=data, env=env, check=True)
        self.assertEqual(log.read_text().splitlines()[-1], f"clean 1/1 {3 * MIB}/???? a.bin")
        self.run_as("ours", "git-lfs", "smudge", "a.bin", cwd=work, data=pointer_text(data), env=env,
                    check=True)
        self.assertEqual(log.read_text().splitlines()[-1], f"download 1/1 {3 * MIB}/{3 * MIB} a.bin")


if __name__ == "__main__":
    unittest.main()
