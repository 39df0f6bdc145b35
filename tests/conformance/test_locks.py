#!/usr/bin/env python3
"""lock, locks, unlock and the hooks that keep lockable files read-only."""
from conformance import main, scenario

USERS = ("--user", "alice:a", "--user", "bob:b", "--auth", "api")
LOCKABLE = "*.bin filter=lfs diff=lfs merge=lfs -text lockable\n"


def locked_repository(t, **files):
    t.repository(files=None, locks=True)
    t.write({".gitattributes": LOCKABLE})
    t.commit({"a.bin": "hi", "d/b.bin": "yo", "c.txt": "text", **files})


def as_user(t, name, password):
    t.git(["config", "lfs.url", t.server.url.replace("://", f"://{name}:{password}@")
           + "/repo.git/info/lfs"])


@scenario
def a_lock_is_taken_listed_and_given_back(t):
    locked_repository(t)
    t("git lfs lock a.bin")
    t("git lfs lock --json d/b.bin")
    t("git lfs locks")
    t("git lfs locks --json -p a.bin")
    t("git lfs locks --local")
    t("git lfs unlock a.bin")
    t("git lfs unlock --json d/b.bin")
    t("git lfs locks")


@scenario
def several_paths_are_locked_at_once(t):
    locked_repository(t)
    t("git lfs lock a.bin d/b.bin no/such/file")
    t("git lfs unlock --json a.bin d/b.bin no/such/file")


@scenario
def what_cannot_be_locked(t):
    locked_repository(t)
    t("git lfs lock a.bin")
    t("git lfs lock a.bin")
    t("git lfs lock --json a.bin d/b.bin")
    t("git lfs lock d")
    t("git lfs lock .")
    t("git lfs lock ../x")
    t("git lfs lock /etc/passwd")
    t("git lfs lock")
    t("git lfs lock --json")


@scenario
def paths_are_those_of_the_repository_wherever_one_stands(t):
    locked_repository(t)
    t("git lfs lock b.bin", cwd="d")
    t("git lfs lock ../a.bin", cwd="d")
    t("git lfs locks -p b.bin", cwd="d")
    t("git lfs locks --path=../a.bin", cwd="d")
    t("git lfs unlock ../a.bin", cwd="d")
    t(f"git lfs unlock {t.cwd}/d/b.bin", cwd="d")


@scenario
def what_cannot_be_unlocked(t):
    locked_repository(t)
    t("git lfs unlock")
    t("git lfs unlock a.bin --id 1")
    t("git lfs unlock a.bin")
    t("git lfs unlock d")
    t("git lfs unlock ../x")
    t("git lfs unlock --force d")
    t("git lfs unlock --json a.bin d")
    t("git lfs unlock --id 99")
    t("git lfs unlock --json --id 99")


@scenario
def a_modified_file_stays_locked_unless_forced(t):
    locked_repository(t)
    t("git lfs lock a.bin")
    t.write({"a.bin": "changed"})
    t("git lfs unlock a.bin")
    t("git lfs unlock --json a.bin")
    t("git lfs unlock -f a.bin")


@scenario
def a_modified_file_is_not_unlocked_by_its_id_either(t):
    locked_repository(t)
    t("git lfs lock a.bin")
    t.write({"a.bin": "changed"})
    t("git lfs unlock --id 1", newer="! Cannot unlock file with uncommitted changes\n= 2\n",
      why="quirk 29: upstream ignores its own check")
    t.requests(forget=True)
    t("git lfs unlock -f --id 1",
      newer="Unlocked Lock 1\n! warning: unlocking with uncommitted changes because --force\n= 0\n",
      why="the lock is still there")
    t.requests(forget=True)


@scenario
def locks_by_id_and_limit(t):
    locked_repository(t)
    t("git lfs lock a.bin d/b.bin c.txt")
    t("git lfs locks -i 2")
    t("git lfs locks --id=2 --json")
    t("git lfs locks --limit 1")
    t("git lfs locks -l 2 --json")
    t("git lfs locks --local --id 2")
    t("git lfs locks --local --path a.bin --json")
    t("git lfs unlock --id 2")
    t("git lfs unlock --id=1 --json", newer='[{"id":"1","unlocked":true}]\n= 0\n',
      why="3.3.0 forgets it; later versions tell")


@scenario(server=USERS)
def locks_of_others(t):
    locked_repository(t)
    as_user(t, "alice", "a")
    t("git lfs lock a.bin")
    as_user(t, "bob", "b")
    t("git lfs lock d/b.bin")
    t("git lfs locks")
    t("git lfs locks --verify")
    t("git lfs locks --verify --json")
    t("git lfs locks --verify --limit 1")
    t("git lfs unlock a.bin")
    t("git lfs unlock --id 1")
    t("git lfs unlock --force a.bin")
    t("git lfs locks --verify")


@scenario
def cached_listings(t):
    locked_repository(t)
    t("git lfs locks --cached")
    t("git lfs locks --cached --verify")
    t("git lfs lock a.bin d/b.bin")
    t("git lfs locks")
    t("git lfs locks --verify")
    t("git lfs unlock a.bin")
    t("git lfs locks --cached")
    t("git lfs locks --cached --json")
    t("git lfs locks --cached --verify")
    t("git lfs locks --cached --verify --json")


@scenario
def options_that_do_not_go_together(t):
    locked_repository(t)
    t("git lfs locks --cached --limit 1")
    t("git lfs locks --cached --path a.bin")
    t("git lfs locks --cached --id 1")
    t("git lfs locks --cached --local")
    t("git lfs locks --verify --path a.bin")
    t("git lfs locks --verify --local")
    t("git lfs locks --path d")
    for command in ("locks", "lock", "unlock"):
        t(f"git lfs {command} --nosuch", only="^! Error|^=")


