#!/usr/bin/env python3
"""Repositories that both clients work on: what one made, the other continues. The story must be
the one that upstream alone would have told."""
import os

from conformance import main, pointer, scenario, sha256

FILES = {"a.bin": "first", "d/b.bin": "second" * 5000, "c.txt": "text"}
PROCESS = "-c filter.lfs.process='git-lfs filter-process' -c filter.lfs.required=true"


def made(t, by, and_then):
    """Set up, committed and pushed by one, continued by the other."""
    t.repository(install=False)
    t("git lfs install --local", by=by)
    t("git lfs track *.bin", by=by)
    t.write(FILES)
    t("git add -A", by=by)
    t("git commit -q -m one", by=by)
    t("git push -q origin main", by=by)
    t("git lfs status", by=and_then)
    t("git lfs ls-files --long", by=and_then)
    t.write({"a.bin": "changed", "n.bin": "new"})
    t("git add -A", by=and_then)
    t("git commit -q -m two", by=and_then)
    t("git push -q origin main", by=and_then)
    t.cwd = t.top
    t(f"git {PROCESS} clone -q {t.url()} clone", by=by)
    t.enter("clone")
    t(f"git {PROCESS} status --porcelain", by=and_then)
    t("git lfs fetch --all", by=and_then, only="^$")
    t("git lfs checkout", by=by)
    t(f"git {PROCESS} checkout -q HEAD~1", by=and_then)
    t(f"git {PROCESS} status --porcelain", by=by)
    t.state()


@scenario
def made_by_upstream_continued_by_ours(t):
    made(t, "upstream", "client")


@scenario
def made_by_ours_continued_by_upstream(t):
    made(t, "client", "upstream")


@scenario
def partial_downloads_of_upstream_are_resumed(t):
    big = "0123456789abcdef" * 50000
    t.repository("*.bin", {"a.bin": big}, push=True)
    t.clone()
    part = t.cwd / f".git/lfs/incomplete/{sha256(big.encode())}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(big[:300000])
    t("git lfs fetch", only="^$")
    t.requests()
    t.state()


@scenario
def a_damaged_partial_download_does_no_harm(t):
    big = "0123456789abcdef" * 50000
    t.repository("*.bin", {"a.bin": big}, push=True)
    t.clone()
    part = t.cwd / f".git/lfs/incomplete/{sha256(big.encode())}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_text("x" * 300000)
    t.run("git lfs fetch")  # 3.3.0 keeps the bad bytes until the next run (quirk 21)
    t.run("git lfs fetch")
    t.requests(forget=True)
    t.state()


@scenario
def one_store_for_several_work_trees(t):
    t.repository("*.bin", FILES)
    t("git worktree add -q ../tree")
    t.enter("tree")
    t.write({"w.bin": "in the work tree"})
    t("git add -A")
    t("git commit -q -m tree")
    t("git lfs ls-files")
    t("git lfs status")
    t("git lfs env", only="^Local|^Temp|^Lfs")


@scenario
def another_place_for_the_store(t):
    t.repository("*.bin")
    t.git("config lfs.storage ../outside")
    t.commit(FILES)
    t("git lfs push origin main")
    t("find outside -name users -prune -o -type f -print", cwd=".git/..")  # users: ours alone
    t.git(["config", "lfs.storage", str(t.top / "absolute")])
    t("git lfs fetch", only="^$")
    t(f"find {t.top}/absolute -type f -name {sha256(b'first')}")
    t.requests(forget=True)


@scenario
def objects_of_alternates(t):
    t.repository("*.bin", FILES, push=True)
    t.cwd = t.top
    t.git(["clone", "-q", "--shared", "--no-checkout", "repo", "shared"])
    t.enter("shared")
    t.git(["config", "remote.origin.lfsurl", t.url() + "/info/lfs"])
    t.git("lfs install --local", by="upstream")
    t("git checkout -q main")
    t("cat a.bin")
    t("git lfs ls-files")
    t.requests()


@scenario
def submodules(t):
    t.repository("*.bin", FILES, name="inner", push=True)
    t.repository("*.bin", {"outer.bin": "outer"}, name="outer", push=True)
    t(f"git -c protocol.file.allow=always submodule --quiet add {t.url('inner')} sub", only="^$")
    t("git lfs ls-files")
    t("git lfs ls-files", cwd="sub")
    t("git lfs status", cwd="sub")
    t("git lfs env", cwd="sub", only="^Local|^Endpoint")
    t.requests(forget=True)
    t.repositories.clear()


@scenario
def sparse_and_shallow_clones(t):
    t.repository("*.bin", FILES, push=True)
    t.commit({"a.bin": "newer"}, push=True)
    t.requests(forget=True)
    t.cwd = t.top
    t(f"git {PROCESS} clone -q --depth 1 {t.url()} shallow")
    t("git lfs fetch --all", cwd="shallow", only="^$")
    t.state(t.top / "shallow")
    t.requests(forget=True)
    t(f"git {PROCESS} clone -q --sparse {t.url()} sparse")
    t("git lfs ls-files", cwd="sparse")
    t("git lfs pull", cwd="sparse", only="^$")
    t(f"git {PROCESS} status --porcelain", cwd="sparse")
    t.requests(forget=True)


@scenario
def names_are_compared_as_git_does(t):
    t.repository("*.bin", {"Upper.bin": "1", "lower.bin": "2", "d/Mixed.bin": "3"}, push=True)
    t.clone()
    for words in ("-I upper.bin", "-I Upper.bin", "-X D"):
        t(f"git lfs ls-files {words}")
    t.git("config core.ignorecase true")
    t("git lfs pull -I lower.bin", only="^$")
    t.state()
    t.requests(forget=True)


@scenario
def pointers_of_old_versions(t):
    t.repository("*.bin", remote=False)
    old = pointer("content").replace("https://git-lfs.github.com/spec/v1",
                                     "https://hawser.github.com/spec/v1")
    t.write({"old.bin": old, "crlf.bin": pointer("content").replace("\n", "\r\n")})
    t("git add -A")
    t("git cat-file -p :old.bin")
    t("git lfs ls-files")
    t("git lfs clean", stdin="content")
    for name in ("old.bin", "crlf.bin"):
        t.at(name).unlink()
    t("git checkout -- .")
    for name in ("old.bin", "crlf.bin"):
        os.utime(t.at(name), (1, 1))  # else git cleans them only when they are of the index's second
    t("git status --porcelain")


if __name__ == "__main__":
    main()
