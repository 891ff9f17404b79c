#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need, builds with warnings as errors, and runs every test: one line a
# stage, and "N passed, N failed" at the end. All it makes lies in build-check/.
set -u
cd "$(dirname "$0")/.." || exit 1
. tools/packages.sh

usage()
{
    cat <<'TEXT'
usage: sh tools/check.sh [--yes] [--no-packages]
  --yes          install missing packages without asking
  --no-packages  do not look for packages (for systems without apt)
Each stage's output is kept in build-check/logs/; exit 0 only if nothing failed.
TEXT
}
packages_options "$@"
packages_need build run check

build=$(pwd)/build-check
logs=$build/logs
rm -rf "$logs"
mkdir -p "$logs"
passed=0
failed=0
export CLICOLOR=0
# The user's own settings must not choose the device or the folder that the tests see.
unset QUERN_DEVICE QUERN_CACHE_DIR QUERN_CL_DIR OCL_ICD_VENDORS OPENCL_LAYERS DESTDIR
export QUERN_INTEL="$build/intel" QUERN_TENSORBOARD="$build/tensorboard"

report() # status, name, seconds, what
{
    printf '%-6s %5d s  %-34s %s\n' "$1" "$3" "$2" "$4"
    [ "$1" = ok ] || {
        echo "---- the end of $logs/$2.log:"
        tail -n 60 "$logs/$2.log"
        echo "----"
    }
}

# One step that succeeds or fails as a whole; only its failure is counted.
stage() # name, command...
{
    name=$1
    shift
    began=$(date +%s)
    if "$@" >"$logs/$name.log" 2>&1; then
        report ok "$name" $(($(date +%s) - began)) ""
    else
        report FAILED "$name" $(($(date +%s) - began)) ""
        failed=$((failed + 1))
    fi
}

configure_and_build() # folder, meson's options...
{
    folder=$build/$1
    shift
    # Every optional feature is built, and so tested.
    set -- -Dwerror=true -Dcairo=enabled -Dprotobuf=enabled "$@"
    if [ -f "$folder/build.ninja" ]; then
        meson configure "$folder" "$@" || return 1
    else
        rm -rf "$folder"
        meson setup "$folder" "$@" || return 1
    fi
    ninja -C "$folder"
}

build_clang() { CC=clang configure_and_build clang -Dtests=false; }

build_gcc() { configure_and_build gcc; }

# Sanitizers stop at the first finding; -O1 keeps it quick.
build_sanitized()
{
    configure_and_build sanitized -Db_sanitize=address,undefined -Db_lundef=false \
        -Dbuildtype=debug -Doptimization=1 -Ddefault_library=static \
        -Dc_args=-fno-sanitize-recover=all || return 1
    # The kernels are the same: what PoCL compiled for the other build serves this one.
    ln -sfn ../../gcc/tests/warm "$build/sanitized/tests/warm"
}

# One run of meson's tests; its own log tells how many passed. No test at all is a failure.
tests() # name, folder, meson's options...
{
    name=$1
    folder=$build/$2
    shift 2
    began=$(date +%s)
    rm -f "$folder/meson-logs/$name"*.json
    meson test -C "$folder" --no-rebuild --print-errorlogs --num-processes 2 --logbase "$name" \
        "$@" >"$logs/$name.log" 2>&1
    status=$?
    results=$(cat "$folder/meson-logs/$name"*.json 2>/dev/null)
    good=$(printf '%s\n' "$results" | grep -c '"result": "\(OK\|EXPECTEDFAIL\)"')
    all=$(printf '%s\n' "$results" | grep -c '"result": "')
    bad=$((all - good))
    if [ "$all" -eq 0 ] || { [ $status -ne 0 ] && [ $bad -eq 0 ]; }; then
        bad=$((bad + 1))
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    verdict=ok
    [ $bad -eq 0 ] || verdict=FAILED
    report $verdict "$name" $(($(date +%s) - began)) "$good passed, $bad failed"
}

stage intel-runtime sh tools/intel-runtime.sh "$build/intel"
stage tensorboard sh tools/tensorboard.sh "$build/tensorboard"
stage build-clang build_clang
stage build-gcc build_gcc
stage build-sanitized build_sanitized

tests tests-pocl gcc --setup pocl
tests tests-intel gcc --setup intel --suite device
tests tests-rusticl gcc --setup rusticl --suite smoke
tests tests-oclgrind gcc --setup oclgrind --suite kernels
tests tests-sanitized sanitized --setup pocl --suite host --suite device

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
