/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this build draws pictures, and of which kinds. */
#include "pictures.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#ifdef QUERN_CAIRO
#include "draw.h"
const painter *const pictures = &cairo_painter;
#else
const painter *const pictures = NULL;
#endif

static bool has_known_end(const char *path)
{
    static const char *const ends[] = {".png", ".svg", ".pdf"};
    size_t length = strlen(path);
    for (int i = 0; i < 3; i++)
        if (length > 4 && strcasecmp(path + length - 4, ends[i]) == 0)
            return true;
    return false;
}

int check_picture(const subcommand *command, const char *name, const char *path)
{
    if (!path)
        return EXIT_OK;
    if (!has_known_end(path)) {
        fprintf(stderr, "quern %s: %s is \"%s\"; a picture's name ends with .png, .svg or .pdf\n",
                command->name, name, path);
        return EXIT_USAGE;
    }
    if (!pictures) {
        fprintf(stderr,
                "quern %s: %s draws with cairo, and this quern was built without cairo; install "
                "Debian's package libcairo2-dev, then build anew with meson setup --wipe "
                "-Dcairo=enabled\n",
                command->name, name);
        return EXIT_FAILED;
    }
    return EXIT_OK;
}
