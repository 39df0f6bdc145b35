#!/usr/bin/env python3
"""ls-files and status."""
from conformance import main, pointer, scenario

FILES = {"a.bin": "first", "d/b.bin": "second" * 500, "c.txt": "text", "d/e/f.bin": "third"}


@scenario
def files_in_all_formats(t):
    t.repository("*.bin", FILES)
    for words in ("", "-l", "--long", "-s", "--size", "-d", "--debug", "-n", "--name-only", "-a", "--all",
                  "--json", "--json --long", "-n -s", "-l -s", "--json --size",
                  "--all --long", "--all --json", "--deleted", "--name-only --long"):
        t(f"git lfs ls-files {words}")
    t("git lfs ls-files --json --debug", newer=[("\\{\\n \"files\": null\\n\\}\\n", "")],
      why="--debug wins; 3.3.0 adds an empty list")
    t("git lfs ls-files", cwd="d")
    t("git lfs ls-files -n", cwd="d/e")


@scenario
def files_that_are_not_here(t):
    t.repository("*.bin", FILES, push=True)
    t.clone()
    for words in ("", "--debug", "--json"):
        t(f"git lfs ls-files {words}")
    t.at("a.bin").write_text("first")
    t("git lfs ls-files")
    t.at("a.bin").unlink()
    t("git lfs ls-files")
    t("git lfs ls-files --json")


@scenario
def files_of_other_revisions(t):
    t.repository("*.bin", FILES)
    t.commit({"a.bin": "changed", "new.bin": "new"})
    t.git("tag one")
    t.git("checkout -q -b side HEAD~1")
    t.commit({"side.bin": "side"})
    for words in ("main", "side", "one", "HEAD~1", "main side", "side main", "HEAD~1 HEAD",
                  "--all main", "--deleted main side", "--deleted main", "main --size"):
        t(f"git lfs ls-files {words}")
    for words in ("--all", "--all --"):
        t(f"git lfs ls-files {words}", sort=True)
    for words in ("nosuch", "main nosuch"):
        t.only_ours(f"git lfs ls-files {words}", "! Could not scan for Git LFS tree: no branch, tag or "
                    "commit 'nosuch'\n= 2\n", "3.3.0 shows the failure of a git command of its own")


@scenario
def deleted_and_renamed_files(t):
    t.repository("*.bin", FILES)
    t.git("rm -q a.bin")
    t("git lfs ls-files")
    t("git lfs ls-files --deleted")
    t.commit()
    t("git lfs ls-files")
    t("git lfs ls-files --deleted")
    t("git lfs ls-files --all")
    t.git("mv d/b.bin moved.bin")
    t("git lfs ls-files")


@scenario
def staged_files_come_too(t):
    t.repository("*.bin", FILES)
    t.write({"new.bin": "new", "a.bin": "changed"})
    t("git lfs ls-files")
    t.git("add -A")
    t("git lfs ls-files --long")
    t("git lfs ls-files HEAD")


@scenario
def files_by_pattern(t):
    t.repository("*.bin", FILES)
    for words in ("-I d", "-I d/", "-X d", "--include=*.bin --exclude=d/e", "-I 'd/*'", "-I 'd/**'",
                  "-X '*'", "-I nosuch", "-I a.bin,d/e", "--include= --exclude="):
        t(f"git lfs ls-files {words}")


@scenario
def nothing_to_list(t):
    t.repository()
    for words in ("", "--json", "--all", "--deleted", "--debug"):
        t(f"git lfs ls-files {words}")
    t.commit({"c.txt": "text"})
    for words in ("", "--json", "--all", "--deleted"):
        t(f"git lfs ls-files {words}")


@scenario
def odd_names_and_pointers(t):
    t.repository("*.bin", {"with space.bin": "1", "tab\t.bin": "2", "ünïcode.bin": "3", "line\nend.bin": "4",
                           "quote\".bin": "5", "empty.bin": "", "back\\slash.bin": "6"})
    t("git lfs ls-files")
    t("git lfs ls-files --json")
    t.write({"untracked": pointer("by hand"), "crlf": pointer("x").replace("\n", "\r\n"),
             "almost": pointer("x") + "more\n"})
    t.git("add -A")
    t("git lfs ls-files")
    t.commit()
    t("git lfs ls-files")


