#!/usr/bin/env python3
"""fetch, pull, checkout, push, pre-push and clone."""
from conformance import main, pointer, scenario, sha256

FILES = {"a.bin": "first", "d/b.bin": "second" * 500, "c.txt": "text", "d/e/f.bin": "third",
         "same.bin": "first"}


def remote_history(t):
    """Two branches and a tag on the server, then a clone without content."""
    t.repository("*.bin", FILES, push=True)
    t.commit({"a.bin": "newer", "n.bin": "new"}, push=True)
    t.git("tag v1")
    t.git("checkout -q -b side HEAD~1")
    t.commit({"side.bin": "side"}, push=True)
    t.git("push -q origin v1")
    t.git("checkout -q main")
    t.clone()



def fetch(t, command, **options):
    """A fetch. Since 3.7 what it fetches is told on stderr, without a prefix."""
    result = t.run(command, **options)
    lines = [f"! {line}" if line.startswith(("Fetching", "fetch ")) else line
             for line in result.stdout.replace("fetch: ", "").splitlines()]
    lines += [f"! {line}" for line in result.stderr.splitlines()]
    story = sorted(line for line in lines if "LFS objects:" not in line) + [f"= {result.returncode}"]
    t.record(f"$ {command}", "\n".join(story) + "\n")


# fetch.


@scenario
def fetch_of_the_current_branch(t):
    remote_history(t)
    fetch(t, "git lfs fetch")
    t.requests()
    t.state()
    fetch(t, "git lfs fetch")


@scenario
def fetch_of_named_refs(t):
    remote_history(t)
    fetch(t, "git lfs fetch origin side")
    t.state()
    fetch(t, "git lfs fetch origin main~1 v1")
    fetch(t, "git lfs fetch origin nosuch")
    fetch(t, "git lfs fetch nosuch")
    fetch(t, "git lfs fetch nosuch main")
    t.requests(forget=True)  # ours asks for the objects of several refs at once


@scenario
def fetch_of_everything(t):
    remote_history(t)
    fetch(t, "git lfs fetch --all")
    t.state()


@scenario
def fetch_of_all_of_one_ref(t):
    remote_history(t)
    fetch(t, "git lfs fetch --all origin main")
    t.state()


@scenario
def fetch_by_pattern(t):
    remote_history(t)
    fetch(t, "git lfs fetch --include=d")
    t.state()
    fetch(t, "git lfs fetch --exclude='*.bin'")
    t.state()
    fetch(t, "git lfs fetch -I '*.bin' -X d/e")


@scenario
def fetch_by_configured_pattern(t):
    remote_history(t)
    t.git("config lfs.fetchinclude d,n.bin")
    t.git("config lfs.fetchexclude d/e")
    fetch(t, "git lfs fetch")
    t.state()
    fetch(t, "git lfs fetch --include= --exclude=")


@scenario
def recent_fetches(t):
    remote_history(t)
    t.git("config lfs.fetchrecentrefsdays 100000")
    t.git("config lfs.fetchrecentcommitsdays 100000")
    fetch(t, "git lfs fetch --recent")
    t.state()
    t.requests(forget=True)  # ours asks for the objects of several refs at once


@scenario
def fetch_options_that_do_not_go_together(t):
    remote_history(t)
    for words in ("--all --recent", "--all --include=x", "--all --exclude=x"):
        t(f"git lfs fetch {words}")
    t.misuse("git lfs fetch --nosuch")


@scenario
def fetch_of_what_the_server_lacks(t):
    remote_history(t)
    t.server.object_path(sha256(b"new")).unlink()
    t("git lfs fetch", only="error: failed")
    t.state()
    t.requests(forget=True)


@scenario
def fetch_is_given_a_url_or_a_path(t):
    remote_history(t)
    t.git("remote remove origin")
    fetch(t, f"git lfs fetch {t.url()}")
    t.state()


# pull and checkout.


