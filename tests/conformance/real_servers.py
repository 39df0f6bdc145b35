"""Real web and SSH servers on the loopback interface, for conformance scenarios."""
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
APACHE = "/usr/sbin/apache2"
MODULES = "/usr/lib/apache2/modules"
SSHD = "/usr/sbin/sshd"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, deadline_s=20):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise AssertionError("the server did not start")


class Daemon:
    """A process that ends with the scenario."""

    def start(self, t, argv, port, log):
        with open(log, "wb") as out:
            self.process = subprocess.Popen(argv, stdout=out, stderr=out)
        t.cleanups.append(self.stop)
        wait_for(port, self.process)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


APACHE_CONFIG = """
ServerRoot {top}
ServerName 127.0.0.1
Listen 127.0.0.1:{port} https
PidFile {top}/pid
ErrorLog {top}/error.log
{modules}
User {user}
Group {group}
Mutex file:{top}
SSLEngine on
SSLCertificateFile {top}/cert.pem
SSLCertificateKeyFile {top}/key.pem
{client_certificates}
SetEnv GIT_PROJECT_ROOT {top}/git
SetEnv GIT_HTTP_EXPORT_ALL
ScriptSock {top}/cgisock
ScriptAliasMatch "^/(?!.*/info/lfs)(.*)$" /usr/lib/git-core/git-http-backend/$1
ProxyPassMatch "^/(.*/info/lfs/.*)$" {backend}/$1
<Location "/">
  AuthType Basic
  AuthName "a real server"
  AuthUserFile {top}/users
  {require}
</Location>
"""


class WebServer(Daemon):
    """apache2 with TLS: Git by git-http-backend, the LFS API passed on to the bundled server."""

    def __init__(self, t, require="Require valid-user", client_certificates=""):
        self.top = t.folder("apache")
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        t.secrets[f"127.0.0.1:{self.port}"] = "<web>"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", self.top / "key.pem", "-out",
                        self.top / "cert.pem"], check=True, capture_output=True)
        (self.top / "users").write_text("alice:" + subprocess.run(
            ["openssl", "passwd", "-apr1", "s3cret"], check=True, capture_output=True,
            text=True).stdout)
        names = ["mpm_event", "authn_core", "authz_core", "authn_file", "authz_user", "auth_basic", "ssl",
                 "cgid", "env", "alias", "proxy", "proxy_http", "unixd", "socache_shmcb"]
        modules = "\n".join(f"LoadModule {n}_module {MODULES}/mod_{n}.so" for n in names
                            if Path(f"{MODULES}/mod_{n}.so").exists())
        user = "www-data" if os.getuid() == 0 else getpass.getuser()
        config = self.top / "apache.conf"
        config.write_text(APACHE_CONFIG.format(
            top=self.top, port=self.port, modules=modules, user=user, group=user, require=require,
            backend=t.server.url, client_certificates=client_certificates.format(top=self.top)))
        git = self.top / "git"
        git.mkdir()
        subprocess.run(["git", "init", "-q", "--bare", git / "repo.git"], check=True)
        subprocess.run(["git", "-C", git / "repo.git", "config", "http.receivepack", "true"], check=True)
        t.top.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(self.top, user, user)
            for path in git.rglob("*"):
                shutil.chown(path, user, user)
        self.start(t, [APACHE, "-f", config, "-DFOREGROUND"], self.port, self.top / "log")


SSHD_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {top}/host
PidFile none
AuthorizedKeysFile {top}/key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
AcceptEnv GIT_PROTOCOL
ForceCommand {top}/command
"""


class SshServer(Daemon):
    """sshd for one key. `scripts` are the programs that it knows beside git's: name to shell text,
    which sees $operation, $path and the rest of the command line."""

    def __init__(self, t, **scripts):
        self.top = t.folder("sshd")
        self.port = free_port()
        t.secrets[f"127.0.0.1:{self.port}"] = "<ssh>"
        t.secrets[f"'{self.port}'"] = "<port>"
        t.secrets[f"-p {self.port}"] = "-p <port>"
        for name in ("host", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.top / name],
                           check=True)
        cases = "".join(f"  {name.replace('_', '-')}) shift; {text} ;;\n" for name, text in scripts.items())
        command = self.top / "command"
        command.write_text(f"#!/bin/sh\necho \"$SSH_ORIGINAL_COMMAND\" >> {self.top}/asked\n"
                           f"eval \"set -- $SSH_ORIGINAL_COMMAND\"\ncase \"$1\" in\n"
                           "  git-upload-pack|git-receive-pack) exec \"$@\" ;;\n" + cases +
                           "  *) echo \"sh: $1: command not found\" >&2; exit 127 ;;\nesac\n")
        command.chmod(0o755)
        config = self.top / "config"
        config.write_text(SSHD_CONFIG.format(top=self.top, port=self.port))
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        self.start(t, [SSHD, "-D", "-e", "-f", config], self.port, self.top / "log")
        # The path of a socket must be short, and 3.3.0 does not try git-lfs-transfer without one.
        sockets = tempfile.mkdtemp(prefix="ssh-", dir="/tmp")
        t.cleanups.append(lambda: shutil.rmtree(sockets, ignore_errors=True))
        t.env["TMPDIR"] = sockets
        t.env["GIT_SSH_COMMAND"] = (f"ssh -F none -i {self.top}/key -o StrictHostKeyChecking=no "
                                    f"-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR")
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", self.top / "repo.git"], check=True)
        self.url = f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{self.top}/repo.git"

    def asked(self):
        """What clients ran, git's own programs left out; each kind once."""
        lines = (self.top / "asked").read_text().splitlines()
        return "\n".join(sorted({line for line in lines if "pack" not in line})) + "\n"