@scenario
def a_bare_repository_and_a_detached_head(t):
    t.repository("*.bin", FILES, push=True)
    t.cwd = t.top
    t.git(["clone", "-q", "--bare", t.url(), "bare"])
    t("git lfs ls-files", cwd="bare")
    t.enter("repo")
    t.git("checkout -q --detach")
    t("git lfs ls-files")


# status.


@scenario
def status_of_every_kind_of_change(t):
    t.repository("*.bin", {**FILES, "gone.bin": "gone", "gone.txt": "gone", "mv.bin": "moved " * 50,
                           "type.bin": "type", "both.bin": "both"})
    for words in ("", "--porcelain", "--json"):
        t(f"git lfs status {words}")
    t.write({"a.bin": "changed", "c.txt": "changed", "new.bin": "new", "new.txt": "new"})
    t.git("add -A")
    t.git("rm -q gone.bin gone.txt")
    t.git("mv mv.bin moved.bin")
    for words in ("", "-p", "--porcelain", "-j", "--json"):
        t(f"git lfs status {words}")
    t.write({"d/b.bin": "unstaged", "untracked.bin": "untracked", "new.bin": "staged and changed"})
    t.at("d/e/f.bin").unlink()
    t.at("type.bin").unlink()
    t.at("type.bin").symlink_to("a.bin")
    for words in ("", "--porcelain", "--json"):
        t(f"git lfs status {words}")
    t("git lfs status", cwd="d")
    t("git lfs status --porcelain", cwd="d")
    t("git lfs status --json", cwd="d")


@scenario
def status_of_conversions(t):
    t.repository("", {"to.bin": "becomes lfs", "same.txt": "x"})
    t.write({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    t.git("add --renormalize .")
    t.git("add .gitattributes")
    for words in ("", "--porcelain", "--json"):
        t(f"git lfs status {words}")
    t.commit()
    t.write({".gitattributes": ""})
    t.git("add --renormalize .")
    for words in ("", "--porcelain", "--json"):
        t(f"git lfs status {words}")


@scenario
def status_of_what_will_be_pushed(t):
    t.repository("*.bin", FILES, push=True)
    t("git lfs status")
    t.commit({"a.bin": "changed", "n.bin": "new"})
    t.commit({"a.bin": "changed again"})
    t("git lfs status")
    t.git("checkout -q -b other")
    t("git lfs status")
    t.git("checkout -q --detach")
    t("git lfs status")


@scenario
def status_of_an_unborn_branch(t):
    t.repository("*.bin")
    t("git lfs status")
    t.write({"a.bin": "hello"})
    t.git("add -A")
    for words in ("", "--porcelain", "--json"):
        t(f"git lfs status {words}")


@scenario
def status_of_odd_names(t):
    """Quirk 28: 3.3.0 shows them as git quotes them, and then takes them for deleted."""
    names = ("with space.bin", "quote\".bin", "tab\t.bin")
    why = "quirk 28: 3.3.0 shows git's quotes and takes the files for deleted"
    t.repository("*.bin", {name: name for name in names})
    t.write({name: "changed" for name in names})
    t.only_ours("git lfs status --porcelain", " M quote\".bin\n M tab\t.bin\n M with space.bin\n= 0\n",
                why)
    t.only_ours("git lfs status --json", '{"files":{"quote\\".bin":{"status":"M"},"tab\\t.bin":'
                '{"status":"M"},"with space.bin":{"status":"M"}}}\n= 0\n', why)
    t.git("add -A")
    t.only_ours("git lfs status --porcelain", " M quote\".bin\n M tab\t.bin\n M with space.bin\n= 0\n",
                why)


@scenario
def status_where_there_is_no_work_tree(t):
    t.repository(bare=True, install=False)
    t("git lfs status")
    t.enter("nowhere")
    t("git lfs status")


@scenario
def status_after_a_touch(t):
    t.repository("*.bin", FILES)
    t.write(FILES)
    t("git lfs status")
    t("git status --porcelain")


if __name__ == "__main__":
    main()
