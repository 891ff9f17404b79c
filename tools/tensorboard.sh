#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what of TensorBoard reads event files (from PyPI) into a folder and nowhere else.
# usage: tensorboard.sh FOLDER; then QUERN_TENSORBOARD=FOLDER for meson test
set -eu
[ $# -eq 1 ] || {
    echo "usage: sh tools/tensorboard.sh FOLDER" >&2
    exit 2
}
versions="tensorboard==2.21.0 protobuf==7.36.2 numpy==2.4.6 absl-py==2.5.1"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
if [ "$(cat "$folder/installed" 2>/dev/null)" = "$versions" ]; then
    echo "TensorBoard is there: $versions"
    exit 0
fi
(cd "$folder" && rm -rf bin include lib lib64 share pyvenv.cfg installed)
python3 -m venv "$folder"
# shellcheck disable=SC2086 # four words
"$folder/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir --no-deps $versions
"$folder/bin/python" -c "import tensorboard.backend.event_processing.event_accumulator"
echo "$versions" >"$folder/installed"
echo "Installed $versions"