@scenario
def pull_brings_the_files(t):
    remote_history(t)
    t("git lfs pull")
    t("git lfs pull")
    t("git status --porcelain")


@scenario
def pull_by_pattern(t):
    remote_history(t)
    t("git lfs pull -I d")
    t.state()
    t("git lfs pull --exclude=a.bin,same.bin")
    t.state()
    t("git lfs pull origin")


@scenario
def pull_keeps_what_was_changed(t):
    remote_history(t)
    t.write({"a.bin": "mine", "d/b.bin": pointer("something else")})
    t.at("n.bin").unlink()
    t("git lfs pull")
    t("git status --porcelain")
    t.requests(forget=True)


@scenario
def pull_when_not_installed(t):
    remote_history(t)
    t.git("config --remove-section filter.lfs")
    t("git lfs pull")
    t("git lfs checkout")


@scenario
def pull_of_what_the_server_lacks(t):
    remote_history(t)
    t.server.object_path(sha256(b"new")).unlink()
    t("git lfs pull", only="Failed")
    t.state()
    t.requests(forget=True)


@scenario
def pull_in_a_bare_repository(t):
    t.repository("*.bin", FILES, push=True)
    t.cwd = t.top
    t.git(["clone", "-q", "--bare", t.url(), "bare"])
    t.enter("bare")
    t("git lfs pull")
    t("git lfs checkout")
    t.state()


@scenario
def checkout_of_what_is_here(t):
    remote_history(t)
    t("git lfs checkout")
    t.run("git lfs fetch")
    t.requests(forget=True)
    t("git lfs checkout d")
    t.state()
    t("git lfs checkout '*.bin'")
    t("git status --porcelain")


@scenario
def checkout_by_glob_and_from_a_folder(t):
    remote_history(t)
    t.run("git lfs fetch")
    t.requests(forget=True)
    t("git lfs checkout b.bin", cwd="d")
    t("git lfs checkout 'e/*'", cwd="d")
    t.state()
    t("git lfs checkout ../a.bin nosuch", cwd="d")
    t.state()
    t("git lfs checkout .", cwd="d")


@scenario
def checkout_leaves_the_rest_alone(t):
    remote_history(t)
    t.run("git lfs fetch")
    t.requests(forget=True)
    t.write({"a.bin": "mine", "d/b.bin": pointer("something else")})
    t.at("n.bin").unlink()
    t("git lfs checkout")
    t("git status --porcelain")


@scenario
def checkout_of_a_file_that_was_removed_from_the_index(t):
    """3.3.0 asks git to refresh it, and then nothing is refreshed."""
    remote_history(t)
    t.run("git lfs fetch")
    t.requests(forget=True)
    t.git("rm -q --cached same.bin")
    t.only_ours("git lfs checkout", "= 0\n", "3.3.0 complains about its own git command")
    t.only_ours("git status --porcelain", "D  same.bin\n?? same.bin\n= 0\n", "as above")
    t.repositories.clear()


def conflict(t):
    t.repository("*.bin", {"a.bin": "base"})
    t.git("checkout -q -b side")
    t.commit({"a.bin": "theirs"})
    t.git("checkout -q main")
    t.commit({"a.bin": "ours"})
    t.run("git merge -q side")


@scenario
def checkout_of_the_sides_of_a_conflict(t):
    conflict(t)
    for side in ("base", "ours", "theirs"):
        t(f"git lfs checkout --to out/{side}.bin --{side} a.bin")
        t(f"cat out/{side}.bin")
    t.write({"d/x": ""})
    t("git lfs checkout --to ../here.bin --ours ../a.bin", cwd="d")
    t("git lfs checkout --to=same.bin --theirs a.bin nosuch")
    t("git lfs checkout --to=same.bin a.bin")
    t("git lfs checkout --to=same.bin --ours --base a.bin")
    t("git lfs checkout --ours a.bin")
    t("git lfs checkout --to=same.bin --ours")
    t("git lfs checkout --to=same.bin --ours nosuch.bin")
    t.state()


