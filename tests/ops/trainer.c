/* SPDX-License-Identifier: Apache-2.0 */
/* See trainer.h. */
#include "trainer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

void trainer_succeed(const qn_context *ctx, qn_status status)
{
    if (status != QN_OK)
        fail_msg("%s: %s", qn_status_name(status), qn_error(ctx));
}

void trainer_declare(trainer *t, int slots)
{
    qn_shape a = SHAPE(3, 4), c = SHAPE(C), frozen = SHAPE(3);
    rig_fill(t->start, ALL, -1, 1, 1);
    rig_fill(t->start_frozen, 3, -1, 1, 3);
    for (int i = 0; i < ALL; i++)
        t->expected[i] = t->start[i];
    trainer_succeed(t->ctx, qn_graph_create(t->ctx, &t->graph));
    trainer_succeed(t->ctx, qn_storage_create(t->ctx->device[0], &t->storage));
    trainer_succeed(t->ctx,
                    qn_storage_declare(t->storage, "a", QN_ROLE_PARAMETER, &a, t->start, &t->a));
    trainer_succeed(t->ctx, qn_storage_declare(t->storage, "frozen", QN_ROLE_STATE, &frozen,
                                               t->start_frozen, &t->frozen));
    trainer_succeed(
        t->ctx, qn_storage_declare(t->storage, "c", QN_ROLE_PARAMETER, &c, t->start + A, &t->c));
    trainer_succeed(t->ctx, qn_storage_commit(t->storage));
    trainer_succeed(t->ctx, qn_storage_slots(t->storage, slots));
    t->latch_value = qn_graph_add_data(t->graph, "latch", QN_I32, (qn_shape)SHAPE(2));
}

/* The ones are an element that is repeated. */
trainer trainer_begin(qn_context *ctx, int slots, make_update make, const void *options)
{
    trainer t = {.ctx = ctx};
    trainer_declare(&t, slots);
    qn_value *x[2] = {qn_graph_add_variable(t.graph, t.a), qn_graph_add_variable(t.graph, t.c)};
    qn_value *loss = qn_ops_add(qn_ops_sum(qn_ops_square(x[0])), qn_ops_sum(x[1])), *dx[2];
    trainer_succeed(ctx, qn_gradients(loss, 2, x, dx));
    t.update = make(t.storage, dx, t.latch_value, options);
    if (!t.update)
        fail_msg("%s", qn_error(ctx));
    return t;
}

qn_status trainer_try_plan(trainer *t)
{
    trainer_succeed(t->ctx, qn_buffer_create(t->ctx->device[0], 2 * sizeof(int32_t), &t->latch));
    struct qn_bind bind = {t->latch_value, t->latch};
    qn_plan_request request = {.graph = t->graph,
                               .device = t->ctx->device[0],
                               .batch = RIG_BATCH,
                               .update_count = 1,
                               .update = &t->update,
                               .storage = t->storage,
                               .table_rows = 1,
                               .bind_count = 1,
                               .bind = &bind};
    return qn_plan_create(&request, &t->plan);
}

void trainer_plan(trainer *t)
{
    trainer_succeed(t->ctx, trainer_try_plan(t));
}

void trainer_step(trainer *t, qn_step_row row)
{
    trainer_succeed(t->ctx, qn_buffer_write(qn_plan_table(t->plan), 0, sizeof row, &row));
    trainer_succeed(t->ctx, qn_steps_replay(qn_plan_steps(t->plan), 0));
}

void trainer_latch(trainer *t)
{
    const int32_t latched[2] = {1, 0};
    trainer_succeed(t->ctx, qn_buffer_write(t->latch, 0, sizeof latched, latched));
}

void trainer_assert(trainer *t)
{
    float found[A];
    double frozen[3];
    for (int i = 0; i < 3; i++)
        frozen[i] = t->start_frozen[i];
    trainer_succeed(t->ctx, qn_variable_read(t->a, found));
    rig_assert_close("a", found, t->expected, A, 1e-6);
    trainer_succeed(t->ctx, qn_variable_read(t->c, found));
    rig_assert_close("c", found, t->expected + A, C, 1e-6);
    trainer_succeed(t->ctx, qn_variable_read(t->frozen, found));
    rig_assert_close("frozen", found, frozen, 3, 0);
}

void trainer_finish(trainer *t)
{
    qn_plan_destroy(&t->plan);
    qn_buffer_destroy(&t->latch);
    qn_graph_destroy(&t->graph);
    qn_storage_destroy(&t->storage);
}
