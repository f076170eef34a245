#!/bin/bash
# A comparison of twelve runs by a real Slurm of four virtual nodes on this machine, of which one task is
# requeued and one node is lost; then collected, and held against a local comparison line by line.
#
# As root, without systemd, after `apt-get install slurmctld slurmd slurm-client munge jq` and
# `cargo build --release`:
#
#     bench/cluster/slurm.sh [FOLDER]
#
# FOLDER is made anew, its daemons end with the script; it takes about five minutes and is no part of any check.

set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
scratch=${1:-$(mktemp -d)}
nodes=(node1 node2 node3 node4)
mkdir -p "$scratch" && scratch=$(cd "$scratch" && pwd)
export SLURM_CONF=$scratch/slurm.conf

say() { echo "== $*"; }
fail() { echo "failed: $*" >&2; exit 1; }

# Waits until a command succeeds, at most so many seconds.
until_true() {
    local limit=$1 waited=0
    shift
    until "$@" > /dev/null 2>&1; do
        [ $((waited += 1)) -lt $((limit * 2)) ] || fail "after $limit s not yet: $*"
        sleep 0.5
    done
}

# The processes of a node: its daemon, what a task consists of, and the step daemons above that.
processes_of() {
    cat "$scratch/pids/$1" 2> /dev/null || true
    local file pid
    for file in $(grep -lz "^SLURMD_NODENAME=$1\$" /proc/[0-9]*/environ 2> /dev/null); do
        pid=${file#/proc/}
        pid=${pid%/environ}
        echo "$pid"
        pgrep slurmstepd | grep -x "$(ps -o ppid= -p "$pid" | tr -d ' ')" || true
    done
}

kill_node() {
    local pids
    mapfile -t pids < <(processes_of "$1" | sort -u)
    [ "${#pids[@]}" = 0 ] || kill -9 "${pids[@]}" 2> /dev/null || true
    rm -f "$scratch/pids/$1"
}

end_daemons() {
    local node daemon
    for node in "${nodes[@]}"; do kill_node "$node"; done
    for daemon in slurmctld munged; do
        [ ! -s "$scratch/pids/$daemon" ] || kill -9 "$(cat "$scratch/pids/$daemon")" 2> /dev/null || true
    done
}

configure() {
    mkdir -p "$scratch"/{munge,pids,state,spool,log}
    chmod 700 "$scratch/munge"
    dd if=/dev/urandom of="$scratch/munge/key" bs=1024 count=1 status=none
    chmod 400 "$scratch/munge/key"
    cat > "$SLURM_CONF" << CONF
ClusterName=trial
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
SlurmctldPort=16817
AuthType=auth/munge
AuthInfo=socket=$scratch/munge/socket
CredType=cred/munge
StateSaveLocation=$scratch/state
SlurmdSpoolDir=$scratch/spool/%n
SlurmctldPidFile=$scratch/pids/slurmctld
SlurmdPidFile=$scratch/pids/%n
SlurmctldLogFile=$scratch/log/slurmctld
SlurmdLogFile=$scratch/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SlurmdTimeout=10
KillWait=10
MpiDefault=none
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,bf_interval=2
MailProg=/bin/true
NodeName=node[1-4] NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=[17001-17004] CPUs=1 State=UNKNOWN
PartitionName=all Nodes=node[1-4] Default=YES MaxTime=INFINITE State=UP
CONF
}

start_daemons() {
    munged --force --key-file="$scratch/munge/key" --socket="$scratch/munge/socket" --num-threads=2 \
        --pid-file="$scratch/pids/munged" --log-file="$scratch/munge/log" --seed-file="$scratch/munge/seed"
    slurmctld
    local node
    for node in "${nodes[@]}"; do
        mkdir -p "$scratch/spool/$node"
        slurmd -N "$node"
    done
    until_true 60 all_idle
}

all_idle() { [ "$(sinfo -h -N -t idle -o %n | wc -l)" = 4 ]; }

# The tasks that run now, `TASK NODE` a line.
running() { squeue -h -r -t R -o '%K %N'; }

# The folder of the run of a task, as the script of the plan has it.
folder_of() { sed -n "s/^$1) own=(--out=\([^ ]*\) .*/\1/p" plan.sh; }

# Whether the run of a task has saved its state and is not finished.
is_underway() {
    local run
    run=$(folder_of "$1")
    compgen -G "$run/checkpoints/epoch-*.safetensors" > /dev/null && [ ! -e "$run/result.json" ]
}

# The first task that runs on another node than the one named and is under way.
find_task() {
    local task node
    while read -r task node; do
        if [ "$node" != "$1" ] && is_underway "$task"; then
            echo "$task $node" > chosen
            return 0
        fi
    done < <(running)
    return 1
}

trap end_daemons EXIT
configure
start_daemons
cd "$scratch"
# A copy: whoever builds meanwhile does not change what runs.
tamis=$scratch/tamis
cp "${TAMIS:-$here/target/release/tamis}" "$tamis"
say "Slurm $(sinfo --version | cut -d' ' -f2), $(sinfo -h -o '%D nodes in partition %P, %T')"

compare=("$tamis" compare --set=data.synthetic.train=1200 --set=data.synthetic.test=200 --set=recipe=demo
    --hosts=darts,beta-darts --policies=random:0.5,full --seeds=0..3 --epochs=8 --threads=1)

say "planning"
"${compare[@]}" --out cluster --plan=slurm > plan.sh
job=$(sbatch --parsable --time=10 plan.sh)
say "submitted $(grep -c ' own=(' plan.sh) runs as job $job"

until_true 120 find_task none
read -r requeued requeued_on < chosen
say "requeueing task $requeued, which runs on $requeued_on and has saved its state"
scontrol requeue "${job}_$requeued"

until_true 120 find_task "$requeued_on"
read -r lost lost_on < chosen
say "losing $lost_on, on which task $lost runs: all its processes are killed"
kill_node "$lost_on"
until_true 60 eval "sinfo -h -n $lost_on -o %T | grep -q down"
say "$(sinfo -h -N -o '%N %T' | sort -u | tr '\n' ',' | sed 's/,$//; s/,/, /g')"

"${compare[@]}" --out cluster --collect > /dev/null || say "collecting in between ends with $?"
until_true 900 eval '[ -z "$(squeue -h)" ]'

for task in $requeued $lost; do
    say "task $task: $(jq -r .event "$(folder_of "$task")/log.jsonl" | tr '\n' ' ')"
    scontrol show job "${job}_$task" | grep -o 'JobState=[A-Z]*\|Restarts=[0-9]*\|BatchHost=[a-z0-9]*' | tr '\n' ' '
    echo
done

say "collecting"
"${compare[@]}" --out cluster --collect
say "comparing the same here"
"${compare[@]}" --out here --progress=none > /dev/null

lines() { jq -cS 'del(.cost.search_wall_s, .cost.one_off_wall_s, .cost.peak_rss_bytes)' "$1" | sort; }
diff <(lines cluster/results.jsonl) <(lines here/results.jsonl) || fail "the lines differ"
say "the $(wc -l < cluster/results.jsonl) lines of the cluster are those of a local comparison, but for seconds and memory"
