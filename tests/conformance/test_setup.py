#!/usr/bin/env python3
"""install, uninstall, update, track, untrack, env, version, ext, logs, help and the command line."""
from conformance import main, scenario

SINCE_3_4 = "a setting that came with 3.4"
UNREACHABLE = [("^PruneRemoteName", "PruneVerifyUnreachableAlways=false\nPruneRemoteName")]
UNREACHABLE_LAST = [("(^PruneVerifyRemote.*)", r"\1\nPruneVerifyUnreachableAlways=false")]
OLD_HOOK = "#!/bin/sh\ngit lfs push --stdin $*\n"


@scenario
def install_for_this_repository(t):
    t.repository(install=False)
    t("git lfs install --local")
    t("git lfs install --local")
    t("git lfs install -l --skip-smudge")
    t("git lfs install --local --force")
    t("git lfs uninstall --local")
    t("git lfs uninstall -l", newer=[("^! open .*\\n", "")], why="hooks that are not there are no error")


@scenario
def install_for_this_account(t):
    t.repository(install=False)
    t.git("config lfs.repositoryformatversion 0")  # 3.3.0 writes it even then
    t("git lfs install")
    t("git config --global --get-regexp filter", only="^filter.lfs.required")
    t("git lfs install --skip-repo")
    t("git lfs uninstall")
    t("git lfs uninstall --skip-repo")
    t("git config --global --list")


@scenario
def install_outside_of_a_repository(t):
    t.enter("nowhere")
    t("git lfs install")
    t("git lfs install --local")
    t("git lfs uninstall")
    t("git lfs uninstall --local")


@scenario
def install_into_a_file_and_a_worktree(t):
    t.repository(install=False)
    why = "3.3.0 has no --file"
    t.only_ours("git lfs install --file=config-file",
                "Updated Git hooks.\nGit LFS initialized.\n= 0\n", why)
    t.only_ours("git config --file config-file filter.lfs.clean", "git-lfs clean -- %f\n= 0\n", why)
    t.only_ours("git lfs uninstall --file=config-file",
                "Hooks for this repository have been removed.\n"
                "Global Git LFS configuration has been removed.\n= 0\n", why)
    t.only_ours("git config --file config-file --list", "= 0\n", why)
    t.run("rm -f config-file")
    t("git lfs install --worktree")
    t("git config extensions.worktreeConfig true")
    t("git lfs install -w")
    t("git config --worktree filter.lfs.smudge")
    t("git lfs uninstall -w")


@scenario
def scopes_exclude_each_other(t):
    t.repository(install=False)
    for scopes in ("--local --worktree", "--local --system", "--local --file=x", "--worktree --file=x"):
        for verb in ("install", "uninstall"):
            t.only_ours(f"git lfs {verb} {scopes}", "! Only one of the --local, --system, --worktree, "
                        "and --file options can be specified.\n= 2\n", "3.3.0 has no --file")


@scenario
def a_foreign_filter_is_kept_until_forced(t):
    t.repository(install=False)
    t.git("config filter.lfs.clean mine")
    t("git lfs install --local")
    t("git lfs install --local --force")
    t.git(["config", "filter.lfs.smudge", "git-lfs smudge %f"])
    t("git lfs install --local")
    t("git config filter.lfs.smudge")


@scenario
def a_foreign_hook_is_kept_until_forced(t):
    t.repository(install=False)
    t.write({".git/hooks/pre-push": "#!/bin/sh\necho mine\n"})
    t("git lfs install --local")
    t("git lfs update")
    t("git lfs uninstall --local")
    t("cat .git/hooks/pre-push")
    t("git lfs update --force")
    t("git lfs install --local --force")
    t.at(".git/hooks/pre-push").chmod(0o755)  # 3.3.0 leaves it as it was: git would not run it


@scenario
def old_hooks_are_upgraded(t):
    t.repository(install=False)
    t.write({".git/hooks/pre-push": OLD_HOOK, ".git/hooks/post-merge": ""})
    t("git lfs update")
    t("git lfs uninstall --local")


@scenario
def hooks_in_another_folder(t):
    t.repository(install=False)
    t.git("config core.hooksPath shared/hooks")
    t("git lfs install --local")
    t("find shared -type f -perm 755")
    t.run("rm -r shared")  # the hooks' text has changed since 3.3.0


@scenario
def update_migrates_access_settings(t):
    t.repository()
    t.git("config lfs.https://a.example/x.access private")
    t.git("config lfs.https://b.example/x.access basic")
    t.git("config lfs.https://c.example/x.access wrong")
    t("git lfs update", sort=True)
    t("git config --get-regexp access")


@scenario
def update_outside_of_a_repository(t):
    t.enter("nowhere")
    t("git lfs update")


# track and untrack.


