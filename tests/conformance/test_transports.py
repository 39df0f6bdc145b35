#!/usr/bin/env python3
"""Real servers: smart HTTP over TLS with Basic authentication, both protocols over SSH, file://."""
import base64
import os
import subprocess

from conformance import main, pointer, scenario, sha256
from real_servers import BY_TICKET, HERE, Kdc, SshServer, WebServer

FILES = {"a.bin": "first", "d/b.bin": "second" * 500, "c.txt": "text", "d/e/f.bin": "third" * 20000}
PROCESS = "-c filter.lfs.process='git-lfs filter-process' -c filter.lfs.required=true"


def published(t, url, files=FILES, **options):
    t.repository("*.bin", remote=False, **options)
    t.git(["remote", "add", "origin", url])
    t.commit(files)


def helper(t, user="alice", password="s3cret"):
    """A credential helper that knows one password and tells what it was asked for."""
    program = t.top / "helper"
    program.write_text(f"#!/bin/sh\necho \"$1\" >> {t.top}/helper.log\n[ \"$1\" = get ] || exit 0\n"
                       f"echo username={user}\necho password={password}\n")
    program.chmod(0o755)
    t.git(["config", "--global", "credential.helper", str(program)])


def trust(t, web):
    t.git(["config", "--global", f"http.{web.url}/.sslCAInfo", str(web.top / "cert.pem")])


# HTTPS.


@scenario
def https_with_a_credential_helper(t):
    web = WebServer(t)
    trust(t, web)
    helper(t)
    published(t, f"{web.url}/repo.git")
    t("git push -q origin main")
    t.requests()
    t.cwd = t.top
    t(f"git {PROCESS} clone -q {web.url}/repo.git clone")
    t.state(t.top / "clone")
    t("git lfs env", cwd="clone", only="Endpoint")
    t("git lfs pull", cwd="clone")


@scenario
def https_with_wrong_credentials(t):
    web = WebServer(t)
    trust(t, web)
    helper(t, password="wrong")
    published(t, f"{web.url}/repo.git")
    for words in ("push origin main", "locks"):
        t.only_ours(f"git lfs {words}", "= 2\n", "3.3.0 asks for ever", only="^$")
    t.only_ours("sort -u ../helper.log", "erase\nget\n= 0\n", "as above")
    t.requests(forget=True)


@scenario
def https_with_netrc(t):
    web = WebServer(t)
    trust(t, web)
    (t.home / ".netrc").write_text("machine 127.0.0.1 login alice password s3cret\n")
    published(t, f"{web.url}/repo.git")
    t("git push -q origin main")
    t("git lfs lock a.bin")
    t("git lfs unlock a.bin")
    t.requests(forget=True)


@scenario
def https_with_credentials_in_the_url(t):
    web = WebServer(t)
    trust(t, web)
    url = web.url.replace("https://", "https://alice:s3cret@")
    published(t, f"{url}/repo.git")
    t("git lfs push origin main")
    t("git lfs fetch --all origin", only="^$")
    t.requests(forget=True)


@scenario
def https_with_an_extra_header(t):
    web = WebServer(t)
    trust(t, web)
    secret = base64.b64encode(b"alice:s3cret").decode()
    t.git(["config", "--global", f"http.{web.url}/.extraHeader", f"Authorization: Basic {secret}"])
    published(t, f"{web.url}/repo.git")
    t("git push -q origin main")
    t.requests(forget=True)


@scenario
def https_with_an_unknown_authority(t):
    web = WebServer(t)
    helper(t)
    published(t, f"{web.url}/repo.git")
    t("git lfs push origin main", only="^$")
    t("git lfs push origin main", env={"GIT_SSL_NO_VERIFY": "1"})
    t.git("config http.sslVerify false")
    t("git lfs push origin main")
    t.requests(forget=True)


