#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone to a trained network: installs what is missing, builds a release, trains the
# lecture's model on Fashion-MNIST, evaluates it and shows ten of its predictions.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh

usage()
{
    cat <<'TEXT'
usage: sh tools/quickstart.sh [--yes] [--no-packages]
  --yes          install missing packages without asking
  --no-packages  do not look for packages (for systems without apt)
The device is chosen by QUERN_DEVICE ("cpu", "gpu", ...); all else stays in build-quickstart/.
TEXT
}
packages_options "$@"

# Shows a command as one would type it, and runs it.
run()
{
    printf '\n$'
    for word in "$@"; do
        case $word in
        *[!A-Za-z0-9_./:=,+-]*) printf ' "%s"' "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
    "$@"
}

packages_need build run

build="build-quickstart"
mkdir -p $build
echo "Building Quern in $build/ ..."
if ! { meson setup --buildtype=release -Dtests=false $build && ninja -C $build; } \
    >$build/quickstart.log 2>&1; then
    tail -n 40 $build/quickstart.log >&2
    echo "The build failed; all of its output is in $build/quickstart.log." >&2
    exit 1
fi

quern=$build/tools/quern/quern
model=$build/fashion-mnist.safetensors
run $quern devices
run $quern train --data fashion-mnist \
    --layers "flatten, dense(100, sigmoid), dense(10, softmax)" --save $model
run $quern eval --model $model --data fashion-mnist
run $quern predict --model $model --data fashion-mnist
echo
echo "The model is in $model. Next: $quern --help"
