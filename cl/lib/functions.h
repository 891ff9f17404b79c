/* SPDX-License-Identifier: Apache-2.0 */
/* Elementwise functions and their derivatives, one body for float (qn_sigmoid), float4
 * (qn_sigmoid4), float8 and float16. qn_<function>_grad(x, y) is dy/dx at x, given y = f(x).
 * They propagate NaN, so that a diverged model shows in its loss. */
#ifndef QN_LIB_FUNCTIONS_H
#define QN_LIB_FUNCTIONS_H

/* Pastes after its arguments are expanded: QN_JOIN(QN_FUNCTION, _grad, 16) with -DQN_FUNCTION=qn_exp.
 * Give names with their qn_: "exp" alone is a macro on some implementations (PoCL). */
#define QN_JOIN_(a, b, c) a##b##c
#define QN_JOIN(a, b, c) QN_JOIN_(a, b, c)

/* Comparisons give 1 for scalars and -1 for vectors: select() reads both as true. */
#define QN_DEFINE_FUNCTIONS(T, N)                                                                  \
    static inline T qn_linear##N(T x) { return x; }                                                \
    static inline T qn_linear_grad##N(T x, T y) { return (T)(1.0f); }                              \
    static inline T qn_negative##N(T x) { return -x; }                                             \
    static inline T qn_negative_grad##N(T x, T y) { return (T)(-1.0f); }                           \
    static inline T qn_square##N(T x) { return x * x; }                                            \
    static inline T qn_square_grad##N(T x, T y) { return 2.0f * x; }                               \
    static inline T qn_sqrt##N(T x) { return sqrt(x); }                                            \
    static inline T qn_sqrt_grad##N(T x, T y) { return 0.5f / y; }                                 \
    static inline T qn_exp##N(T x) { return exp(x); }                                              \
    static inline T qn_exp_grad##N(T x, T y) { return y; }                                         \
    static inline T qn_log##N(T x) { return log(x); }                                              \
    static inline T qn_log_grad##N(T x, T y) { return 1.0f / x; }                                  \
    static inline T qn_absolute##N(T x) { return fabs(x); }                                        \
    static inline T qn_absolute_grad##N(T x, T y) { return sign(x); }                              \
    static inline T qn_sigmoid##N(T x) { return 1.0f / (1.0f + exp(-x)); }                         \
    static inline T qn_sigmoid_grad##N(T x, T y) { return y * (1.0f - y); }                        \
    static inline T qn_tanh##N(T x) { return tanh(x); }                                            \
    static inline T qn_tanh_grad##N(T x, T y) { return 1.0f - y * y; }                             \
    static inline T qn_relu##N(T x) { return select(x, (T)(0.0f), x < (T)(0.0f)); }                \
    static inline T qn_relu_grad##N(T x, T y)                                                      \
    {                                                                                              \
        return select((T)(0.0f), (T)(1.0f), y > (T)(0.0f));                                        \
    }

QN_DEFINE_FUNCTIONS(float, )
QN_DEFINE_FUNCTIONS(float4, 4)
QN_DEFINE_FUNCTIONS(float8, 8)
QN_DEFINE_FUNCTIONS(float16, 16)

#endif
