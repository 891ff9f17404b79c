#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A kernel file compiles alone: every macro has a default. A function that only other settings of the
# macros use may stand unused. usage: kernel.sh FILE.cl CL_FOLDER
set -eu
clang -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -fsyntax-only \
    -Wall -Wextra -Werror -Wno-unused-parameter -Wno-unused-function -I"$2" "$1"
