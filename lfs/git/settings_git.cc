// The keys of Git that are honoured here.
#include <array>

#include "lfs/git/settings_table.h"

namespace lazylfs::lfs {
namespace {

using Type = SettingType;
using Theme = SettingTheme;
constexpr bool kForUrls = true, kPlain = false;  // whether section.<url>.name is understood
constexpr bool kUnsafe = false;                  // .lfsconfig may set none of these

constexpr auto kSettings = std::to_array<Setting>({
    {"remote.<name>.url", Type::url, "", Theme::server,
     "The address from which the server's is made; the first, when there are several.",
     "every transfer and lock", kPlain, kUnsafe, SettingOrigin::git},
    {"remote.<name>.pushurl", Type::url, "", Theme::server, "The same for uploads.", "push, lock",
     kPlain, kUnsafe, SettingOrigin::git},
    {"remote.pushDefault", Type::text, "", Theme::server, "The remote to push to by default.",
     "push, lock", kPlain, kUnsafe, SettingOrigin::git},
    {"branch.<name>.remote", Type::text, "", Theme::server, "The remote of a branch.",
     "every transfer and lock", kPlain, kUnsafe, SettingOrigin::git},
    {"branch.<name>.pushRemote", Type::text, "", Theme::server,
     "The remote that a branch is pushed to.", "push, lock", kPlain, kUnsafe, SettingOrigin::git},
    {"branch.<name>.merge", Type::text, "", Theme::server, "The ref that the server is told.",
     "every transfer and lock", kPlain, kUnsafe, SettingOrigin::git},
    {"push.default", Type::text, "simple", Theme::server,
     "Whether the ref that the server is told is the upstream's (simple, upstream) or the branch's "
     "own (current).",
     "every transfer and lock", kPlain, kUnsafe, SettingOrigin::git},
    {"url.<base>.insteadOf", Type::text, "", Theme::server,
     "Addresses with this prefix begin with <base> instead; the longest wins.",
     "every transfer and lock", kPlain, kUnsafe, SettingOrigin::git},
    {"url.<base>.pushInsteadOf", Type::text, "", Theme::server, "The same for uploads.",
     "push, lock", kPlain, kUnsafe, SettingOrigin::git},
    {"core.askpass", Type::command, "", Theme::authentication,
     "Asks for a user name or password; after GIT_ASKPASS.", "every request", kPlain, kUnsafe,
     SettingOrigin::git},
    {"credential.helper", Type::command, "", Theme::authentication,
     "With one, 'git credential' is asked instead of core.askpass.", "every request", kForUrls,
     kUnsafe, SettingOrigin::git},
    {"credential.useHttpPath", Type::boolean, "false", Theme::authentication,
     "Credentials belong to a path, not to a whole host.", "every request", kForUrls, kUnsafe,
     SettingOrigin::git},
    {"credential.protectProtocol", Type::boolean, "true", Theme::authentication,
     "Refuse carriage returns in what helpers are told.", "every request", kForUrls, kUnsafe,
     SettingOrigin::git},
    {"credential.skipwwwauth", Type::boolean, "false", Theme::authentication,
     "Do not tell helpers the server's challenges.", "every request", kForUrls, kUnsafe,
     SettingOrigin::git},
    {"http.extraHeader", Type::text, "", Theme::http, "A header to send; several may be given.",
     "every request", kForUrls, kUnsafe, SettingOrigin::git},
    {"http.proxy", Type::url, "", Theme::http, "The proxy; beats the environment.", "every request",
     kForUrls, kUnsafe, SettingOrigin::git},
    {"http.sslVerify", Type::boolean, "true", Theme::http,
     "Whether the server's certificate must be good.", "every request", kForUrls, kUnsafe,
     SettingOrigin::git},
    {"http.sslCAInfo", Type::path, "", Theme::http,
     "A file of authorities, in place of the system's.", "every request", kForUrls, kUnsafe,
     SettingOrigin::git},
    {"http.sslCAPath", Type::path, "", Theme::http,
     "A folder of them, when neither sslCAInfo nor the environment names any.", "every request",
     kPlain, kUnsafe, SettingOrigin::git},
    {"http.sslCert", Type::path, "", Theme::http, "The client's certificate.", "every request",
     kForUrls, kUnsafe, SettingOrigin::git},
    {"http.sslKey", Type::path, "", Theme::http,
     "Its key; a passphrase is asked of 'git credential'.", "every request", kForUrls, kUnsafe,
     SettingOrigin::git},
    {"http.version", Type::text, "", Theme::http,
     "HTTP/1.1 or HTTP/2; otherwise what the server prefers.", "every request", kForUrls, kUnsafe,
     SettingOrigin::git},
    {"http.cookieFile", Type::path, "", Theme::http, "Cookies to send, in Netscape's format.",
     "every request", kForUrls, kUnsafe, SettingOrigin::git},
    {"http.sslBackend", Type::text, "", Theme::http, "Accepted for compatibility: OpenSSL is used.",
     "nobody", kForUrls, kUnsafe, SettingOrigin::git},
    {"http.schannelUseSSLCAInfo", Type::boolean, "true", Theme::http,
     "Accepted for compatibility: it concerns Windows.", "nobody", kForUrls, kUnsafe,
     SettingOrigin::git},
    {"core.sshCommand", Type::command, "", Theme::ssh,
     "The SSH program and its options; after GIT_SSH_COMMAND and GIT_SSH.",
     "every transfer and lock over SSH", kPlain, kUnsafe, SettingOrigin::git},
    {"ssh.variant", Type::text, "auto", Theme::ssh,
     "How its options look: ssh, simple, putty, plink or tortoiseplink.",
     "every transfer and lock over SSH", kPlain, kUnsafe, SettingOrigin::git},
    {"core.hooksPath", Type::path, "", Theme::other, "The folder of the hooks.",
     "install, update, uninstall", kPlain, kUnsafe, SettingOrigin::git},
    {"core.sharedRepository", Type::text, "umask", Theme::other,
     "The permissions of what is written below the LFS folder.", "every command that writes",
     kPlain, kUnsafe, SettingOrigin::git},
    {"core.attributesFile", Type::path, "~/.config/git/attributes", Theme::other,
     "The user's own attributes.", "track", kPlain, kUnsafe, SettingOrigin::git},
    {"core.autocrlf", Type::boolean, "false", Theme::other,
     "With true, new .gitattributes files get CRLF.", "track, untrack", kPlain, kUnsafe,
     SettingOrigin::git},
    {"core.ignorecase", Type::boolean, "false", Theme::other,
     "Compare paths with patterns without regard to case.", "filters of paths", kPlain, kUnsafe,
     SettingOrigin::git},
    {"core.bare", Type::boolean, "false", Theme::other, "The repository has no work tree.",
     "every command", kPlain, kUnsafe, SettingOrigin::git},
    {"extensions.objectFormat", Type::text, "sha1", Theme::other, "Only sha1 is supported.",
     "every command", kPlain, kUnsafe, SettingOrigin::git},
    {"user.name", Type::text, "", Theme::other, "The author of commits that are made.", "migrate",
     kPlain, kUnsafe, SettingOrigin::git},
    {"user.email", Type::text, "", Theme::other, "The author's address.", "migrate", kPlain,
     kUnsafe, SettingOrigin::git},
});

}  // namespace

std::span<const Setting> git_settings() { return kSettings; }

}  // namespace lazylfs::lfs
