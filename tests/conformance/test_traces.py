#!/usr/bin/env python3
"""The trace texts that scripts grep: GIT_TRACE, GIT_TRANSFER_TRACE, GIT_CURL_VERBOSE, and
the log of GIT_LOG_STATS."""
import re

from conformance import main, pointer, scenario, sha256

FILES = {"a.bin": "first", "d/b.bin": "second" * 500}
TRACE = {"GIT_TRACE": "1", "GIT_TRANSFER_TRACE": "1"}
HELPER = "!f() { echo username=alice; echo password=a; }; f"


@scenario
def a_push_and_a_fetch(t):
    t.repository("*.bin", FILES)
    only = r"tq: (sending batch|starting)|HTTP: (POST|PUT|[0-9])"
    t("git lfs push origin main", env=TRACE, only=only, sort=True)
    t.git("push -q origin main")
    t.clone()
    t("git lfs fetch", env=TRACE, only=r"tq: (sending batch|starting)|HTTP: (POST|GET|[0-9])",
      sort=True)
    t.requests(forget=True)


@scenario
def adapters_begin(t):
    t.repository("*.bin", FILES)
    t("git lfs push origin main", env=TRACE, only=r'xfer: adapter "basic" Begin\(\)',
      newer=[(" with 8 workers", "")], why="the number of workers grows as needed")
    t.requests(forget=True)


@scenario
def filters_of_paths(t):
    t.repository("*.bin", FILES, push=True)
    t.clone()
    t("git lfs fetch -I d", env=TRACE, only=r'filepathfilter: (accepting|rejecting) "[ad][./]',
      sort=True)
    t.requests(forget=True)


@scenario
def objects_that_are_missing(t):
    t.repository("*.bin", FILES, push=True)
    t.clone()
    t.server.object_path(sha256(b"first")).unlink()
    t.git("config lfs.transfer.maxretries 1")
    t("git lfs fetch", env=TRACE, only="HTTP: [0-9]", sort=True)
    t.requests(forget=True)


@scenario
def overload_is_retried(t):
    t.repository("*.bin", {"a.bin": "first"})
    t.server.fault({"kind": "upload", "count": 1}, {"status": 429, "headers": {"Retry-After": "1"}})
    t("git lfs push origin main", env=TRACE, only="tq: enqueue retry #1",
      newer=[("after 0.25s", "after 1s")], why="3.3.0 overlooks this Retry-After")
    t.requests(forget=True)


@scenario(server=("--user", "alice:a", "--auth", "api"))
def credentials_are_asked_for(t):
    t.repository("*.bin", FILES)
    t.git(["config", "credential.helper", HELPER])
    t("git lfs push origin main", env=TRACE, only="creds: ")
    t("git lfs locks", env=TRACE, only="creds: ")
    t.requests(forget=True)


@scenario
def headers_are_dumped(t):
    t.repository("*.bin", FILES)
    t("git lfs locks", env={"GIT_CURL_VERBOSE": "1"}, sort=True,
      only=r"! (> (GET|Accept:|User-Agent)|< (HTTP|Content-Type|Content-Length))",
      newer=[(r"locks\?\S*", "locks?…")], why="a query may hold a secret")
    t("git lfs lock a.bin", env={"GIT_CURL_VERBOSE": "1"}, sort=True,
      only=r"! > (POST|Content|Accept:)")
    trace = str(t.top / "trace.txt")  # the dump stays on stderr
    t("git lfs push --object-id origin " + sha256(b"first"), sort=True,
      env={"GIT_CURL_VERBOSE": "1", "GIT_TRACE": trace}, only=r"! > (PUT|POST|Content)")
    t.requests(forget=True)


@scenario(server=("--user", "alice:a", "--auth", "api"))
def what_netrc_says_is_traced(t):
    t.repository("*.bin", FILES)
    (t.home / ".netrc").write_text("machine 127.0.0.1 login alice password a\n")
    t("git lfs push origin main", env=TRACE, only="netrc: |creds: ")
    t("git lfs locks", env=TRACE, only="netrc: |creds: ")
    t.requests(forget=True)


@scenario(server=("--user", "alice:a", "--auth", "api"))
def what_netrc_says_may_be_wrong(t):
    t.repository("*.bin", FILES)
    (t.home / ".netrc").write_text("machine 127.0.0.1 login alice password old\n")
    t.git(["config", "credential.helper", HELPER])
    t("git lfs push origin main", env=TRACE, only="netrc: |creds: ")
    t.requests(forget=True)


@scenario(server=("--user", "alice:a", "--auth", "api"))
def passwords_are_masked_in_dumps(t):
    t.repository("*.bin", FILES)
    t.git(["config", "credential.helper", HELPER])
    t("git lfs locks", env={"GIT_CURL_VERBOSE": "1"}, only=r"Authorization|YWxpY2U6YQ")
    t("git lfs locks", env={"GIT_CURL_VERBOSE": "1", "LFS_DEBUG_HTTP": "1"}, only=r"Authorization|[?]limit")
    t.requests(forget=True)


def logged(t, command):
    """What GIT_LOG_STATS writes, sorted, its times and versions left out."""
    t(command, env={"GIT_LOG_STATS": "1"}, only="^$")
    lines = []
    for log in sorted(t.at(".git/lfs/logs/http").glob("http-*.log")):
        lines += log.read_text().splitlines()
        log.unlink()
    first = [line for line in lines if line.startswith("concurrent=")]  # 3.3.0 may begin two files
    text = "\n".join(first[:1] + sorted(line for line in lines if line not in first)) + "\n"
    text = re.sub(r"((?:conn|dns|tls|res|)time)=\d+", r"\1=<n>", text)
    t.record(f"log of {command}", re.sub(r"version=.*", "version=<version>", text))


@scenario(server=("--user", "alice:a", "--auth", "api"))
def statistics_are_logged(t):
    t.repository("*.bin", FILES)
    t.git(["config", "credential.helper", HELPER])
    t.git("config lfs.concurrenttransfers 3")
    logged(t, "git lfs push origin main")
    logged(t, "git lfs lock a.bin")
    logged(t, "git lfs unlock a.bin")
    logged(t, "git lfs locks --limit 1")
    t.lose("first")
    logged(t, "git lfs fetch")
    t("git lfs locks", only="^$")
    t.record("logs", f"{list(t.at('.git/lfs/logs/http').iterdir())}\n")
    t.requests(forget=True)


@scenario
def traces_go_where_they_are_sent(t):
    t.repository("*.bin", FILES, push=True)
    t.clone()
    target = t.top / "trace.txt"
    t("git lfs smudge a.bin", stdin=pointer("first"), env={"GIT_TRACE": str(target)}, only="trace|first")
    t.record("written", f"{'HTTP: POST' in target.read_text()}\n")
    t("git lfs ls-files", env={"GIT_TRACE": "0"}, only="trace")
    t.requests(forget=True)


if __name__ == "__main__":
    main()
