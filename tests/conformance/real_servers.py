"""Real web and SSH servers on the loopback interface, for conformance scenarios."""
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from harness import free_port

HERE = Path(__file__).resolve().parent
APACHE = "/usr/sbin/apache2"
MODULES = "/usr/lib/apache2/modules"
SSHD = "/usr/sbin/sshd"


def wait_for(port, process, deadline_s=60):
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

    def start(self, t, argv, port, log, env=None):
        with open(log, "wb") as out:
            self.process = subprocess.Popen(argv, stdout=out, stderr=out, env=env)
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
  AuthName "a real server"
  {authentication}
  {require}
</Location>
"""
BY_PASSWORD = "AuthType Basic\n  AuthUserFile {top}/users"
BY_TICKET = "AuthType GSSAPI\n  GssapiCredStore keytab:{top}/../kdc/http.keytab"


class WebServer(Daemon):
    """apache2 with TLS: Git by git-http-backend, the LFS API passed on to the bundled server."""

    def __init__(self, t, require="Require valid-user", client_certificates="", authentication=BY_PASSWORD,
                 host="127.0.0.1"):
        self.top = t.folder("apache")
        self.port = free_port()
        self.url = f"https://{host}:{self.port}"
        t.secrets[f"{host}:{self.port}"] = "<web>"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", self.top / "key.pem", "-out",
                        self.top / "cert.pem"], check=True, capture_output=True)
        (self.top / "users").write_text("alice:" + subprocess.run(
            ["openssl", "passwd", "-apr1", "s3cret"], check=True, capture_output=True,
            text=True).stdout)
        names = ["mpm_event", "authn_core", "authz_core", "authn_file", "authz_user", "auth_basic", "ssl",
                 "cgid", "env", "alias", "proxy", "proxy_http", "unixd", "socache_shmcb", "auth_gssapi"]
        modules = "\n".join(f"LoadModule {n}_module {MODULES}/mod_{n}.so" for n in names
                            if Path(f"{MODULES}/mod_{n}.so").exists())
        user = "www-data" if os.getuid() == 0 else getpass.getuser()
        config = self.top / "apache.conf"
        config.write_text(APACHE_CONFIG.format(
            top=self.top, port=self.port, modules=modules, user=user, group=user, require=require,
            backend=t.server.url, client_certificates=client_certificates.format(top=self.top),
            authentication=authentication.format(top=self.top)))
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


KRB5_CONFIG = """
[libdefaults]
 default_realm = TEST.LOCAL
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
[realms]
 TEST.LOCAL = {{
  kdc = 127.0.0.1:{port}
 }}
"""
KDC_CONFIG = """
[kdcdefaults]
 kdc_listen = 127.0.0.1:{port}
 kdc_tcp_listen = 127.0.0.1:{port}
[realms]
 TEST.LOCAL = {{
  database_name = {top}/principal
  key_stash_file = {top}/stash
  acl_file = {top}/acl
 }}
"""


class Kdc(Daemon):
    """A Kerberos realm in which alice has a ticket and localhost a web server. Start it first."""

    def __init__(self, t):
        self.top = t.folder("kdc")
        port = free_port()
        (self.top / "krb5.conf").write_text(KRB5_CONFIG.format(port=port))
        (self.top / "kdc.conf").write_text(KDC_CONFIG.format(port=port, top=self.top))
        self.environment = {"KRB5_CONFIG": str(self.top / "krb5.conf"),
                            "KRB5CCNAME": f"FILE:{self.top}/tickets"}
        self.run("/usr/sbin/kdb5_util", "create", "-s", "-r", "TEST.LOCAL", "-P", "master")
        keytab = self.top / "http.keytab"
        for request in ("addprinc -pw secret alice", "addprinc -randkey HTTP/localhost",
                        f"ktadd -k {keytab} HTTP/localhost"):
            self.run("/usr/sbin/kadmin.local", "-q", request)
        t.top.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(keytab, "www-data")
        self.start(t, ["/usr/sbin/krb5kdc", "-n", "-P", self.top / "pid"], port, self.top / "log",
                   env=self.whole_environment())
        self.run("kinit", "alice", input="secret\n")

    def whole_environment(self):
        return {**os.environ, **self.environment, "KRB5_KDC_PROFILE": str(self.top / "kdc.conf")}

    def run(self, *argv, **named):
        subprocess.run([str(a) for a in argv], check=True, capture_output=True, text=True, **named,
                       env=self.whole_environment())


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
