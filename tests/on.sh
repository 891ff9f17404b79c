#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a command on one OpenCL implementation, with cache folders of its own.
# QUERN_TEST_WARM names a folder of what PoCL compiled in earlier tests: each test begins with a copy
# of its own, as PoCL's cache breaks when processes share it, and gives back what it added.
# QUERN_TEST_SMALL tells a test that the device is slow: fewer and smaller cases.
# usage: on.sh pocl|intel|rusticl|oclgrind COMMAND [ARGUMENT...]
set -eu
where=$1
shift
scratch=$(mktemp -d "${TMPDIR:-/tmp}/quern-test.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
export POCL_CACHE_DIR="$scratch/pocl" QUERN_CACHE_DIR="$scratch/quern" POCL_SIGFPE_HANDLER=0
mkdir -p "$POCL_CACHE_DIR"
warm=${QUERN_TEST_WARM:-}
if [ "$where" != pocl ]; then warm=; fi
if [ -n "$warm" ]; then
    mkdir -p "$warm/pocl"
    flock -s "$warm" cp -r "$warm/pocl/." "$POCL_CACHE_DIR"
fi
case $where in
pocl)
    # PoCL alone: Mesa's Clover leaks from a module that it unloads, which no suppression can name.
    export OCL_ICD_VENDORS=/etc/OpenCL/vendors/pocl.icd
    export QUERN_DEVICE="${QUERN_DEVICE:-pocl:0}"
    ;;
intel)
    : "${QUERN_INTEL:?on.sh: set QUERN_INTEL to the folder that tools/intel-runtime.sh made}"
    export OCL_ICD_VENDORS="$QUERN_INTEL/vendors" LD_LIBRARY_PATH="$QUERN_INTEL/lib"
    export QUERN_DEVICE=intel:0
    ;;
rusticl)
    export RUSTICL_ENABLE=llvmpipe QUERN_DEVICE=rusticl:0 QUERN_TEST_SMALL=1
    ;;
oclgrind)
    mkdir "$scratch/vendors"
    export QUERN_DEVICE=oclgrind:0 QUERN_TEST_SMALL=1
    set -- oclgrind --log "$scratch/log" --data-races --uninitialized "$@"
    ;;
*)
    echo "on.sh: unknown implementation '$where': pocl, intel, rusticl or oclgrind" >&2
    exit 2
    ;;
esac
status=0
"$@" || status=$?
if [ -n "$warm" ] && [ "$status" -eq 0 ]; then
    flock "$warm" cp -rn "$POCL_CACHE_DIR/." "$warm/pocl"
fi
if [ -s "$scratch/log" ]; then
    echo "oclgrind reported:" >&2
    cat "$scratch/log" >&2
    [ "$status" -ne 0 ] || status=1
fi
exit "$status"
