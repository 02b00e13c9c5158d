#!/usr/bin/env bash
# A throwaway Slurm cluster of one node, this machine, for the tests: no systemd, no database, no cgroups.
#   cluster.sh up FOLDER      start it, where it does not run yet; say how to talk to it
#   cluster.sh down FOLDER    end its jobs, stop it and delete FOLDER
# Needs Debian's packages slurmctld slurmd slurm-client munge, of which no service has to run; root or not.
# FOLDER holds all that it writes. Its path is short (a socket's may have 107 characters), absolute and on a local disk.
# SLURM_TEST_PORT: the first of two ports (16820).
set -euo pipefail

command=${1:?up or down} folder=${2:?folder}
port=${SLURM_TEST_PORT:-16820}
host=$(hostname -s)
export SLURM_CONF=$folder/slurm.conf PATH=$PATH:/usr/sbin

# The process id of a daemon that this folder's pid file names, if it is still that daemon.
pid_of() {
    local pid
    pid=$(cat "$folder/run/$1.pid" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] && echo "$pid"
}

wait_for() { # seconds, command…
    local tries=$((5 * $1))
    shift
    while ! "$@"; do
        ((tries--)) || return 1
        sleep 0.2
    done
}

node_is_up() { sinfo --noheader --format %T 2>/dev/null | grep -qE '^(idle|mixed|allocated)$'; }
no_jobs() { [ -z "$(squeue --noheader)" ]; }
gone() { ! pid_of "$1" >/dev/null; }

# Four GPUs, which schedule like real ones; Slurm wants a device file each, and nobody opens it.
write_configuration() {
    cat >"$folder/gres.conf" <<END
NodeName=$host Name=gpu File=/dev/null
NodeName=$host Name=gpu File=/dev/zero
NodeName=$host Name=gpu File=/dev/full
NodeName=$host Name=gpu File=/dev/random
END
    cat >"$SLURM_CONF" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/run/munge.sock
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
# As much as the tests ask for, whatever the machine has.
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,bf_interval=2
# sbatch refuses what can never run, instead of queueing it for ever.
EnforcePartLimits=ALL
MinJobAge=3600
# Time for a training run to end its step and write a checkpoint, on a slow machine too.
KillWait=60
ReturnToService=2
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 RealMemory=64000 Gres=gpu:4 Features=my-feature State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=24:00:00 State=UP
PartitionName=my-partition Nodes=$host MaxTime=24:00:00 State=UP
PartitionName=my-gpu-partition Nodes=$host MaxTime=24:00:00 State=UP
END
}

# In a job, Snakemake's plugin drops SLURM_CONF from the environment of srun. It asks sacctmgr for a user's accounts, which
# are not known without a database.
write_programs() {
    printf '#!/bin/sh\nSLURM_CONF=%s exec /usr/bin/srun "$@"\n' "$SLURM_CONF" >"$folder/bin/srun"
    printf '#!/bin/sh\necho my-account\n' >"$folder/bin/sacctmgr"
    chmod +x "$folder"/bin/*
}

up() {
    mkdir -p "$folder"/{bin,key,run,state,spool,log}
    chmod 755 "$folder" "$folder/run"
    chmod 700 "$folder/key"
    [ -s "$folder/key/munge.key" ] || (umask 077 && head -c 128 /dev/urandom >"$folder/key/munge.key")
    write_configuration
    write_programs
    pid_of munged >/dev/null || munged --key-file="$folder/key/munge.key" --socket="$folder/run/munge.sock" \
        --pid-file="$folder/run/munged.pid" --log-file="$folder/key/munged.log" --seed-file="$folder/key/seed"
    pid_of slurmctld >/dev/null || slurmctld -f "$SLURM_CONF"
    pid_of slurmd >/dev/null || slurmd -f "$SLURM_CONF"
    if ! wait_for 100 node_is_up; then
        tail -n 20 "$folder"/log/*.log >&2
        exit 1
    fi
    echo "export SLURM_CONF=$SLURM_CONF PATH=$folder/bin:\$PATH"
}

# Jobs first: their processes would outlive slurmd.
down() {
    if pid_of slurmctld >/dev/null && pid_of slurmd >/dev/null; then
        timeout 30 scancel --user "$(id -un)" || true
        wait_for 60 no_jobs || true
    fi
    for daemon in slurmd slurmctld munged; do
        if pid=$(pid_of $daemon); then
            kill "$pid"
            wait_for 15 gone $daemon || kill -KILL "$pid"
        fi
    done
    if [ -f "$SLURM_CONF" ]; then rm -rf "$folder"; fi
}

"$command"
