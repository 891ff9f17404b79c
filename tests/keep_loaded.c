/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded in sanitized builds: drivers stay loaded to the end, so that LeakSanitizer, which looks
 * after the loader has closed them, can tell whose an allocation was. */
int dlclose(void *handle);

__attribute__((visibility("default"))) int dlclose(void *handle)
{
    (void)handle;
    return 0;
}