@scenario
def checkout_of_a_side_without_a_conflict(t):
    t.repository("*.bin", {"a.bin": "base"})
    t("git lfs checkout --to out.bin --ours a.bin")


# push and pre-push.


@scenario
def push_uploads_what_the_remote_lacks(t):
    t.repository("*.bin", FILES)
    t("git lfs push --dry-run origin main")
    t("git lfs push origin main")
    t.requests()
    t("git lfs push origin main")
    t("git push -q origin main")
    t.commit({"a.bin": "changed"})
    t("git lfs push origin main")


@scenario
def push_when_only_the_remotes_head_is_known(t):
    t.repository("*.bin", FILES)
    known = t.at(".git/refs/remotes/origin")
    known.mkdir(parents=True)
    (known / "HEAD").write_text(t.git("rev-parse HEAD"))
    t("git lfs push --dry-run origin main")
    t.commit({"a.bin": "changed"})
    t("git lfs push --dry-run origin main")
    t.requests(forget=True)


@scenario
def git_push_runs_the_hook(t):
    t.repository("*.bin", FILES)
    t("git push origin main")
    t.requests()
    t.commit({"a.bin": "changed", "d/b.bin": "changed, too"})
    t("git push -q origin main")
    t("git push origin main:other")
    t("git push origin --delete other")
    t("git tag v1")
    t("git push -q origin v1")


@scenario
def push_of_everything(t):
    t.repository("*.bin", FILES)
    t.git("checkout -q -b side")
    t.commit({"side.bin": "side"})
    t.git("tag v1")
    t.git("checkout -q main")
    t("git lfs push --dry-run --all origin")
    t("git lfs push --all origin main")
    t("git lfs push --all origin", only="^$")


@scenario
def push_of_object_ids(t):
    t.repository("*.bin", FILES)
    oids = " ".join(sha256(FILES[name].encode()) for name in ("a.bin", "d/b.bin"))
    t(f"git lfs push --dry-run --object-id origin {oids}")
    t(f"git lfs push --object-id origin {oids}")
    t(f"git lfs push -o origin {sha256(b'unknown')}", only="^$")
    t("git lfs push --object-id origin")
    t("git lfs push --object-id origin nonsense", only="^$")


@scenario
def push_with_too_little_said(t):
    t.repository("*.bin", FILES)
    t("git lfs push", newer=[("^Specify", "! Specify"), ("^= 1", "= 2")],
      why="the reference: rc 2, hence on stderr")
    t("git lfs push origin", newer="At least one ref must be supplied without --all\n= 1\n",
      why="3.3.0 succeeds silently")
    for words in ("nosuch main", "origin nosuch"):
        t(f"git lfs push {words}")
    t.misuse("git lfs push --nosuch")


@scenario
def the_batch_call_offers_what_the_client_can_do(t):
    t.repository("*.bin", FILES)
    t("git lfs push origin main")
    t.requests(with_transfers=True)
    t.git("config lfs.basictransfersonly true")
    t.run("git lfs fetch --all", check=True)
    t.commit({"a.bin": "changed"})
    t("git lfs push origin main")
    t.requests(with_transfers=True)
    t.git("config lfs.basictransfersonly false")
    t.git("config lfs.tustransfers true")
    t.git("config lfs.customtransfer.mine.path /bin/false")
    t.commit({"a.bin": "changed again"})
    t("git lfs push origin main")
    t.requests(with_transfers=True)


@scenario
def push_of_missing_objects(t):
    t.repository("*.bin", FILES)
    t.lose("first")
    t("git lfs push origin main")
    t.requests(forget=True)
    t("git lfs push --dry-run origin main")
    t.git("config lfs.allowincompletepush true")
    t("git lfs push origin main")
    t.requests(forget=True)


@scenario
def push_of_corrupt_objects(t):
    t.repository("*.bin", FILES)
    t.object_path("first").write_bytes(b"not the same size")
    t("git lfs push origin main")
    t.requests(forget=True)


