#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All C is formatted as .clang-format says, and every source names its license.
# usage: format.sh REPOSITORY
set -eu
cd "$1"
status=0
files=$(find include src tests tools -name '*.[ch]' | sort)
# shellcheck disable=SC2086 # words are wanted
clang-format --dry-run -Werror $files || status=1
for file in $files $(find cl tests tools .ci -name '*.cl' -o -name '*.py' -o -name '*.sh'); do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || {
        echo "$file: no SPDX-License-Identifier in its first lines"
        status=1
    }
done
exit $status
