#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A kernel file compiles alone: every macro has a default. usage: kernel.sh FILE.cl CL_FOLDER
set -eu
clang -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -fsyntax-only \
    -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-prototypes -I"$2" "$1"