@scenario
def pre_push_by_hand(t):
    t.repository("*.bin", FILES)
    head, zero = t.git("rev-parse HEAD"), "0" * 40
    t("git lfs pre-push")
    line = f"refs/heads/main {head} refs/heads/main {zero}\n"
    t("git lfs pre-push --dry-run origin", stdin=line)
    t("git lfs pre-push origin", stdin="")
    t("git lfs pre-push origin", stdin=f"(delete) {zero} refs/heads/gone {head}\n")
    t("git lfs pre-push origin", stdin=line, env={"GIT_LFS_SKIP_PUSH": "1"})
    t(f"git lfs pre-push origin {t.url()}", stdin=line)


@scenario
def push_to_a_url(t):
    t.repository("*.bin", FILES)
    t(f"git push -q {t.url('elsewhere')} main")
    t.git("remote remove origin")
    t(f"git lfs push {t.url('third')} main")


@scenario
def push_verifies_locks(t):
    t.repository("*.bin", FILES, locks=True)
    t("git push -q origin main")
    t.git(["config", f"lfs.{t.url()}/info/lfs.locksverify", "true"])
    t.run("git lfs lock a.bin")
    t.requests(forget=True)
    t.commit({"a.bin": "changed"})
    t("git push -q origin main")


@scenario(server=("--user", "alice:a", "--user", "bob:b", "--auth", "api"))
def push_stops_at_locks_of_others(t):
    t.repository("*.bin", FILES, locks=True)
    def be(name, password):
        t.git(["config", "lfs.url", t.server.url.replace("://", f"://{name}:{password}@")
               + "/repo.git/info/lfs"])
    masked = dict(newer=[("alice:a@|bob:b@", lambda m: m.group().split(":")[0] + "@")],
                  why="no password is printed")
    be("alice", "a")
    t("git push -q origin main", **masked)
    t.run("git lfs lock a.bin d/b.bin")
    be("bob", "b")
    t.commit({"a.bin": "changed", "d/b.bin": "changed, too"})
    t("git push -q origin main", **masked)
    t.git("config lfs.locksverify true")
    t("git push -q origin main", only="^[^!]|^! (Unable|\\*|Cannot)")
    t.git("config lfs.locksverify false")
    t("git push -q origin main")


@scenario
def push_to_a_server_without_locks(t):
    t.repository("*.bin", FILES, locks=True)
    t.server.fault({"kind": "locks", "count": 0}, {"status": 404})
    t("git push -q origin main")
    t.git(["config", f"lfs.{t.url()}/info/lfs.locksverify", "true"])
    t.commit({"a.bin": "changed"})
    t("git push -q origin main")


@scenario
def push_when_the_server_fails(t):
    t.repository("*.bin", FILES)
    t.server.fault({"kind": "batch", "count": 0}, {"status": 403})
    t("git lfs push origin main", only="^$")
    t.server.clear_faults()
    t.server.fault({"kind": "upload", "count": 1}, {"status": 500})
    t("git lfs push origin main", only="^$")
    t.requests(forget=True)


# clone.


@scenario
def clone_by_git_lfs(t):
    t.repository("*.bin", FILES, push=True)
    t.cwd = t.top
    t.requests(forget=True)
    t(f"git lfs clone -q {t.url()} one")
    t(f"git lfs clone {t.url()} two --include=d", only="^$")
    t(f"git lfs clone -q -b nosuch {t.url()} three", only="^$")
    t(f"git lfs clone -q --exclude=d --skip-repo {t.url()} four")
    t(f"git lfs clone -q --depth=1 -o other --no-checkout {t.url()} five", only="^$")
    t(f"git lfs clone -q --bare {t.url()} six", only="^$")
    for name in ("one", "two", "four", "five"):
        t.state(t.top / name)
    t.requests(forget=True)


if __name__ == "__main__":
    main()
