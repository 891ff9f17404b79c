#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A public header compiles alone, as C11 and as C++17, with gcc and with clang.
# usage: header.sh HEADER INCLUDE_FOLDER...
set -eu
header=$1
shift
flags="-Wall -Wextra -Wpedantic -Werror -fsyntax-only"
for folder in "$@"; do flags="$flags -I$folder"; done
# One declaration follows: ISO C forbids an empty file.
program="#include <quern/$header>
typedef int after_the_header;"
# shellcheck disable=SC2086 # words are wanted
{
    echo "$program" | gcc -std=c11 -Wno-override-init $flags -x c -
    echo "$program" | clang -std=c11 $flags -x c -
    echo "$program" | g++ -std=c++17 $flags -x c++ -
    echo "$program" | clang++ -std=c++17 $flags -x c++ -
}
