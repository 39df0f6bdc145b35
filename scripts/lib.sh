# Shared by the scripts; to be sourced. Leaves `root` set to the project's folder.
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# Installs the Debian packages among "$@" that are missing: as root by itself, else by telling what
# to type.
install_missing() {
  local package missing=()
  for package in "$@"; do
    # An installed package may be held or wait for triggers: the state is the third word.
    [[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] ||
      missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  if [[ "$(id -u)" != 0 ]]; then
    fail "missing packages; install them with: sudo apt-get install ${missing[*]}"
  fi
  say "installing: ${missing[*]}"
  apt-get update -qq >/dev/null || say "apt-get update failed; trying with the lists that are here"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    >/dev/null </dev/null
}

# Unmounts what is mounted below the folder $1: the kernel keeps a mount when its daemon is gone.
unmount_below() {
  local point
  # mountinfo writes a space as \040.
  awk -v below="${1// /\\040}/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo |
    sort -r | while read -r point; do
      point="$(printf '%b' "$point")"
      umount -l "$point" 2>/dev/null || fusermount3 -uz "$point" 2>/dev/null || true
    done
}

jobs_for_build() { nproc; }
