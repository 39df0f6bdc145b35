#!/usr/bin/env python3
"""merge-driver."""
from conformance import main, pointer, scenario

DRIVER = ("git lfs merge-driver --ancestor %O --current %A --other %B --marker-size %L --output %A")
BASE = "".join(f"line {n}\n" for n in range(1, 11))


def changed(*lines):
    text = BASE
    for number, word in lines:
        text = text.replace(f"line {number}\n", f"{word}\n")
    return text


def two_branches(t, ours, theirs, driver=DRIVER):
    t.repository("", {}, remote=False)
    t.git(["config", "merge.lfs-text.driver", driver])
    t.write({".gitattributes": "*.txt filter=lfs diff=lfs merge=lfs-text -text\n"})
    t.commit({"a b.txt": BASE})
    t.git("checkout -q -b other")
    t.commit({"a b.txt": theirs})
    t.git("checkout -q main")
    t.commit({"a b.txt": ours})


@scenario
def a_merge_without_conflict(t):
    two_branches(t, changed((2, "ours")), changed((9, "theirs")))
    t("git merge -q other -m merged")
    t("cat 'a b.txt'")
    t("git show :'a b.txt'")
    t("git status --short")


@scenario
def a_merge_by_a_program_of_the_users(t):
    two_branches(t, changed((2, "ours")), changed((2, "theirs")),
                 DRIVER + " --program 'cat %%A %%B >%%D'")
    t("git merge -q other -m merged")
    t("cat 'a b.txt'")


@scenario
def a_program_may_fail_with_a_result(t):
    t.repository("*.bin", {})
    t.write({"o": BASE, "a": changed((1, "A")), "b": pointer(changed((1, "B"))), "out": ""})
    t("git lfs clean", stdin=changed((1, "B")))
    words = "git lfs merge-driver --ancestor o --current a --other b --output out"
    for program in ("cat %B >%D; exit 3", "echo %L%%%x%L >%D", "cat %O %A %B >%D", "cat <%A >%D; exit 1"):
        for size in ("", " --marker-size 5"):
            t.write({"out": ""})  # 3.3.0 leaves the end of a longer file
            t(f"{words}{size} --program '{program}'")
            t("cat out")


@scenario
def what_is_missing_is_said(t):
    t.repository("*.bin", {})
    t.write({"o": "o", "a": "a", "b": "b"})
    t("git lfs merge-driver")
    t("git lfs merge-driver --ancestor o --current a --other b")
    t("git lfs merge-driver --ancestor o --current a --output b")
    t.misuse("git lfs merge-driver --ancestor o --current a --other b --output c --marker-size x")
    t.misuse("git lfs merge-driver --nosuch")
    t("git lfs merge-driver --ancestor o --current a --other nosuch --output c",
      newer="! could not decode pointer when merging: open nosuch: No such file or directory\n= 2\n",
      why="3.3.0 words it as its file functions do")


if __name__ == "__main__":
    main()
