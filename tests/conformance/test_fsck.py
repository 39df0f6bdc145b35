#!/usr/bin/env python3
"""fsck."""
from conformance import main, pointer, scenario, sha256

FILES = {"a.bin": "first", "d/b.bin": "second" * 500, "c.txt": "text"}

# 3.3.0 checks pointers in the order of a hash table.
ONE_POINTER = {"only": r"pointer:|OK"}


def stored(t, content):
    oid = sha256(content.encode())
    # The file goes away, lest git's look at a racy index stores its object again.
    t.at(next(name for name, text in FILES.items() if text == content)).unlink()
    return t.at(f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}")


@scenario
def all_is_well(t):
    t.repository("*.bin", FILES)
    for words in ("", "--objects", "--pointers", "--dry-run", "HEAD", "main", "--objects --pointers"):
        t(f"git lfs fsck {words}")


@scenario
def a_damaged_object_is_set_aside(t):
    t.repository("*.bin", FILES)
    stored(t, "first").write_text("firsT")
    t("git lfs fsck --dry-run")
    t("git lfs fsck --pointers")
    t("git lfs fsck")
    t("ls .git/lfs/bad")
    t("git lfs fsck --objects")


@scenario
def an_object_of_another_size_is_damaged(t):
    t.repository("*.bin", FILES)
    stored(t, "first").write_text("longer than it was")
    t("git lfs fsck")


@scenario
def a_missing_object_is_told(t):
    t.repository("*.bin", FILES)
    stored(t, FILES["d/b.bin"]).unlink()
    t("git lfs fsck --objects")
    t("git lfs fsck --dry-run")
    t.git("config lfs.fetchexclude d")
    t("git lfs fsck")


@scenario
def a_file_that_should_be_a_pointer(t):
    t.repository("*.bin", FILES)
    t.write({"raw.txt": "raw"})
    blob = t.git("hash-object -w raw.txt").strip()
    t.git(f"update-index --add --cacheinfo 100644,{blob},raw.bin")
    t.git("commit -q -m raw")
    t("git lfs fsck --pointers", **ONE_POINTER)
    t("git lfs fsck --objects")


@scenario
def a_pointer_that_is_not_canonical(t):
    t.repository("*.bin", FILES)
    t.write({"crlf.txt": pointer("first").replace("\n", "\r\n")})
    blob = t.git("hash-object -w crlf.txt").strip()
    t.git(f"update-index --add --cacheinfo 100644,{blob},crlf.bin")
    t.git("commit -q -m crlf")
    t("git lfs fsck --pointers", **ONE_POINTER)
    t("git lfs fsck HEAD~1..HEAD", **ONE_POINTER)
    t("git lfs fsck HEAD~1")


@scenario
def what_cannot_be_resolved(t):
    t.repository("*.bin", FILES)
    t("git lfs fsck nosuch")
    t("git lfs fsck nosuch..HEAD")


if __name__ == "__main__":
    main()
