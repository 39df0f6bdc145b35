#!/usr/bin/env python3
"""clean, smudge, filter-process, extensions and pointer."""
import shlex

from conformance import main, pointer, scenario, sha256

BIG = "0123456789abcdef" * 20000
OTHER_VERSION = pointer("x").replace("https://git-lfs.github.com/spec/v1", "http://git-media.io/v/2")


@scenario
def clean_of_all_kinds_of_input(t):
    t.repository()
    for content in ("", "hello\n", BIG, pointer("hello"), pointer("hello").replace("\n", "\r\n"),
                    OTHER_VERSION, pointer("hello") + "more\n", "version " * 200, "\0\xff",
                    "version https://git-lfs.github.com/spec/v1\noid sha256:nonsense\nsize 1\n",
                    " " + pointer("x"), pointer("x").rstrip("\n")):
        t("git lfs clean", stdin=content)
    t("git lfs clean some/name.bin", stdin="named")
    t("git lfs clean -- %f", stdin="named")


@scenario
def clean_twice_and_with_a_damaged_store(t):
    t.repository()
    t("git lfs clean", stdin="hello")
    t("git lfs clean", stdin="hello")
    t.object_path("hello").write_bytes(b"longer than it was")
    t("git lfs clean", stdin="hello")


@scenario
def smudge_of_all_kinds_of_input(t):
    t.repository(remote=False)
    t("git lfs clean", stdin="hello")
    for content in ("", pointer("hello"), pointer("hello").replace("\n", "\r\n"), "no pointer\n", BIG,
                    pointer(""), pointer("hello") + "more"):
        t("git lfs smudge", stdin=content)
        t("git lfs smudge a/name.bin", stdin=content)
    t("git lfs smudge --skip", stdin=pointer("hello"))
    t("git lfs smudge -s x", stdin="no pointer")
    t("git lfs smudge", stdin=pointer("hello"), env={"GIT_LFS_SKIP_SMUDGE": "1"})


@scenario
def smudge_downloads(t):
    t.repository("*.bin", {"a.bin": "hello", "b.bin": BIG}, push=True)
    t.clone()
    t("git lfs smudge a.bin", stdin=pointer("hello"))
    t("git lfs smudge", stdin=pointer(BIG), only="^$")
    t.requests()
    t("git lfs smudge a.bin", stdin=pointer("hello"))


@scenario
def smudge_of_what_the_server_lacks(t):
    t.repository("*.bin", {"a.bin": "hello"}, push=True)
    t("git lfs smudge a.bin", stdin=pointer("missing"), only="^[^!]|^! (Error|\\[)")
    t("git lfs smudge a.bin", stdin=pointer("missing"), env={"GIT_LFS_SKIP_DOWNLOAD_ERRORS": "1"},
      only="^[^!]")
    t.git("config lfs.skipdownloaderrors true")
    t("git lfs smudge a.bin", stdin=pointer("missing"), only="^[^!]")
    t.requests(forget=True)


@scenario
def smudge_leaves_what_the_filters_exclude(t):
    t.repository("*.bin", {"a.bin": "hello", "d/b.bin": "deep"}, push=True)
    t.clone()
    t.git("config lfs.fetchexclude d")
    t("git lfs smudge d/b.bin", stdin=pointer("deep"))
    t.git("config lfs.fetchinclude d")
    t.git("config --unset lfs.fetchexclude")
    t("git lfs smudge a.bin", stdin=pointer("hello"))
    t("git lfs smudge d/b.bin", stdin=pointer("deep"))


@scenario
def by_hand(t):
    t.enter("nowhere")
    for command in ("clean", "smudge", "filter-process", "clean x"):
        t(f"git lfs {command}", stdin="")


# Through git.


@scenario
def add_and_checkout(t):
    t.repository("*.bin")
    t.write({"a.bin": "hello", "empty.bin": "", "big.bin": BIG, "d/pointer.bin": pointer("hello"),
             "plain.txt": "text", "name with space.bin": "1", "quote\".bin": "2", "tab\t.bin": "3",
             "line\nend.bin": "4", "d/*.bin": "5", "-dash.bin": "6"})
    t("git add -A")
    t("git commit -q -m all")
    t("git ls-files -s")
    t("git status --porcelain")
    t.state()
    for name in ("a.bin", "big.bin", "line\nend.bin"):
        t.at(name).unlink()
    t("git checkout -- .")
    t("git status --porcelain")


