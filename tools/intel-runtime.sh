#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs Intel's OpenCL runtime for CPUs (from PyPI; it runs on AMD processors too) into a folder
# and nowhere else. usage: intel-runtime.sh FOLDER; then QUERN_INTEL=FOLDER for tests/on.sh.
set -eu
[ $# -eq 1 ] || {
    echo "usage: sh tools/intel-runtime.sh FOLDER" >&2
    exit 2
}
versions="intel-opencl-rt==2026.2.0 intel-cmplr-lib-rt==2026.2.0 tbb==2023.2.0"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
if [ "$(cat "$folder/installed" 2>/dev/null)" = "$versions" ]; then
    echo "Intel's runtime is there: $versions"
    exit 0
fi
(cd "$folder" && rm -rf venv wheels lib vendors installed)
python3 -m venv "$folder/venv"
# shellcheck disable=SC2086 # three words
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir --no-deps \
    --prefix "$folder/wheels" $versions
found=$(find "$folder/wheels" -name libintelocl.so | head -n 1)
[ -n "$found" ] || {
    echo "intel-runtime.sh: no libintelocl.so in $folder/wheels: did the packages change?" >&2
    exit 1
}
# The wheel brings a loader of its own, which must not be found before the system's: all but that
# one is linked into a folder for the loader's path.
mkdir "$folder/lib" "$folder/vendors"
for file in "$(dirname "$found")"/*; do
    case ${file##*/} in
    libOpenCL*) ;;
    *) [ ! -f "$file" ] || ln -s "$file" "$folder/lib/" ;;
    esac
done
echo "$folder/lib/libintelocl.so" >"$folder/vendors/intel.icd"
echo "$versions" >"$folder/installed"
echo "Installed $versions"
