#!/usr/bin/env bash
# Train under Slurm as a batch job that goes on by itself where its time limit or a pre-emption stops it:
#   tools/slurm_train_requeue.sh PARTITION JOB_NAME CONFIG [options of train.py]
# Submits itself with sbatch. Slurm sends SIGUSR1 NOTICE seconds before the time limit; the training saves its epoch and leaves with the exit
# status 138 (128 + SIGUSR1), and only then the job is put back into the queue, where it goes on with --resume (given in any case: an empty
# work folder begins anew). A training that ended, failed or was cancelled is not queued again; one that is pre-empted with
# PreemptMode=REQUEUE is by Slurm itself.
# Environment: GPUS, GPUS_PER_NODE, CPUS_PER_TASK, SRUN_ARGS, PYTHON as in slurm_train.sh; SBATCH_ARGS (such as --time=24:00:00),
# NOTICE (default: 120 seconds), MAX_REQUEUES (default: 50).
set -euo pipefail
[ $# -ge 3 ] || { echo "usage: $0 PARTITION JOB_NAME CONFIG [options of train.py]" >&2; exit 2; }
notice="${NOTICE:-120}"
most="${MAX_REQUEUES:-50}"
for number in "$notice" "$most"; do
    [[ $number =~ ^[0-9]+$ ]] || { echo "$0: NOTICE and MAX_REQUEUES are whole numbers, got $number" >&2; exit 2; }
done
for option in "${@:4}"; do
    case "$option" in
        --resume | --resume=*) echo "$0: leave $option out, it is given in any case; another start is --cfg-options load_from=FILE" >&2; exit 2 ;;
    esac
done

if [ -z "${MMAGENC_TOOLS:-}" ]; then  # not in the job yet; there, $0 is a copy elsewhere
    gpus="${GPUS:-8}"
    gpus_per_node="${GPUS_PER_NODE:-8}"
    MMAGENC_TOOLS="$(cd "$(dirname "$0")" && pwd)"
    export MMAGENC_TOOLS
    # shellcheck disable=SC2086  # SBATCH_ARGS holds several words
    exec sbatch -p "$1" --job-name="$2" --gres="gpu:$gpus_per_node" --ntasks="$gpus" --ntasks-per-node="$gpus_per_node" \
        --cpus-per-task="${CPUS_PER_TASK:-5}" --requeue --open-mode=append --signal="USR1@$notice" ${SBATCH_ARGS:-} "$0" "$@"
fi

export MASTER_PORT="${MASTER_PORT:-$((12000 + RANDOM % 20000))}"
grace=$((notice > 40 ? notice - 20 : notice / 2))
# shellcheck disable=SC2086  # SRUN_ARGS holds several words
srun --kill-on-bad-exit=1 ${SRUN_ARGS:-} "${PYTHON:-python}" -u "$MMAGENC_TOOLS/train.py" "$3" --launcher slurm "${@:4}" \
    --cfg-options "default_hooks.interruption.grace.SIGUSR1=$grace" --resume &
step=$!
trap 'kill -USR1 "$step" 2>/dev/null || true' USR1  # where Slurm was told to signal the batch script (--signal=B:USR1@...)
status=0
wait "$step" || status=$?
while kill -0 "$step" 2>/dev/null; do  # a signal ends the wait, not the step
    status=0
    wait "$step" || status=$?
done

done_before="${SLURM_RESTART_COUNT:-0}"
if [ "$status" -ne 138 ]; then
    exit "$status"
elif [ "$done_before" -ge "$most" ]; then
    echo "$0: job $SLURM_JOB_ID was queued again $done_before times, MAX_REQUEUES allows no more; submit it again to go on" >&2
    exit "$status"
fi
echo "$0: the training has saved; job $SLURM_JOB_ID goes back into the queue, number $((done_before + 1)) of at most $most"
scontrol requeue "$SLURM_JOB_ID" || { echo "$0: scontrol could not queue job $SLURM_JOB_ID again; submit it again to go on" >&2; exit "$status"; }
