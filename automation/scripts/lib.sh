# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034  # variables are for those who source it
#
# What the scripts beside this file share; each of them sources it first.

set -euo pipefail
export LC_ALL=C.UTF-8

SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$SCRIPTS/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
TESTS=$TOP/tools/tests/subpage-mmio
JOBS=$(nproc)
mkdir -p "$BUILD"
BUILD=$(cd "$BUILD" && pwd)
export BUILD

# The make that started us must not hand its own variables and flags to
# other people's makefiles.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

die()
{
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    exit 1
}

# need TOOL...: a missing tool gets one line that says where it comes from.
need()
{
    local tool

    for tool; do
        command -v "$tool" >/dev/null ||
            die "'$tool' is not installed; 'make packages' installs what automation/packages lists"
    done
}

# bounded SECONDS COMMAND...: end a command that takes longer, with all that it
# started, also when we are interrupted: timeout leaves the terminal's process
# group, so it has to be told.
bounded()
{
    local limit=$1 pid status=0

    shift
    timeout -k 10 "$limit" "$@" </dev/null &
    pid=$!
    trap 'kill "$pid" 2>/dev/null; wait "$pid"; exit 130' INT TERM HUP
    wait "$pid" || status=$?
    trap - INT TERM HUP
    return "$status"
}

# step WHAT LOG COMMAND...: one line for a step, with how long it took.  The
# output goes to a log of its own, whose end is shown when the step fails.
STEP_LIMIT=${STEP_LIMIT:-1800}
step()
{
    local what=$1 log=$BUILD/log/$2.log start=$SECONDS status=0

    shift 2
    mkdir -p "$BUILD/log"
    printf '%-52s ' "$what"
    bounded "$STEP_LIMIT" "$@" >"$log" 2>&1 || status=$?
    if [ "$status" -eq 0 ]; then
        printf '%4d s\n' $((SECONDS - start))
        return
    fi
    printf 'FAILED after %d s' $((SECONDS - start))
    [ "$status" -ne 124 ] || printf ' (the limit; STEP_LIMIT=<seconds> moves it)'
    printf '\n'
    tail -n 25 "$log" | sed 's/^/    | /'
    die "'$what' failed; the whole log is $log"
}

# take_lock: from here to the end of the last process that this one starts, no
# other make uses build/.
LOCK_WAIT=${LOCK_WAIT:-600}
take_lock()
{
    local owner

    need flock
    exec 9>>"$BUILD/.lock"
    if ! flock -n 9; then
        owner=$(cat "$BUILD/.lock")
        echo "$BUILD is in use by another make (process $owner); waiting up to $LOCK_WAIT s"
        flock -w "$LOCK_WAIT" 9 ||
            die "$BUILD is still in use by process $owner; end it, or wait longer by LOCK_WAIT=<seconds>"
    fi
    echo "$$" >"$BUILD/.lock"
}

# sync_tree FROM TO: make TO equal to FROM; what is equal is not touched.
sync_tree()
{
    mkdir -p "$2"
    rsync -rlpc --delete "$1/" "$2/"
}

# What compilers and other people's makefiles run under: nothing of the user's
# environment, and no date and place, which would make every build another one.
COMPILE_ENV=(env -i PATH="$PATH" HOME="${HOME:-/}" LC_ALL=C.UTF-8
             XEN_BUILD_DATE=undated XEN_BUILD_TIME=undated
             XEN_BUILD_HOST=localhost XEN_WHOAMI=build XEN_DOMAIN=localdomain)

# What the lab needs of a hypervisor beyond the defaults.
LAB_CONFIG=(CONFIG_SHADOW_PAGING=y CONFIG_XHCI=y CONFIG_PV32=y)

# tally FILE: the last 'N passed, N failed' of a test's output, as two numbers.
tally()
{
    sed -nE 's/^([0-9]+) passed, ([0-9]+) failed.*/\1 \2/p' "$1" | tail -n 1
}
