#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A public header compiles alone, as C11 and as C++17, with gcc and with clang.
# usage: header.sh HEADER INCLUDE_FOLDER...
set -eu
header=$1
shift
flags="-Wall -Wextra -Wpedantic -Werror -fsyntax-only"
for folder in "$@"; do flags="$flags -I$folder"; done
# shellcheck disable=SC2086 # words are wanted
{
    echo "#include <quern/$header>" | gcc -std=c11 -Wno-override-init $flags -x c -
    echo "#include <quern/$header>" | clang -std=c11 $flags -x c -
    echo "#include <quern/$header>" | g++ -std=c++17 $flags -x c++ -
    echo "#include <quern/$header>" | clang++ -std=c++17 $flags -x c++ -
}
