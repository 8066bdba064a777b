#!/usr/bin/env bash
# Train under Slurm as a batch job that goes on by itself where its time limit stops it:
#   tools/slurm_train_requeue.sh PARTITION JOB_NAME CONFIG [options of train.py]
# Submits itself with sbatch. Slurm sends SIGUSR1 NOTICE seconds before the time limit; the training saves its epoch and leaves with the exit
# status 138 (128 + SIGUSR1), and only then the job is put back into the queue, where it goes on with --resume (given in any case: a work
# folder without a checkpoint begins anew). A training that ended, failed or was cancelled is not queued again; a job that is pre-empted
# (SIGTERM, PreemptMode=REQUEUE) is by Slurm itself.
# Environment: GPUS, GPUS_PER_NODE, CPUS_PER_TASK, SRUN_ARGS, PYTHON as in slurm_train.sh; SBATCH_ARGS (such as --time=24:00:00),
# NOTICE (default: 120 seconds), MAX_REQUEUES (default: 50).
set -euo pipefail
tools=""
if [ "${1:-}" = --in-job ]; then  # there, $0 is a copy elsewhere
    tools="$2"
    shift 2
fi
[ $# -ge 3 ] || { echo "usage: $0 PARTITION JOB_NAME CONFIG [options of train.py]" >&2; exit 2; }
notice="${NOTICE:-120}"
most="${MAX_REQUEUES:-50}"
for number in "$notice" "$most"; do
    [[ $number =~ ^[0-9]{1,6}$ ]] || { echo "$0: NOTICE and MAX_REQUEUES are whole numbers, got $number" >&2; exit 2; }
done
for option in "${@:4}"; do
    case "$option" in
        --resume | --resume=*)
            echo "$0: leave $option out, it is given in any case; to start from weights: --cfg-options load_from=FILE" >&2
            exit 2 ;;
    esac
done

if [ -z "$tools" ]; then
    tools="$(cd "$(dirname "$0")" && pwd)"
    gpus="${GPUS:-8}"
    gpus_per_node="${GPUS_PER_NODE:-8}"
    # shellcheck disable=SC2086  # SBATCH_ARGS holds several words
    exec sbatch -p "$1" --job-name="$2" --gres="gpu:$gpus_per_node" --ntasks="$gpus" --ntasks-per-node="$gpus_per_node" \
        --cpus-per-task="${CPUS_PER_TASK:-5}" --requeue --open-mode=append --signal="USR1@$notice" ${SBATCH_ARGS:-} \
        "$tools/$(basename "$0")" --in-job "$tools" "$@"
fi

export MASTER_PORT="${MASTER_PORT:-$((12000 + RANDOM % 20000))}"
grace=$((notice > 40 ? notice - 20 : notice / 2))
# shellcheck disable=SC2086  # SRUN_ARGS holds several words
srun --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} "${PYTHON:-python}" -u "$tools/train.py" "$3" \
    --launcher slurm --cfg-options "default_hooks.interruption.grace.SIGUSR1=$grace" "${@:4}" --resume &
step=$!

forward() {  # where Slurm was told to signal the batch script (SBATCH_ARGS=--signal=B:USR1@120)
    signalled=yes
    kill -USR1 "$step" 2>/dev/null || true
}

wait_for_step() {  # a signal ends the wait, not the step
    local before=0 now
    while :; do
        signalled=""
        now=0
        wait "$step" || now=$?
        [ "$now" -ne 127 ] || return "$before"  # it had been waited for already
        [ -n "$signalled" ] || return "$now"
        before="$now"
    done
}

trap forward USR1
status=0
wait_for_step || status=$?
restarts="${SLURM_RESTART_COUNT:-0}"
if [ "$status" -ne 138 ]; then
    exit "$status"
elif [ "$restarts" -ge "$most" ]; then
    echo "$2: queued again $restarts times, MAX_REQUEUES=$most allows no more; submit it again to go on" >&2
    exit "$status"
fi
echo "$2: saved; job $SLURM_JOB_ID goes back into the queue for the $((restarts + 1)). time, at most $most times"
scontrol requeue "$SLURM_JOB_ID" || { echo "$2: scontrol cannot queue job $SLURM_JOB_ID again; submit it again to go on" >&2; exit "$status"; }
