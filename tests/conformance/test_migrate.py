#!/usr/bin/env python3
"""migrate info, import and export: the same inputs give the same commit ids."""
import random
import re
import time

from conformance import main, pointer, scenario

# 3.7 dropped the command's name before what it does; upstream prints rows of a task that nobody
# watches by chance.
TASKS = [
    (re.compile(r"^migrate: (?=Fetching|Sorting|Rewriting|Examining|Updating|checkout|override|changes|"
                r"working)", re.M), ""),
    (re.compile(r"migrate: (?=override)"), ""),
    (re.compile(r"^checkout: ", re.M), "Checkout: "),
    (re.compile(r"\] migrate: "), "] "),
    # Ours has no `prune` in this comparison, or another's words for it.
    (re.compile(r"^(prune:.*|\n?[0-9a-f]{64} \(.*\), done\.|.*local objects, .*done\.)\n", re.M), ""),
]


def migrate(t, words, *, stdin=None, quiet=False):
    result = t.run(f"git lfs migrate {words}", stdin=stdin)
    told = "" if quiet else result.stdout + result.stderr
    for pattern, replacement in TASKS:
        told = pattern.sub(replacement, told)
    t.record(f"$ git lfs migrate {words}", f"{told}= {result.returncode}\n")
    return result


def state(t):
    """Every ref and commit (whose ids are those of all that is in them), the index, and what is stored."""
    for command in ("show-ref", "log --all --format=raw --no-decorate", "status --porcelain",
                    "ls-files -s", "rev-parse HEAD", "symbolic-ref -q HEAD"):
        result = t.run(f"git {command}")
        t.record(f"$ git {command}", result.stdout + f"= {result.returncode}\n")
    t.record("fsck", re.sub(r"^(dangling|warning|notice).*\n?", "", t.run("git fsck --strict").stdout,
                            flags=re.M))
    objects = t.at(".git/lfs/objects") if t.at(".git").exists() else t.at("lfs/objects")
    t.record("objects", "\n".join(sorted(p.name for p in objects.rglob("*") if p.is_file())))


def commit(t, message, files=None, remove=()):
    t.write(files or {})
    for name in remove:
        t.git(f"rm -q {name}")
    t.git("add -A")
    t.git(["commit", "-q", "--allow-empty", "-m", message])


def history(t):
    """Files of several kinds over five commits and two branches. No filter is installed: unlike
    upstream, ours lets git smudge what it checks out afterwards."""
    t.repository("", {}, remote=False, install=False)
    t.run("git lfs clean", stdin="elsewhere", by="upstream")
    commit(t, "one", {"a.txt": "one", "d/b.bin": "b", "d/e/Makefile": "all:", "zero.zip": "",
                      "sp ace.txt": "s", "d/[x].txt": "glob", "#h": "hash", "t.tar.gz": "gz"})
    t.at("run.txt").write_text("#!/bin/sh\n")
    t.at("run.txt").chmod(0o755)
    t.at("link.txt").symlink_to("a.txt")
    commit(t, "two\n\nbody", {"a.txt": "two", "big.dat": "x" * 5000, "p.txt": pointer("elsewhere")})
    t.git("branch side")
    commit(t, "three", {"d/b.bin": "b2", ".gitattributes": "*.foo text\n\n# c\n\n*.foo text\n"},
           remove=["zero.zip"])
    t.git("checkout -q side")
    commit(t, "four", {"side.txt": "side", "d/b.bin": "b"})
    t.git("checkout -q main")
    t.git("merge -q --no-edit -s ours side")
    commit(t, "six", {"a.txt": "one", "new.md": "md", "d/e/deep.txt": "deep"})


@scenario
def info_in_all_its_forms(t):
    history(t)
    for words in ("", "--everything", "--top=1", "--top=0", "--top=-1", "--above=3b", "--above=4kb",
                  "--above=1kib", "--above=9gb", "--unit=kb", "--unit=b", "--unit=KiB",
                  "--pointers=ignore", "--pointers=no-follow", "--pointers=follow", "side",
                  "main --exclude-ref=side", "--include-ref=main --exclude-ref=side",
                  "--include=*.txt", "--exclude=*.txt,*.bin", "-I d -X nothing", "-I d/**",
                  "-I *.txt,*.bin", "--fixup", "--fixup --everything", "--include=/a.txt",
                  "--above=1.5kb", "--above=1,000b"):
        migrate(t, f"info {words}")


