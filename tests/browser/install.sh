#!/usr/bin/env bash
# Make sure that Chromium is here for the tests of the page: install it where that is possible, else say how to get it.
set -euo pipefail
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "make test-browser needs chromium. On Debian, as root: apt-get install --no-install-recommends chromium" >&2
    exit 1
fi
echo "Installing chromium"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium >/dev/null
