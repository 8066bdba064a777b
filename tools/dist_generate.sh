#!/usr/bin/env bash
# Generate on several GPUs, or several CPU processes: tools/dist_generate.sh CONFIG CHECKPOINT PROCESSES --out FILE [options of generate.py]
# What was killed goes on when the same command is given again, with any number of processes.
# Environment: NNODES, NODE_RANK, MASTER_ADDR, PORT, PYTHON; OMP_NUM_THREADS (default: the cores divided by the processes).
set -euo pipefail
[ $# -ge 3 ] || { echo "usage: $0 CONFIG CHECKPOINT PROCESSES --out FILE [options of generate.py]" >&2; exit 2; }
case "$3" in ''|0|*[!0-9]*) echo "$0: PROCESSES must be a whole number from 1, got $3" >&2; exit 2;; esac
tools="$(dirname "$0")"
cores="$(getconf _NPROCESSORS_ONLN)"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$((cores > $3 ? cores / $3 : 1))}"

exec "${PYTHON:-python}" -m torch.distributed.run --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" --nproc_per_node="$3" \
    "$tools/generate.py" "$1" "$2" --launcher pytorch "${@:4}"
