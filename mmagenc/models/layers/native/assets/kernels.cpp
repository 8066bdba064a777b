// Kernels for what PyTorch computes on a CPU in many passes over memory: graph convolution of small graphs, batch norm of channels that lie
// last, convolution over frames, and the linear layers between them.
//
// Values come and go as float or bfloat16 and are computed in float. Each result is the same for any number of threads.

#include "frames.h"
#include "graphs.h"
#include "infogcn.h"
#include "norms.h"
#include "rows.h"

#define EXPORT(T, NAME)                                                                                                                  \
    extern "C" int mmagenc_convolve_graphs_##NAME(const Graphs *g, long batch, const T *x, const T *qk, const float *topology,           \
                                                  float scale, const float *weight, T *out, T *kept, int threads) {                  \
        return convolve_graphs<T>(batch, *g, x, qk, topology, scale, weight, out, kept, threads);                                        \
    }                                                                                                                                    \
    extern "C" int mmagenc_convolve_graphs_backward_##NAME(                                                                              \
        const Graphs *g, long batch, const T *x, const T *qk, const float *topology, float scale, const float *weight, const T *grad,    \
        const T *kept, const T *through, T *grad_x, T *grad_qk, float *grad_topology, float *grad_weight, int threads) {             \
        return convolve_graphs_backward<T>(batch, *g, x, qk, topology, scale, weight, grad, kept, through, grad_x, grad_qk,              \
                                           grad_topology, grad_weight, threads);                                                         \
    }                                                                                                                                    \
    extern "C" int mmagenc_statistics_##NAME(long rows, long channels, const Part *parts, long count, float eps, float share,            \
                                             float *running_mean, float *running_variance, float *mean, float *inverse, int threads) {   \
        return statistics<T>(rows, channels, parts, count, eps, share, running_mean, running_variance, mean, inverse, threads);          \
    }                                                                                                                                    \
    extern "C" int mmagenc_normalize_##NAME(long rows, const Part *parts, long count, const float *mean, const float *scale,             \
                                            const float *shift, long rectify, int threads) {                                             \
        normalize<T>(rows, parts, count, mean, scale, shift, rectify, threads);                                                          \
        return 0;                                                                                                                        \
    }                                                                                                                                    \
    extern "C" int mmagenc_normalize_backward_##NAME(long rows, long channels, const Part *parts, long count, const float *mean,         \
                                                     const float *inverse, const float *weight, const float *bias, long rectify,         \
                                                     float *grad_weight, float *grad_bias, int threads) {                                \
        const auto kernel = rectify == 0       ? normalize_backward<0, T>                                                                \
                            : rectify == INNER ? normalize_backward<INNER, T>                                                            \
                            : rectify == OUTER ? normalize_backward<OUTER, T>                                                            \
                                               : normalize_backward<INNER | OUTER, T>;                                                   \
        return kernel(rows, channels, parts, count, mean, inverse, weight, bias, grad_weight, grad_bias, threads);                       \
    }                                                                                                                                    \
    extern "C" int mmagenc_linear_##NAME(long rows, long channels, long columns, const T *x, const float *b, long turned,                \
                                         const float *bias, const T *through, T *out, int threads) {                                     \
        return linear<T>(rows, channels, columns, x, b, turned, bias, through, out, threads);                                            \
    }                                                                                                                                    \
    extern "C" int mmagenc_transposed_product_##NAME(long rows, long left_width, long right_width, const T *left, const T *right,        \
                                                     float *out, float *sums, int threads) {                                             \
        return transposed_product<T>(rows, left_width, right_width, left, right, out, sums, threads);                                    \
    }                                                                                                                                    \
    extern "C" int mmagenc_layer_norm_##NAME(long rows, long channels, const T *x, const float *weight, const float *bias, float eps,    \
                                             T *out, float *means, float *inverses, int threads) {                                       \
        layer_norm<T>(rows, channels, x, weight, bias, eps, out, means, inverses, threads);                                              \
        return 0;                                                                                                                        \
    }                                                                                                                                    \
    extern "C" int mmagenc_layer_norm_backward_##NAME(long rows, long channels, const T *x, const float *weight, const float *means,     \
                                                      const float *inverses, const T *grad, const T *through, T *grad_x,                 \
                                                      float *grad_weight, float *grad_bias, int threads) {                               \
        return layer_norm_backward<T>(rows, channels, x, weight, means, inverses, grad, through, grad_x, grad_weight, grad_bias,         \
                                      threads);                                                                                          \
    }                                                                                                                                    \
    extern "C" int mmagenc_convolve_##NAME(const Frames *f, const T *x, const float *weight, T *out, int threads) {                      \
        return temporal_convolution<T>(*f, x, weight, out, threads);                                                                     \
    }                                                                                                                                    \
    extern "C" int mmagenc_convolve_backward_##NAME(const Frames *f, const T *x, const float *turned, const T *grad, T *grad_x,          \
                                                    float *grad_weight, int threads) {                                                   \
        return temporal_convolution_backward<T>(*f, x, turned, grad, grad_x, grad_weight, threads);                                      \
    }                                                                                                                                    \
    extern "C" int mmagenc_peak_##NAME(const Frames *f, const T *x, T *out, int threads) {                                               \
        peak<T>(*f, x, out, threads);                                                                                                    \
        return 0;                                                                                                                        \
    }                                                                                                                                    \
    extern "C" int mmagenc_peak_backward_##NAME(const Frames *f, const T *x, const T *grad, T *grad_x, int threads) {                    \
        peak_backward<T>(*f, x, grad, grad_x, threads);                                                                                  \
        return 0;                                                                                                                        \
    }                                                                                                                                    \
    extern "C" int mmagenc_infogcn_block_##NAME(const Block *block, int threads) { return block_forward<T>(*block, threads); }                       \
    extern "C" int mmagenc_infogcn_block_backward_##NAME(const Block *block, int threads) { return block_backward<T>(*block, threads); }
EXPORT(float, float32)
EXPORT(bfloat16, bfloat16)

extern "C" int mmagenc_lanes() { return LANES; }
extern "C" int mmagenc_infogcn_block_size() { return sizeof(Block); }