@scenario
def what_does_not_go_together(t):
    history(t)
    for words in ("info --above=zz", "info --above=1k", "info --unit=zz", "info --pointers=zz",
                  "info --fixup --pointers=follow", "info --fixup --pointers=no-follow",
                  "info --fixup -I x", "import --above=1b --fixup", "import --above=1b -I x",
                  "import --above=zz", "import --fixup -X x", "import --no-rewrite",
                  "import --no-rewrite --fixup x", "import --no-rewrite a.md",
                  "import --everything main", "import --everything --include-ref=main",
                  "import nosuch", "info --include-ref=nosuch", "info --exclude-ref=nosuch", "export",
                  "export -X x", "export -I x --remote=zz"):
        migrate(t, words)
    state(t)


IMPORTS = {
    "everything": "--everything --yes",
    "by_default": "",
    "by_pattern": "--include=*.txt,*.bin",
    "by_patterns_with_spaces": ["-I", "sp ace.txt, d/[x].txt,#h"],
    "all_but": "--exclude=*.txt,d/b.bin",
    "include_and_exclude": "-I *.txt -X a.txt --everything",
    "a_folder": "-I d/",
    "below_a_folder": "-I d/** --everything",
    "anchored": "-I /a.txt,d/b.bin --everything",
    "a_pattern_without_match": "-I nothing",
    "above": "--above=4kb",
    "above_everything": "--above=2b --everything",
    "above_nothing": "--above=1gb",
    "of_a_branch": "side",
    "of_two_branches": "side main",
    "by_refs": "--include-ref=main --exclude-ref=side",
    "only_excluded": "--include-ref=main --exclude-ref=main",
    "verbose": "--verbose -I *.txt",
}


def add_import(name, words):
    def run(t):
        history(t)
        if isinstance(words, list):
            t.run(["git", "lfs", "migrate", "import", *words], check=True)
        else:
            migrate(t, f"import {words} --object-map={t.top}/map", quiet="verbose" in words)
            t.record("map", (t.top / "map").read_text())
        state(t)
        t.record("attributes", t.run("git show HEAD:.gitattributes").stdout)
    run.__name__ = f"import_{name}"
    scenario(run)


for key, value in IMPORTS.items():
    add_import(key, value)


@scenario
def tags_of_all_kinds(t):
    history(t)
    t.git("tag light")
    t.git("tag -a -m annotated v1 HEAD~1")
    t.git(["tag", "-a", "-m", "nested\n\nwith a body", "v2", "v1"])
    t.git("tag -a -m thrice v3 v2")
    t.git("tag -a -m tree tree HEAD^{tree}")
    t.git("tag blob HEAD:a.txt")
    t.git("update-ref refs/notes/n HEAD")
    t.git("update-ref refs/pull/1/head HEAD~1")
    t.git("update-ref refs/remotes/origin/main HEAD~1")
    migrate(t, "import --everything -I *.txt")
    state(t)


@scenario
def unusual_commits(t):
    history(t)
    for text in (
            "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ\n  two\n -----END PGP SIGNATURE-----\n"
            "encoding ISO-8859-1\n\nmsg\r\nline\n\n\nno end",
            "\n\n\nblank first\n\n", "foo  two  spaces \nmergetag object x\n a\n\nmessage\n", "\n",
            "\n \n"):
        parent, tree = t.git("rev-parse HEAD"), t.git("rev-parse HEAD^{tree}")
        made = (f"tree {tree}\nparent {parent}\nauthor A U <a@x> 1 +0000\n"
                f"committer  <> 1 -0730\n{text}")
        oid = t.git("hash-object -t commit -w --literally --stdin", stdin=made)
        t.git(f"reset -q --hard {oid}")
    migrate(t, "import -I *.txt")
    state(t)