@scenario
def patterns_are_tracked_and_listed(t):
    t.repository()
    t("git lfs track")
    t("git lfs track *.bin")
    t("git lfs track *.dat")
    t("git lfs track *.bin")
    t("git lfs track --lockable *.psd")
    t("git lfs track --not-lockable *.psd")
    t("git lfs track -l *.bin")
    t("git lfs track")
    t("git lfs track --json")
    t("cat .gitattributes")
    t("git lfs untrack *.dat")
    t("git lfs untrack *.none")
    t("git lfs untrack")
    t("cat .gitattributes")


@scenario
def odd_patterns(t):
    t.repository()
    t("git lfs track 'a b.bin'")
    t("git lfs track '#x'")
    t("git lfs track --filename 'st*r[1]?.bin'")
    for pattern in ("dir/", "/top.bin", "deep/**"):
        t(f"git lfs track {pattern}")
    t("cat .gitattributes")
    t("git lfs track")
    t("git lfs untrack 'a b.bin'")
    t("cat .gitattributes")


@scenario
def track_in_a_subfolder(t):
    t.repository()
    t.write({"sub/keep": ""})
    t("git lfs track *.bin", cwd="sub")
    t("git lfs track *.top")
    t("git lfs track", cwd="sub")
    t("git lfs track")
    t("cat sub/.gitattributes .gitattributes")


@scenario
def track_shows_exclusions_and_other_files(t):
    t.repository()
    t.write({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\nno.bin !filter !diff\n"
                               "x.bin -filter\n# *.cmt filter=lfs\n\n[attr]big filter=lfs\n*.big big\n",
             "d/.gitattributes": "*.d filter=lfs\n"})
    t("git lfs track")
    t("git lfs track --no-excluded")
    t("git lfs track --json")
    t("git lfs track --json --no-excluded")
    t.write({".git/info/attributes": "*.info filter=lfs\n"})
    t("git lfs track", only="info", newer=[(r"\.git/info/\*", "*")],
      why="the pattern is shown as it is written")