def server_for_certificates(t):
    web = WebServer(t, require="Require all granted", client_certificates=(
        "SSLCACertificateFile {top}/cert.pem\nSSLVerifyClient require\nSSLVerifyDepth 1"))
    trust(t, web)
    published(t, f"{web.url}/repo.git")
    return web


def show_certificate(t, web, key_file):
    for key, file in (("sslCert", "cert.pem"), ("sslKey", key_file)):
        t.git(["config", "--global", f"http.{web.url}/.{key}", str(web.top / file)])


@scenario
def https_with_a_client_certificate(t):
    web = server_for_certificates(t)
    t("git lfs push origin main", only="^$")
    show_certificate(t, web, "key.pem")
    t("git lfs push origin main")
    t.requests(forget=True)


@scenario
def https_with_an_encrypted_client_key(t):
    web = server_for_certificates(t)
    subprocess.run(["openssl", "ec", "-aes128", "-passout", "pass:open sesame", "-in",
                    web.top / "key.pem", "-out", web.top / "locked.pem"], check=True, capture_output=True)
    show_certificate(t, web, "locked.pem")
    log = t.top / "helper.log"
    helper = "!f() {{ cat >>{log}; echo 'password={password}'; }}; f"
    t.git(["config", "credential.helper", helper.format(log=log, password="open sesame")])
    t("git lfs push origin main")
    t(f"cat {log}")
    t.git(["config", "credential.helper", helper.format(log=log, password="wrong")])
    t("git lfs push origin main", only="passphrase may be wrong",
      newer="! batch response: https://<web>/repo.git/info/lfs/objects/batch: unable to set private key file: "
            "'<top>/apache/locked.pem' type PEM; its passphrase may be wrong\n= 2\n",
      why="3.3.0 goes on without the certificate")
    t.requests(forget=True)


def https_with_negotiate(t):
    kdc = Kdc(t)
    web = WebServer(t, authentication=BY_TICKET, host="localhost")
    trust(t, web)
    published(t, f"{web.url}/repo.git")
    t.env = kdc.environment
    t("git lfs push origin main")
    t.git(["config", "lfs.locksverify", "false"])
    t("git -c http.emptyAuth=true push -q origin main")
    t.cwd = t.top
    t(f"git -c http.emptyAuth=true {PROCESS} clone -q {web.url}/repo.git clone")
    t.state(t.top / "clone")
    t("git config lfs." + web.url + "/repo.git/info/lfs.access", cwd="clone")
    t.env = {**kdc.environment, "KRB5CCNAME": "FILE:/nowhere"}  # without a ticket
    t("git lfs push --all origin", cwd="clone", only="^$")
    t.requests(forget=True)


# It needs a Kerberos server, which scripts/setup installs where this is set.
if os.environ.get("LAZYLFS_KERBEROS_TEST"):
    scenario(https_with_negotiate)


# SSH.


def authenticate(t, text=None):
    """A git-lfs-authenticate that sends to the bundled server."""
    text = text or f'{{"href":"{t.server.url}/repo.git/info/lfs","header":{{"X-Test":"$2"}}}}'
    return "cat <<END\n" + text + "\nEND\n"


@scenario
def ssh_with_git_lfs_authenticate(t):
    ssh = SshServer(t, git_lfs_authenticate=authenticate(t))
    published(t, ssh.url)
    t("git push -q origin main")
    t.requests()
    t.cwd = t.top
    t(f"git {PROCESS} clone -q {ssh.url} clone")
    t.requests()
    t.state(t.top / "clone")
    t.enter("repo")
    t("git lfs lock a.bin")
    t("git lfs locks")
    t("git lfs unlock a.bin")
    t("git lfs env", only="Endpoint|SSH")
    t.record("asked", ssh.asked())


