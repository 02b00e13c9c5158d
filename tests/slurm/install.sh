#!/usr/bin/env bash
# Make sure that Slurm is here for the tests to start: install it where that is possible, else say how to get it.
set -euo pipefail
export PATH=$PATH:/usr/sbin
packages="slurmctld slurmd slurm-client munge"
missing=
for program in slurmctld slurmd sbatch munged; do
    command -v $program >/dev/null || missing="$missing $program"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "make test-slurm needs$missing. On Debian or Ubuntu, as root: apt-get install --no-install-recommends $packages" >&2
    exit 1
fi
echo "Installing $packages"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $packages >/dev/null