@scenario
def add_and_checkout_without_the_process_filter(t):
    t.repository("*.bin")
    t.git("config --unset filter.lfs.process")
    t.write({"a.bin": "hello", "empty.bin": "", "name with space.bin": "1"})
    t("git add -A")
    t("git commit -q -m all")
    t.at("a.bin").unlink()
    t("git checkout a.bin")
    t.state()


@scenario
def a_clone_downloads(t):
    t.repository("*.bin", {f"f{i}.bin": f"content {i}" for i in range(12)} | {"same.bin": "content 1"},
                 push=True)
    t.cwd = t.top
    t.requests(forget=True)
    config = "-c filter.lfs.process='git-lfs filter-process' -c filter.lfs.required=true"
    t(f"git {config} clone -q {t.url()} clone")
    t.enter("clone")
    t(f"git {config} status --porcelain")  # it cleans what is as young as the index
    t.state()
    t.cwd = t.top
    config = "-c filter.lfs.smudge='git-lfs smudge -- %f' -c filter.lfs.required=true"
    t.requests(forget=True)
    t(f"git {config} clone -q {t.url()} slow", only="^$")
    t.enter("slow")
    t.state()
    t.requests(forget=True)


@scenario
def a_clone_with_skipped_smudge(t):
    t.repository("*.bin", {"a.bin": "hello"}, push=True)
    t.cwd = t.top
    config = "-c filter.lfs.process='git-lfs filter-process' -c filter.lfs.required=true"
    t(f"git {config} clone -q {t.url()} env", env={"GIT_LFS_SKIP_SMUDGE": "1"})
    t(f"git {config.replace('process', 'process --skip', 2).replace('lfs.process --skip', 'lfs.process')}"
      f" clone -q {t.url()} option")
    for name in ("env", "option"):
        t.state(t.top / name)


@scenario
def a_checkout_with_a_missing_object_fails(t):
    t.repository("*.bin", {"a.bin": "hello", "b.bin": "there"}, push=True)
    t.server.object_path(sha256(b"hello")).unlink()
    t.cwd = t.top
    config = "-c filter.lfs.process='git-lfs filter-process' -c filter.lfs.required=true"
    t(f"git {config} clone -q {t.url()} clone", only="^$")
    t(f"git {config} -c lfs.skipdownloaderrors=true clone -q {t.url()} skipping", only="^$")
    t.state(t.top / "skipping")
    t.requests(forget=True)