@scenario
def track_dry_runs_and_verbose(t):
    t.repository()
    t.commit({"a.bin": "1", "b.bin": "2", "c.txt": "3"})
    t("git lfs track --dry-run *.bin")
    t.git("checkout -q .")
    t.run("rm -f .gitattributes")  # 3.3.0 writes it in a dry run
    t("git lfs track --verbose *.bin")
    t("git status --porcelain")
    t("git lfs track -v -d *.txt")
    t.write({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    t("git lfs track --no-modify-attrs *.txt")
    t.write({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})


@scenario
def forbidden_files_are_not_tracked(t):
    t.repository()
    t.commit({"a": "1"})
    t.write({".gitignore": "x"})
    t.git("add .gitignore")
    fails = dict(newer=[("^= 0", "= 1")], why="nothing else changed: a failure since 3.4")
    t("git lfs track .gitignore", **fails)
    t("git lfs track '.git*'", **fails)
    t.run("rm -f .gitattributes")  # 3.3.0 leaves an empty one


@scenario
def line_ends_are_kept(t):
    t.repository()
    t.write({".gitattributes": "*.txt text\r\n*.bat text\r\n"})
    t("git lfs track *.bin")
    t("od -c .gitattributes", why="the reference: the majority in the file decides", newer=(
        "0000000   *   .   t   x   t       t   e   x   t  \\r  \\n   *   .   b   a\n"
        "0000020   t       t   e   x   t  \\r  \\n   *   .   b   i   n       f   i\n"
        "0000040   l   t   e   r   =   l   f   s       d   i   f   f   =   l   f\n"
        "0000060   s       m   e   r   g   e   =   l   f   s       -   t   e   x\n"
        "0000100   t  \\r  \\n\n0000103\n= 0\n"))
    t.run("rm .gitattributes")


@scenario
def track_of_what_git_would_not_read(t):
    t.repository(install=False)
    name = "a" + " " * 190 + "b"
    t(["git", "lfs", "track", name], newer="! Error tracking \"" + name + "\": Git would ignore so long a line; "
      "use a wildcard\n= 2\n", why="Git ignores lines of 2048 bytes and more")
    t.at(".gitattributes").unlink(missing_ok=True)


@scenario
def track_outside_of_a_repository(t):
    t.enter("nowhere")
    t("git lfs track *.bin")
    t("git lfs untrack *.bin")
    t.repository(bare=True, install=False)
    t("git lfs track *.bin")


# env, version, ext, logs.


@scenario
def env_of_a_fresh_repository(t):
    t.repository()
    t("git lfs env", only="^[^G]|^git", newer=UNREACHABLE, why=SINCE_3_4)


@scenario
def env_with_settings(t):
    t.repository(remote=False)
    for key, value in {"remote.origin.url": "https://user@example.com/team/repo.git",
                       "remote.other.url": "git@example.com:team/repo",
                       "remote.deep.lfsurl": "https://lfs.example.com/deep", "remote.deep.url": "/nowhere",
                       "lfs.concurrenttransfers": "5", "lfs.basictransfersonly": "true",
                       "lfs.tustransfers": "true", "lfs.skipdownloaderrors": "true",
                       "lfs.fetchinclude": "a,b/", "lfs.fetchexclude": "c, d",
                       "lfs.fetchrecentrefsdays": "2", "lfs.fetchrecentcommitsdays": "3",
                       "lfs.fetchrecentalways": "true", "lfs.fetchrecentremoterefs": "false",
                       "lfs.pruneoffsetdays": "9", "lfs.pruneverifyremotealways": "true",
                       "lfs.pruneremotetocheck": "other", "lfs.storage": "store",
                       "lfs.customtransfer.x.path": "/bin/x", "lfs.customtransfer.x.direction": "upload",
                       "lfs.extension.e.clean": "c", "lfs.extension.e.smudge": "s",
                       "lfs.extension.e.priority": "3",
                       "lfs.https://lfs.example.com/deep.access": "basic"}.items():
        t.git(["config", key, value])
    t("git lfs env", only="^[^GDU]|^git", sort=True, newer=UNREACHABLE_LAST, why=SINCE_3_4)


@scenario
def env_by_url_forms(t):
    t.repository(remote=False)
    for url in ("https://h/a/b", "https://h/a/b/", "https://h/a/b.git", "git@h:a/b.git",
                "ssh://git@h:2222/a/b.git", "git://h/a", "h:x/y", "file:///p/q",
                "ssh+git://h/x", "http://u@h:8080/r"):
        t.git(["config", "remote.origin.url", url])
        t("git lfs env", only="Endpoint|SSH")
    t.git("config remote.origin.url /abs/p")
    t("git lfs env", only="Endpoint|SSH", newer=[("/abs/p.git/info/lfs", "file:///abs/p")],
      why="the reference: a path is a file:// URL")
    t.git("config lfs.url https://one/x")
    t.git("config remote.origin.lfsurl https://two/x")
    t("git lfs env", only="Endpoint|SSH")
    t.git("config --unset lfs.url")
    t("git lfs env", only="Endpoint|SSH")


@scenario
def env_elsewhere(t):
    t.enter("nowhere")
    t("git lfs env", only="^Local|^Temp|^Lfs|^Endpoint")
    t.repository(bare=True, install=False)
    t("git lfs env", only="^Local|^Temp|^Lfs|^Endpoint")
    t.repository(name="work", files={"a": "1"})
    t("git lfs env", cwd=".git", only="^Local|^Temp|^Lfs")
    t.git("worktree add -q ../tree")
    t("git lfs env", cwd="../tree", only="^Local|^Temp|^Lfs")


@scenario
def version_in_its_forms(t):
    t.enter("nowhere")
    for command in ("git lfs version", "git lfs --version", "git lfs -v", "git-lfs version"):
        t(command)


@scenario
def extensions_are_listed(t):
    t.repository()
    t("git lfs ext")
    for name, priority in (("one", 1), ("zero", 0)):
        for key, value in {"clean": f"{name} clean %f", "smudge": f"{name} smudge %f",
                           "priority": str(priority)}.items():
            t.git(["config", f"lfs.extension.{name}.{key}", value])
    t("git lfs ext")
    t("git lfs ext list")
    t("git lfs ext list one")
    t("git lfs ext list zero one")
    t("git lfs ext list nosuch")
    t.git("config lfs.extension.zero.priority 1")
    t("git lfs ext", only="^$")  # which of the two is named is chance


@scenario
def logs_are_listed_and_cleared(t):
    t.repository()
    t("git lfs logs")
    t("git lfs logs last")
    t("git lfs logs show nosuch")
    t.run("git lfs logs boomtown")
    t("git lfs logs")
    t("git lfs logs nosuch")
    t("git lfs logs clear")
    t("git lfs logs")


# The command line.


@scenario
def wrong_command_lines(t):
    t.repository()
    for words in ("nosuch", "-x", "--nosuch", "env --nosuch", "track --nosuch", "fetch -Z",
                  "checkout --to", "ls-files -s=1 -x", "smudge a b c d --nope", "logs show",
                  "logs show a b", "ext list -x", "locks --limit"):
        t.misuse(f"git lfs {words}")


@scenario
def not_in_a_repository(t):
    t.enter("nowhere")
    for words in ("fetch", "pull", "checkout", "status", "ls-files", "track", "untrack x"):
        t(f"git lfs {words}")


@scenario
def an_unknown_repository_format(t):
    t.repository()
    t.git("config lfs.repositoryformatversion 7")
    for words in ("fetch", "pull", "checkout", "status", "ls-files", "track", "untrack x", "clean",
                  "smudge", "env"):
        t(f"git lfs {words}", only="Unknown")


@scenario
def unsafe_keys_of_lfsconfig(t):
    t.repository()
    t.write({".lfsconfig": "[lfs]\n\turl = https://example.com/safe\n\tconcurrenttransfers = 3\n"
                           "[core]\n\tsshCommand = evil\n[remote \"x\"]\n\turl = https://evil.example\n"})
    t("git lfs env", only="Endpoint|Concurrent|^!", sort=True)
    for words in ("track", "ls-files"):
        t(f"git lfs {words}", sort=True)


if __name__ == "__main__":
    main()
