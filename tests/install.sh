#!/usr/bin/env bash
# Make sure that programs of the system are here for tests: install them where that is possible, else say how to get them.
#   tests/install.sh TARGET "PROGRAMS" "PACKAGES OF DEBIAN"
set -euo pipefail
export PATH=$PATH:/usr/sbin
missing=
for program in $2; do
    command -v "$program" >/dev/null || missing="$missing $program"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "make $1 needs$missing. On Debian or Ubuntu, as root: apt-get install --no-install-recommends $3" >&2
    exit 1
fi
echo "Installing $3"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $3 >/dev/null