@scenario
def files_that_should_have_been_pointers(t):
    t.repository()
    t.commit({"a.bin": "not a pointer", "b.bin": "neither"})
    t.write({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    t.git("add .gitattributes")
    for name in ("a.bin", "b.bin"):
        t.at(name).unlink()
    t("git checkout -- .")
    t("git checkout -- a.bin")


@scenario
def archives_contain_the_content(t):
    t.repository("*.bin", {"a.bin": "hello", "d/b.bin": BIG})
    t("git archive -o out.tar HEAD")
    t("tar tvf out.tar", only="bin$")
    t("tar xOf out.tar a.bin")


@scenario
def renames_branches_and_merges(t):
    t.repository("*.bin", {"a.bin": "one", "b.bin": "two"})
    t("git checkout -q -b side")
    t("git mv a.bin moved.bin")
    t.commit({"c.bin": "three"})
    t("git checkout -q main")
    t.commit({"b.bin": "changed"})
    t("git merge -q -m merge side")
    t("git stash list")
    t.write({"b.bin": "stashed"})
    t("git stash -q")
    t("git stash pop -q")
    t("git diff --stat")
    t("git cat-file -p :b.bin")


# Extensions.


def extension(t, name, priority, script):
    program = t.top / f"ext-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    for key, value in {"clean": f"{program} clean %f", "smudge": f"{program} smudge %f",
                       "priority": str(priority)}.items():
        t.git(["config", f"lfs.extension.{name}.{key}", value])


@scenario
def one_extension(t):
    t.repository("*.bin", remote=False)
    extension(t, "case", 0, "tr a-zA-Z A-Za-z")
    t.write({"a.bin": "Hello", "empty.bin": ""})
    t("git add -A")
    t("git cat-file -p :a.bin")
    t("git lfs clean a.bin", stdin="Hello")
    t.at("a.bin").unlink()
    t("git checkout a.bin")
    t("git lfs smudge a.bin", stdin=t.git("cat-file -p :a.bin") + "\n")
    t("git lfs ls-files --long")
    why = "since 3.4 the configured extensions run"
    t.only_ours("git lfs pointer --file=a.bin", (
        "version https://git-lfs.github.com/spec/v1\n"
        f"ext-0-case sha256:{sha256(b'Hello')}\noid sha256:{sha256(b'hELLO')}\nsize 5\n"
        "! warning: Using LFS extensions, use --no-extensions for a plain pointer.\n"
        "! Git LFS pointer for a.bin\n! \n= 0\n"), why)
    t.only_ours("git lfs pointer --file=a.bin --no-extensions",
                pointer("Hello") + "! Git LFS pointer for a.bin\n! \n= 0\n", why)


@scenario
def a_chain_of_extensions(t):
    t.repository("*.bin", remote=False)
    extension(t, "case", 1, "tr a-zA-Z A-Za-z")
    extension(t, "last", 3, 'if [ "$1" = clean ]; then cat; printf %s "$2"; '
              'else head -c -"$(printf %s "$2" | wc -c)"; fi')
    t.write({"dir/a-b.bin": "Hello 09"})
    t("git add -A")
    t("git cat-file -p :dir/a-b.bin")
    t("git lfs ls-files --debug")
    t.at("dir/a-b.bin").unlink()
    t("git checkout dir")


@scenario
def an_extension_that_changes_nothing(t):
    t.repository("*.bin", remote=False)
    extension(t, "same", 0, "cat")
    t("git lfs clean a.bin", stdin="x" * 10)


@scenario
def extension_commands_see_no_shell(t):
    t.repository("*.bin", remote=False)
    extension(t, "args", 0, 'cat; for a in "$@"; do printf "<%s>" "$a"; done')
    for name in ("$(touch hit).bin", "a;touch hit;.bin", "`touch hit`.bin", "a b'c\".bin", "-n.bin"):
        t(f"git lfs clean -- {shlex.quote(name)}", stdin="x")
    t("find . -name hit")


@scenario
def extensions_that_fail(t):
    t.repository("*.bin", remote=False)
    extension(t, "bad", 0, "cat; exit 3")
    t("git lfs clean a.bin", stdin="x", only="^$")
    t.git("config lfs.extension.bad.clean nosuchprogram")
    t("git lfs clean a.bin", stdin="x", only="^$")


@scenario
def pointers_of_extensions_that_are_not_here(t):
    t.repository(remote=False)
    stored = "HELLO"
    t("git lfs clean", stdin=stored)
    text = pointer(stored).replace("\noid", f"\next-0-case sha256:{sha256(b'hello')}\noid")
    t("git lfs smudge a.bin", stdin=text, only="^$")
    t("git lfs clean a.bin", stdin=text)
    t("git lfs pointer --check --stdin", stdin=text)


# pointer.


@scenario
def pointers_are_made_and_compared(t):
    t.repository()
    t.write({"a.bin": "hello", "p": pointer("hello"), "q": pointer("other"), "empty": "",
             "crlf": pointer("hello").replace("\n", "\r\n"), "junk": "junk", "old": OTHER_VERSION})
    for words in ("", "--file=a.bin", "--file=nosuch", "--file=empty", "--pointer=p", "--pointer=junk",
                  "--file=a.bin --pointer=p", "--file=a.bin --pointer=q", "-f a.bin -p crlf",
                  "--file=a.bin --pointer=junk", "--pointer=nosuch", "--file=a.bin --stdin",
                  "--pointer=p --stdin"):
        t(f"git lfs pointer {words}", stdin=pointer("hello"))
    t.misuse("git lfs pointer --nosuch")


@scenario
def pointers_are_checked(t):
    t.repository()
    texts = {"good": pointer("hello"), "crlf": pointer("hello").replace("\n", "\r\n"), "junk": "junk",
             "old": OTHER_VERSION, "empty": "", "unended": pointer("a").rstrip("\n"),
             "extra": pointer("a") + "extra 1\n", "unsorted": "\n".join(
                 pointer("a").splitlines()[i] for i in (0, 2, 1)) + "\n", "huge": BIG,
             "unknown": pointer("a").replace("\nsize", "\nkey value\nsize")}
    t.write(texts)
    for name, text in texts.items():
        t(f"git lfs pointer --check --file {name}")
        t(f"git lfs pointer --check --strict --file {name}")
        t("git lfs pointer --check --no-strict --stdin", stdin=text)
    for words in ("--check", "--check --file good --stdin", "--check --pointer good",
                  "--strict --file good", "--check --strict --no-strict --file good",
                  "--check --file nosuch"):
        t(f"git lfs pointer {words}")


if __name__ == "__main__":
    main()
