// The environment variables that this program reads.
#include <array>

#include "lfs/git/settings_table.h"

namespace lazylfs::lfs {
namespace {

constexpr auto kVariables = std::to_array<Variable>({
    {"GIT_LFS_SKIP_SMUDGE",
     "Check out pointers, not content: smudge and filter-process act as with --skip.", ""},
    {"GIT_LFS_SKIP_PUSH", "The pre-push hook uploads nothing.", ""},
    {"GIT_LFS_SKIP_DOWNLOAD_ERRORS",
     "Leave the pointer and go on when an object cannot be downloaded.", "lfs.skipdownloaderrors"},
    {"GIT_LFS_SET_LOCKABLE_READONLY", "With 0, lockable files are left writable.",
     "lfs.setlockablereadonly"},
    {"GIT_LFS_FORCE_PROGRESS", "Show progress although nobody watches a terminal.",
     "lfs.forceprogress"},
    {"GIT_LFS_PROGRESS",
     "A file, by its absolute path, to which progress is appended for other programs.", ""},
    {"GIT_LFS_TRACK_NO_INSTALL_HOOKS", "track does not install the hooks.", ""},
    {"GIT_TRACE",
     "Trace what is done: 1 or 2 for stderr, 3 to 9 for that open descriptor, or a file's absolute "
     "path.",
     ""},
    {"GIT_TRACE_PACKET", "Trace the packets exchanged with git-lfs-transfer.", ""},
    {"GIT_TRACE_PERFORMANCE", "Trace how long things take.", ""},
    {"GIT_TRANSFER_TRACE", "Trace transfers; implies GIT_TRACE.", ""},
    {"GIT_CURL_VERBOSE",
     "Show requests and answers on stderr; implies GIT_TRACE. Credentials are masked.", ""},
    {"LFS_DEBUG_HTTP", "With GIT_CURL_VERBOSE: show credentials and signatures, too.", ""},
    {"GIT_LOG_STATS",
     "Log each request of a transfer or lock command with its times, in .git/lfs/logs/http.", ""},
    {"GIT_ASKPASS", "Asks for a user name or password.", "core.askpass"},
    {"SSH_ASKPASS", "The same, when neither GIT_ASKPASS nor core.askpass is set.", ""},
    {"GIT_TERMINAL_PROMPT", "With 0, nobody is asked on the terminal.", ""},
    {"GIT_SSH_COMMAND", "The SSH program and its options; the first choice.", "core.sshCommand"},
    {"GIT_SSH", "The SSH program; the second choice.", ""},
    {"GIT_SSH_VARIANT", "How its options look.", "ssh.variant"},
    {"GIT_SSL_NO_VERIFY", "Do not check the server's certificate.", "http.sslVerify"},
    {"GIT_SSL_CAINFO", "A file of authorities; the first choice.", "http.sslCAInfo"},
    {"GIT_SSL_CAPATH", "A folder of authorities; beats http.sslCAPath.", "http.sslCAPath"},
    {"HTTPS_PROXY", "The proxy for https addresses, also in lower case; then HTTP_PROXY.",
     "http.proxy"},
    {"HTTP_PROXY", "The proxy for http addresses, also in lower case.", "http.proxy"},
    {"NO_PROXY",
     "Hosts that need no proxy, also in lower case: names, .suffixes, CIDR blocks, or *.", ""},
    {"HOME", "Where .netrc, .gitconfig and the default cache are.", ""},
    {"XDG_CONFIG_HOME", "Where Git's attributes of the user are.", ""},
    {"XDG_CACHE_HOME", "Where the default cache is.", ""},
    {"XDG_RUNTIME_DIR", "Where sockets of shared SSH connections are; else TMPDIR.", ""},
    {"TMPDIR", "See XDG_RUNTIME_DIR.", ""},
    {"NOTIFY_SOCKET",
     "Where a supervisor such as systemd is told that a foreground mount is ready.", ""},
    {"GIT_DIR", "The Git folder, as in Git.", ""},
    {"GIT_WORK_TREE", "The work tree, as in Git.", ""},
    {"GIT_INDEX_FILE", "The index, as in Git.", ""},
    {"GIT_OBJECT_DIRECTORY", "Where objects are, as in Git.", ""},
    {"GIT_COMMON_DIR", "The folder that all work trees share, as in Git.", ""},
    {"GIT_ALTERNATE_OBJECT_DIRECTORIES", "More objects; the LFS objects beside them are read, too.",
     ""},
    {"GIT_CEILING_DIRECTORIES", "Where the search for a repository ends, as in Git.", ""},
    {"GIT_DISCOVERY_ACROSS_FILESYSTEM",
     "Let the search for a repository leave the file system, as in Git.", ""},
    {"GIT_ATTR_SOURCE", "The tree that attributes are read from; handed to Git.", ""},
    {"GIT_ATTR_NOSYSTEM", "Ignore the system's attributes.", ""},
    {"GIT_CONFIG_PARAMETERS", "Settings of git -c; read through Git.", ""},
    {"GIT_CONFIG_COUNT",
     "Settings in GIT_CONFIG_KEY_0, GIT_CONFIG_VALUE_0 and so on; read through Git, as are "
     "GIT_CONFIG_GLOBAL, GIT_CONFIG_SYSTEM and GIT_CONFIG_NOSYSTEM.",
     ""},
    {"PREFIX", "Before Git 2.42: what stands before /etc/gitattributes.", ""},
    {"GIT_AUTHOR_NAME",
     "The author of commits that are made; with GIT_AUTHOR_EMAIL, GIT_COMMITTER_NAME and "
     "GIT_COMMITTER_EMAIL.",
     ""},
    {"EMAIL", "The author's address when nothing else says it.", ""},
    {"LAZYLFS_CACHE", "The cache's folder.", "lfs.cache.folder"},
    {"LAZYLFS_TRACE",
     "Areas to trace, as http,cache, or all: fuse, http, cache, git, transfer, auth.", ""},
    {"LAZYLFS_LOG", "What a mount's daemon logs: error, warning, info (default) or debug.", ""},
});

}  // namespace

std::span<const Variable> environment_variables() { return kVariables; }

}  // namespace lazylfs::lfs