@scenario
def ssh_without_transfer_when_told_never(t):
    ssh = SshServer(t, git_lfs_authenticate=authenticate(t))
    published(t, ssh.url)
    t.git("config lfs.sshtransfer never")
    t.git(["config", f"lfs.{ssh.url}.sshtransfer", "never"])
    t("git lfs push origin main")
    t.requests(forget=True)
    asked = ssh.asked()
    t.record("asked", asked, *(() if t.is_ours else (
        [("^git-lfs-transfer.*\\n", "")], "3.3.0 tries git-lfs-transfer all the same")))


@scenario
def ssh_whose_authenticate_fails(t):
    ssh = SshServer(t, git_lfs_authenticate="echo 'no entry' >&2; exit 5")
    published(t, ssh.url)
    t.git("config lfs.ssh.retries 1")
    t("git lfs push origin main", only="^$")


def transfer(t):
    return f'exec /usr/bin/python3 {HERE}/lfs_transfer.py {t.top}/pure "$2"'


def commands(t):
    """What the git-lfs-transfer server was told, in any order."""
    lines = (t.top / "pure/commands").read_text().splitlines()
    t.record("commands", "\n".join(sorted(lines)) + "\n")


@scenario
def ssh_with_git_lfs_transfer(t):
    ssh = SshServer(t, git_lfs_transfer=transfer(t))
    published(t, ssh.url)
    t("git push -q origin main")
    t.cwd = t.top
    t(f"git {PROCESS} clone -q {ssh.url} clone")
    t.state(t.top / "clone")
    t.record("objects", "\n".join(sorted(p.name for p in (t.top / "pure/objects").iterdir())) + "\n")


@scenario
def ssh_locks_with_git_lfs_transfer(t):
    ssh = SshServer(t, git_lfs_transfer=transfer(t))
    published(t, ssh.url)
    t("git lfs lock a.bin")
    t("git lfs lock a.bin", only="^$")
    t("git lfs lock --json d/b.bin")
    t("git lfs locks")
    t("git lfs locks --json --path a.bin")
    t.only_ours("git lfs locks --verify", "O a.bin  \tsomeone\tID:1\nO d/b.bin\tsomeone\tID:2\n= 0\n",
                "3.3.0 says a command that no server knows")
    t("git lfs locks --local")
    t("git lfs unlock a.bin")
    t("git lfs unlock --id 2")
    t("git lfs unlock nosuch")


# file://


@scenario
def a_remote_on_this_machine(t):
    t.enter("remote.git")
    t.git("init -q --bare -b main")
    published(t, f"file://{t.top}/remote.git")
    t("git push -q origin main")
    t("git lfs env", only="Endpoint")
    t("git lfs lock a.bin")
    t("git lfs locks")
    t.cwd = t.top
    t(f"git {PROCESS} clone -q file://{t.top}/remote.git clone")
    t.state(t.top / "clone")
    t("git -C clone lfs fetch --all", only="^$")
    objects = t.top / "remote.git/lfs/objects"
    t.record("remote", "\n".join(sorted(p.name for p in objects.rglob("*") if p.is_file())) + "\n")


@scenario
def a_remote_that_is_a_path(t):
    t.enter("remote.git")
    t.git("init -q --bare -b main")
    published(t, f"{t.top}/remote.git")
    t("git push -q origin main")
    t.cwd = t.top
    t(f"git {PROCESS} clone -q {t.top}/remote.git clone")
    t.state(t.top / "clone")


@scenario
def a_local_remote_that_lacks_an_object(t):
    t.enter("remote.git")
    t.git("init -q --bare -b main")
    published(t, f"file://{t.top}/remote.git")
    t("git push -q origin main")
    for path in (t.top / "remote.git/lfs/objects").rglob(sha256(b"first")):
        path.unlink()
    t.cwd = t.top
    t(f"git {PROCESS} clone -q file://{t.top}/remote.git clone", only="^$")
    t("git lfs smudge a.bin", cwd="clone", stdin=pointer("third" * 20000), only="^$")


if __name__ == "__main__":
    main()