@scenario
def what_is_on_a_remote_stays(t):
    history(t)
    other = t.top / "other.git"
    t.git(["init", "-q", "--bare", "-b", "main", str(other)])
    t.git(["remote", "add", "origin", str(other)])
    t.git("push -q --no-verify origin side")
    t.git("tag -a -m there there HEAD~1")
    t.git("push -q --no-verify origin there")
    commit(t, "seven", {"a.txt": "seven", "x.txt": "x"})
    migrate(t, "info")
    migrate(t, "info --skip-fetch")
    migrate(t, "import")
    state(t)


@scenario
def skipping_the_fetch(t):
    history(t)
    other = t.top / "other.git"
    t.git(["init", "-q", "--bare", "-b", "main", str(other)])
    t.git(["remote", "add", "origin", str(other)])
    t.git("push -q --no-verify origin side")
    commit(t, "seven", {"a.txt": "seven", "x.txt": "x"})
    migrate(t, "import --skip-fetch")
    state(t)


@scenario
def a_detached_head(t):
    history(t)
    t.git("checkout -q --detach HEAD~1")
    commit(t, "detached", {"a.txt": "detached"})
    migrate(t, "import -I *.txt")
    state(t)


@scenario
def a_dirty_work_tree(t):
    history(t)
    t.write({"untracked": "u"})
    migrate(t, "import -I *.txt")
    migrate(t, "import -I *.txt", stdin="n\n")
    migrate(t, "export -I *.txt", stdin="q\nN\n")
    t.write({"a.txt": "changed"})
    t.git("add a.txt")
    migrate(t, "import -I *.txt", stdin="y\n")
    state(t)
    t.write({"a.txt": "changed"})
    migrate(t, "import -I *.bin --yes")
    state(t)


@scenario
def fixup_by_attributes_of_each_commit(t):
    t.repository("", {}, install=False, remote=False)
    commit(t, "one", {"a.txt": "a", "c.bin": "c", "d/b.bin": "b"})
    commit(t, "two", {".gitattributes": "*.txt filter=lfs diff=lfs merge=lfs -text\n",
                      "late.txt": "late"})
    commit(t, "three", {"d/.gitattributes": "*.bin filter=lfs\ne/*.bin -filter\n", "d/b.bin": "b3", "a.txt": "a3",
                        "d/e/x.bin": "x", "d/p.txt": pointer("there")})
    commit(t, "four", {".gitattributes": "*.txt -filter\n", "a.txt": "a4", "d/q.txt": "q"})
    migrate(t, "info --fixup")
    migrate(t, "import --fixup")
    state(t)


@scenario
def attributes_that_are_links(t):
    t.repository("", {}, install=False, remote=False)
    t.at(".gitattributes").symlink_to("other")
    commit(t, "one", {"a.txt": "a", "other": "*.txt filter=lfs\n"})
    for words in ("import -I *.txt", "import --fixup", "export -I *.txt", "info --fixup", "info"):
        migrate(t, words, quiet=words == "info --fixup")
    t.run("rm -rf .git/lfs/objects .git/lfs/tmp")  # upstream has stored files by then
    state(t)


@scenario
def attributes_in_other_cases(t):
    t.repository("", {}, install=False, remote=False)
    commit(t, "one", {"a.txt": "a", "d/.gitattributes": "*.x text\n", "d/a.txt": "x"})
    commit(t, "two", {".gitattributes": "no newline\r\n*.txt filter=lfs diff=lfs merge=lfs -text"})
    migrate(t, "import")
    state(t)
    t("git show HEAD:.gitattributes HEAD~1:.gitattributes")


@scenario
def one_commit_without_rewriting(t):
    history(t)
    commit(t, "attributes", {".gitattributes": "*.txt filter=lfs diff=lfs merge=lfs -text\n"},)
    t.write({"raw.txt": "raw", "d/raw.txt": "raw too"})
    commit(t, "raw", {})
    for words in ("a.txt d/e/deep.txt raw.txt --yes", "--message=told d/raw.txt", "nosuch.txt", "d",
                  "new.md", "p.txt"):
        migrate(t, f"import --no-rewrite {words}")
    state(t)
    t("git log -3 --format=%gs%n%B -g")


