#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs Quern into a folder, then builds and runs a program against the installed pkg-config
# file: in C, in C++, and in C with the static library. usage: consumer.sh BUILD SOURCE.c WORK
set -eu
build=$1 source=$2 work=$3
rm -rf "$work"
mkdir -p "$work"
DESTDIR="$work/root" meson install --no-rebuild --quiet -C "$build"
pc=$(find "$work/root" -name quern.pc)
library=$(dirname "$(dirname "$pc")")
# The files say where they will be; here that is below $work/root.
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$work/root" LD_LIBRARY_PATH="$library"
cflags=$(pkg-config --cflags quern)
libs=$(pkg-config --libs quern)
static_libs=$(unset PKG_CONFIG_SYSROOT_DIR; pkg-config --static --libs quern | sed 's/-lquern\b//')
readelf -d "$library/libquern.so" | grep -q 'SONAME.*libquern\.so\.[0-9]'

# shellcheck disable=SC2086 # words are wanted
{
    gcc -std=c11 -Wall -Wextra -Wno-override-init -Werror $cflags "$source" -o "$work/c" $libs
    g++ -std=c++17 -Wall -Wextra -Werror $cflags -x c++ "$source" -x none -o "$work/cpp" $libs
    clang -std=c11 -Wall -Wextra -Werror $cflags "$source" -o "$work/clang" $libs
    gcc -std=c11 -Wno-override-init $cflags "$source" "$library/libquern.a" -o "$work/static" \
        $static_libs
}
for program in c cpp clang static; do
    printf '%-7s' "$program"
    "$work/$program"
done
command=$(find "$work/root" -name quern -path '*/bin/*' -type f)
[ "$("$command" --version)" = "quern $(pkg-config --modversion quern)" ]

# Completion scripts, and a manual page for each subcommand that --help lists.
for file in bash-completion/completions/quern zsh/site-functions/_quern \
    fish/vendor_completions.d/quern.fish man/man1/quern.1 \
    $("$command" --help | sed -n '/^subcommands:/,/^$/s|^  \([a-z]*\) .*|man/man1/quern-\1.1|p'); do
    found=$(find "$work/root" -path "*/share/$file")
    [ -s "$found" ] || { echo "not installed: share/$file" >&2; exit 1; }
done
shown=$("$command" man train)
[ "$(cat "$(find "$work/root" -name quern-train.1)")" = "$shown" ]
