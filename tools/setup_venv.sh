#!/bin/sh
# Make .venv from requirements.lock: tools/setup_venv.sh run|test. Called by the Makefile; safe to interrupt and to call again.
# Environment: PYTHON (default: the first of python3, python3.12, python3.11, python3.10, python that is 3.10 to 3.12), PIP_ARGS (for pip install),
# VENV (default: .venv), PACKAGE (default: -e ., this clone; or a wheel).
set -eu
cd "$(dirname "$0")/.."
level="$1"
venv="${VENV:-.venv}"
log="$venv/setup.log"
lock="$venv/requirements.txt"

fail() { printf 'set-up: %s\n' "$*" >&2; exit 1; }

is_supported() { "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' >/dev/null 2>&1; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.12 python3.11 python3.10 python}; do
        if is_supported "$candidate"; then printf '%s' "$candidate"; return; fi
    done
    fail "Python 3.10, 3.11 or 3.12 is needed; found $("${PYTHON:-python3}" --version 2>&1 || true). Install one, or name it: make PYTHON=/path/to/python3.11"
}

has_cuda_torch() {  # 2.6 is the first torch that loads MMEngine's checkpoints safely
    "$1" -c 'import sys, torch; v = tuple(map(int, torch.__version__.split(".")[:2])); sys.exit(not (torch.cuda.is_available() and v >= (2, 6)))' >/dev/null 2>&1
}

run() {  # run "what it does" command...: quiet, with a sign of life every 15 s, and the log's end when it fails
    printf '%s\n' "$1"; shift
    printf '\n$ %s\n' "$*" >>"$log"
    "$@" >>"$log" 2>&1 &
    pid=$! seconds=0
    trap 'kill "$pid" 2>/dev/null; exit 130' INT TERM
    while kill -0 "$pid" 2>/dev/null; do
        sleep 1; seconds=$((seconds + 1))
        [ $((seconds % 15)) -ne 0 ] || printf '      … %s s, %s so far\n' "$seconds" "$(du -sh "$venv" | cut -f 1)"
    done
    trap - INT TERM
    wait "$pid" || { tail -n 25 "$log" >&2; fail "that failed; the whole log is $log"; }
}

make_venv() {
    options=
    if has_cuda_torch "$python"; then
        options=--system-site-packages
        printf '      using the CUDA torch of %s\n' "$python"
    fi
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        run "[1/4] $venv with $("$python" --version)" "$python" -m venv $options "$venv"
    elif "$python" -m pip --version >/dev/null 2>&1; then  # Debian without python3-venv
        run "[1/4] $venv with $("$python" --version)" "$python" -m venv $options --without-pip "$venv"
        run '      pip for it' "$python" -m pip --python "$venv/bin/python" install pip
    else
        fail "$python has neither ensurepip nor pip; on Debian and Ubuntu: apt install python3-venv python3-pip"
    fi
}

python="$(find_python)"
mkdir -p "$venv"
[ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 || make_venv

if [ "$level" = test ]; then cp requirements.lock "$lock"; else sed '/^# --- to test/,$d' requirements.lock >"$lock"; fi
if has_cuda_torch "$venv/bin/python"; then
    echo '[2/4] torch is there already'
else
    # shellcheck disable=SC2046,SC2086  # several words are meant
    run '[2/4] torch (the longest download)' "$venv/bin/python" -m pip install $(grep '^torch==' "$lock") -c "$lock" ${PIP_ARGS:-}
fi
grep -v '^torch==' "$lock" >"$lock.rest"
# shellcheck disable=SC2086
run '[3/4] the packages of requirements.lock' "$venv/bin/python" -m pip install --no-deps -r "$lock.rest" ${PIP_ARGS:-}
# shellcheck disable=SC2086
run "[4/4] mmagenc: ${PACKAGE:--e .}" "$venv/bin/python" -m pip install --no-deps --no-build-isolation ${PACKAGE:--e .}