@scenario
def a_bare_repository(t):
    history(t)
    t.git(["clone", "-q", "--bare", str(t.cwd), str(t.top / "bare.git")])
    t.enter("bare.git")
    migrate(t, "info")
    migrate(t, "import --everything -I *.txt")
    state(t)


EXPORTS = {
    "of_everything": "--everything -I *",
    "of_a_pattern": "-I *.txt",
    "with_exclude": "-I *.txt,*.bin -X a.txt --everything",
    "of_a_branch": "side -I *.bin",
    "verbose": "--verbose -I *.txt --everything",
}


def add_export(name, words):
    def run(t):
        history(t)
        t.git("lfs migrate import --everything", by="upstream")
        result = migrate(t, f"export {words} --object-map={t.top}/map", quiet=True)
        if result.returncode != 0:
            t.record("complaint", result.stderr)
        t.record("map", (t.top / "map").read_text())
        t.run("rm -rf .git/lfs/objects .git/lfs/tmp")  # what is pruned is another test's business
        state(t)
    run.__name__ = f"export_{name}"
    scenario(run)


for key, value in EXPORTS.items():
    add_export(key, value)


@scenario
def export_fetches_what_is_missing(t):
    t.repository("*.bin", {"a.bin": "first", "b.bin": "second", "c.txt": "c"}, push=True)
    t.git("branch old")
    commit(t, "more", {"a.bin": "third"})
    t.git("push -q origin main")
    # Git compares files that are of the index's second: it would have them cleaned, hence stored.
    time.sleep(1.1)
    t.git("update-index --force-write-index")
    t.run("rm -rf .git/lfs/objects")
    migrate(t, "export --everything --include=*.bin", quiet=True)
    t.run("rm -rf .git/lfs/objects")
    state(t)


def random_history(t, seed):
    """Branches, merges, renames, modes, links, and attributes that come and go."""
    chance = random.Random(seed)
    t.repository("", {}, install=False, remote=False)
    names = ["a.txt", "b.bin", "d/a.txt", "d/e/c.dat", "d/e/f/x", "README", "d/y.bin", "z/q.txt", "é.png"]
    branches = ["main"]
    commit(t, "root", {"seed": str(seed)})
    for number in range(25):
        action = chance.random()
        if action < 0.15:
            branch = f"b{number}"
            t.git(f"checkout -q -b {branch}")
            branches.append(branch)
        elif action < 0.35:
            t.git(f"checkout -q {chance.choice(branches)}")
        elif action < 0.45:
            t.run(["git", "merge", "-q", "--no-edit", "-s", "ours", chance.choice(branches)])
        elif action < 0.5:
            t.git(["tag", "-a", "-m", f"tag {number}", f"t{number}"])
        else:
            files = {chance.choice(names): "x" * chance.randrange(2000) + str(chance.randrange(5))
                     for _ in range(chance.randrange(1, 4))}
            if chance.random() < 0.2:
                files[chance.choice([".gitattributes", "d/.gitattributes"])] = chance.choice(
                    ["*.txt text\n", "*.bin filter=lfs diff=lfs merge=lfs -text\n", "\n\n*.x a=b", ""])
            if chance.random() < 0.1:
                files["p.ptr"] = pointer(str(number))
            commit(t, f"commit {number}", files)
    t.git("checkout -q main")


def add_random(seed, words):
    def run(t):
        random_history(t, seed)
        migrate(t, "info --everything --top=100")
        migrate(t, words)
        state(t)
    run.__name__ = f"random_{seed}"
    scenario(run)


for number, options in enumerate([
        "import --everything", "import --everything -I *.txt,d/** -X d/e/**", "import --above=500b",
        "import --fixup --everything", "import --everything -X *.bin", "import main"]):
    add_random(number, options)


if __name__ == "__main__":
    main()
