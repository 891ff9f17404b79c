/* SPDX-License-Identifier: Apache-2.0 */
/* Values and gradients of every op, on the device, against double precision on the host. */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* The last test: an op with a gradient that no case has run was forgotten. assign, which writes a
 * variable, has its own test. */
static void every_gradient_has_run(void **state)
{
    (void)state;
    for (const qn_op *const *op = qn_op_list; *op; op++)
        if ((*op)->grad && *op != &qn_assign_op && !rig_has_differentiated(*op))
            fail_msg("no case takes the gradient of '%s': add one", (*op)->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rig_functions_of_one),
        cmocka_unit_test(rig_functions_of_two),
        cmocka_unit_test(rig_other_functions),
        cmocka_unit_test(rig_products),
        cmocka_unit_test(rig_sums),
        cmocka_unit_test(rig_reshapes),
        cmocka_unit_test(rig_softmaxes),
        cmocka_unit_test(rig_losses),
        cmocka_unit_test(rig_accuracies),
        cmocka_unit_test(rig_batch_norms),
        cmocka_unit_test(rig_norms),
        cmocka_unit_test(rig_noises),
        cmocka_unit_test(rig_noise_amounts),
        cmocka_unit_test(rig_penalties),
        cmocka_unit_test(every_gradient_has_run),
    };
    return cmocka_run_group_tests(tests, rig_open, rig_close);
}
