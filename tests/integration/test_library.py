#!/usr/bin/env python3
"""lfs/ and cache/ as a library: installed, found by CMake, and used by a program of its own."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BUILD, MIB, MountTest, ROOT, content, sha256


def run(*argv, **options):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, check=False,
                          timeout=280, **options)
    if done.returncode:
        raise AssertionError(f"{argv} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Library(MountTest):
    @classmethod
    def setUpClass(cls):
        cache = (BUILD / "CMakeCache.txt").read_text()
        if "LAZYLFS_SANITIZE:STRING=\n" not in cache:
            raise unittest.SkipTest("a library with sanitizers is of no use to other programs")
        cls.place = Path(tempfile.mkdtemp(prefix="lazylfs-library-"))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.prefix = cls.place / "prefix"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix, "--component", "development")
        cls.build = cls.place / "build"
        run("cmake", "-S", ROOT / "examples/read_objects", "-B", cls.build,
            "-DCMAKE_BUILD_TYPE=Debug", f"-DCMAKE_PREFIX_PATH={cls.prefix}",
            "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror -O0 -g0")
        run("cmake", "--build", cls.build)

    def example(self, *words, check=True):
        return subprocess.run([self.build / "read_objects", *words], capture_output=True,
                              check=check, timeout=60, env={
                                  "PATH": os.environ["PATH"], "HOME": str(self.home),
                                  "GIT_CONFIG_NOSYSTEM": "1"})

    def test_the_example_lists_and_reads_through_the_cache(self):
        big, small = content(3 * MIB + 5, 1), content(700, 2)
        self.repository({"a.bin": big, "b.bin": small, "c.txt": b"text", "d.bin": b""})
        clone = self.clone()
        listed = self.example(clone, "HEAD", self.cache).stdout.decode()
        self.assertEqual(listed, f"{sha256(big)} {len(big)} a.bin\n"
                                 f"{sha256(small)} {len(small)} b.bin\n")

        self.assertEqual(self.example(clone, "main", self.cache, "a.bin").stdout, big[:MIB])
        self.assertEqual(self.example(clone, "main", self.cache, "b.bin").stdout, small)
        fetched = self.server.stats()["download_bytes"]
        self.assertLess(fetched, 2 * MIB, "only what was read is fetched")
        self.server.stop()
        again = self.example(clone, "main", self.cache, "a.bin").stdout
        self.assertEqual(again, big[:MIB], "from the cache, without the server")

    def test_the_example_fails_with_a_reason(self):
        self.repository({"a.bin": content(100, 3)})
        done = self.example(self.clone(), "HEAD", self.cache, "c.txt", check=False)
        self.assertEqual((done.returncode, done.stderr.decode()),
                         (1, "read_objects: c.txt is no LFS file of HEAD\n"))
        done = self.example(self.scratch, "HEAD", self.cache, check=False)
        self.assertEqual(done.returncode, 1)

    def test_every_installed_header_compiles_by_itself(self):
        include = self.prefix / "include/lazylfs"
        headers = sorted(path.relative_to(include) for path in include.rglob("*.h"))
        self.assertGreater(len(headers), 50)
        self.assertTrue({path.parts[0] for path in headers} == {"lfs", "cache"})
        everything = self.scratch / "all.cc"
        everything.write_text("".join(f'#include "{path}"\n' for path in headers))
        flags = run("pkg-config", "--cflags", "libgit2", "libcurl", "sqlite3").split()
        run("c++", "-std=c++20", "-fsyntax-only", "-DCURL_STRICTER", '-DLAZYLFS_VERSION="0"',
            "-I", include, *flags, everything)

    def test_a_missing_version_is_refused(self):
        source = self.folder("other")
        (source / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(other LANGUAGES CXX)\n"
            "find_package(lazylfs 99.0 REQUIRED)\n")
        with self.assertRaisesRegex(AssertionError, "compatible with requested\\s+version"):
            run("cmake", "-S", source, "-B", self.scratch / "other-build",
                f"-DCMAKE_PREFIX_PATH={self.prefix}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
