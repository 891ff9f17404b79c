#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The libraries define no global name that does not begin with qn_, and the shared one exports only
# what a public header declares. usage: symbols.sh SHARED STATIC INCLUDE_FOLDER
set -eu
exported=$(nm --dynamic --defined-only --extern-only --format=posix "$1" | cut -d' ' -f1)
status=0
[ -n "$exported" ] || {
    echo "$1 exports nothing"
    status=1
}
for name in $exported; do
    grep -qwr "$name" "$3" || {
        echo "$1 exports $name, which no header in $3 declares"
        status=1
    }
done
for library in "$1" "$2"; do
    strange=$(nm --defined-only --extern-only --format=posix "$library" |
        awk 'NF >= 3 && $1 !~ /^qn_/ && $1 !~ /^(_init|_fini|_edata|_end|__bss_start)$/ { print $1 }')
    [ -z "$strange" ] || {
        printf '%s defines names without qn_:\n%s\n' "$library" "$strange"
        status=1
    }
done
exit $status