@scenario
def a_listing_of_several_pages(t):
    locked_repository(t)
    for i in range(0, 130, 65):
        t.run(["git", "lfs", "lock", *(f"f{n:03}.bin" for n in range(i, i + 65))], check=True)
    t.requests(forget=True)
    t("git lfs locks")
    t("git lfs locks --verify")
    t("git lfs locks --limit 120", only="ID:1..?$")


@scenario
def the_ref_is_what_the_branch_is_pushed_to(t):
    locked_repository(t)
    t.git("config branch.main.remote origin")
    t.git("config branch.main.merge refs/heads/tracked")
    t("git lfs lock a.bin")
    t.git("config push.default current")
    t("git lfs locks")
    t.git("config push.default upstream")
    t("git lfs locks")
    t.git("config push.default matching")
    t("git lfs locks --verify")
    t.git("checkout -q --detach")
    t("git lfs locks")


@scenario
def the_remote_may_be_named(t):
    locked_repository(t)
    t.git(["remote", "add", "other", t.url("other")])
    t("git lfs lock --remote=other a.bin")
    t("git lfs locks -r other")
    t("git lfs locks")
    t("git lfs unlock -r other a.bin")


@scenario
def a_server_without_locks(t):
    locked_repository(t)
    t.server.fault({"kind": "locks", "count": 0}, {"status": 404})
    t("git lfs lock a.bin")
    t("git lfs locks")
    t("git lfs locks --verify")
    t("git lfs unlock a.bin")
    t("git lfs unlock --id 1")


@scenario
def a_failing_listing_says_so_to_scripts_too(t):
    locked_repository(t)
    t.server.fault({"kind": "locks", "count": 0}, {"status": 403})
    t("git lfs locks")
    t("git lfs locks --json", newer="! Error while retrieving locks: told to fail\n= 2\n",
      why="quirk 29: upstream prints [] and succeeds")
    t("git lfs locks --verify --json", newer="! Error while retrieving locks: told to fail\n= 2\n",
      why="quirk 29: upstream prints empty lists and succeeds")


@scenario
def a_repository_without_a_server(t):
    t.repository(remote=False)
    t("git lfs lock a.bin")
    t("git lfs locks")
    t("git lfs unlock a.bin")


@scenario
def outside_of_a_repository(t):
    t.enter("nowhere")
    for command in ("lock x", "locks", "unlock x"):
        t(f"git lfs {command}", newer="Not in a Git repository.\n= 128\n",
          why="upstream shows the failure of a git command of its own")
    for hook in ("post-checkout a b c", "post-commit", "post-merge 0"):
        t(f"git lfs {hook}")


# Lockable files.


@scenario
def lockable_files_are_read_only_after_checkout(t):
    locked_repository(t)
    t.state()
    t("git checkout -q -b other")
    t.commit({"a.bin": "newer", "n.bin": "new"})
    t.state()
    t("git checkout -q main")
    t.state()
    t("git lfs lock a.bin")
    t.state()
    t("git checkout -q other")
    t.state()
    t("git lfs unlock a.bin")


@scenario
def lockable_files_are_read_only_after_commit_and_merge(t):
    locked_repository(t)
    t.git("checkout -q -b side")
    t.commit({"d/b.bin": "side"})
    t.git("checkout -q main")
    t.commit({"c.txt": "main"})
    t.state()
    t("git merge -q side -m merged")
    t.state()


@scenario
def hooks_run_by_hand(t):
    locked_repository(t)
    for path in ("a.bin", "d/b.bin"):
        t.at(path).chmod(0o664)
    t("git lfs post-checkout 0000000000000000000000000000000000000000 HEAD 1")
    t.state()
    for path in ("a.bin", "c.txt"):
        t.at(path).chmod(0o644)
    t("git lfs post-merge 0")
    t.state()
    t.at("a.bin").chmod(0o644)
    t("git lfs post-commit")
    t("git lfs post-commit unexpected words")
    for wrong in ("post-checkout", "post-checkout a", "post-checkout a b c d", "post-merge",
                  "post-merge a b"):
        t(f"git lfs {wrong}")


@scenario
def write_bits_are_left_alone_when_told_so(t):
    locked_repository(t)
    t.at("a.bin").chmod(0o644)
    t("git lfs post-merge 0", env={"GIT_LFS_SET_LOCKABLE_READONLY": "0"})
    t.state()
    t.git("config lfs.setlockablereadonly false")
    t("git lfs post-merge 0")
    t("git lfs lock a.bin")
    t("git lfs unlock a.bin")


@scenario
def ignored_files_are_left_alone_unless_told_otherwise(t):
    locked_repository(t)
    t.write({".gitignore": "i.bin\n", "i.bin": "ignored", "u.bin": "untracked"})
    t("git lfs post-merge 0")
    t.state()
    t.git("config lfs.lockignoredfiles true")
    t("git lfs post-merge 0")
    t.state(newer=[("^i.bin 644", "i.bin 444")], why="the manual's word; 3.3.0 does nothing")
    t.repositories.clear()


# Both clients in one repository.


@scenario
def locks_of_upstream_are_known_to_ours_and_back(t):
    locked_repository(t)
    t("git lfs lock a.bin", by="upstream")
    t("git lfs locks --local")
    t("git lfs lock d/b.bin")
    t("git lfs locks --local", by="upstream")
    t("git checkout -q -b other")
    t.state()
    t("git lfs unlock a.bin")
    t("git lfs locks --local", by="upstream")
    t("git lfs unlock d/b.bin", by="upstream")
    t("git lfs locks --local")


if __name__ == "__main__":
    main()
