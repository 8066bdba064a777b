// A block of InfoGCN in training, of the kernels of its layers: forward and gradients.
//
// N clips, T frames, V joints, C channels, C' those of the output. Rows are clips, frames and joints; kept rows those after the stride.
#pragma once

#include "frames.h"
#include "graphs.h"
#include "norms.h"
#include "rows.h"

// A batch norm: parameters, running statistics (or none) with their count of batches, and of this batch three numbers of each channel: mean,
// inverse deviation, and that times the weight.
struct BatchNorm {
    const float *weight, *bias;
    float *grad_weight, *grad_bias, *running_mean, *running_variance;
    int64_t *tracked;
    float *found;
    double eps, momentum;  // what is no number: running statistics are means of all batches
};
// Linear layers (C', C), convolutions over frames (C', C, K); `down` and `residual` may be missing.
struct Weights {
    float *norm, *norm_bias, *to_qk, *to_qk_bias, *topology, *transform, *expand, *near, *far, *pointwise, *down, *residual;
};
struct Block {
    long clips, frames, joints, channels, out_channels, heads, dim, stride, taps, near_dilation, far_dilation;
    double eps;  // of the layer norm
    BatchNorm bn, expand_bn, out_bn, down_bn, residual_bn;
    Weights weights, grads;
    const void *x;
    void *out;
    // What the gradient needs: rows (of 2 H D, C', C', 3/4 C', 3/4 C', C'), kept rows (of C', C', C, C'), and of layer norm and attention.
    void *qk, *y, *z, *expanded, *parts, *down, *seen, *branches, *beside, *residual;
    float *means, *inverses;
    void *attention;
    void *spaces[4];  // rows of C', for the moment
    // The gradient's own: kept rows of C', rows of C, kept rows of C, rows of 2 H D.
    const void *grad;
    void *grad_x, *grad_beside, *grad_qk;

    long out_frames() const { return (frames - 1) / stride + 1; }
    long rows() const { return clips * frames * joints; }
    long kept_rows() const { return clips * out_frames() * joints; }
    long width() const { return out_channels / 4; }
    long queries() const { return 2 * heads * dim; }
    float scale() const { return 1. / sqrt(double(dim)); }
    Graphs graphs() const { return {joints, heads, dim, channels, out_channels}; }
    Frames over(long taps, long dilation) const { return {clips, frames, joints, width(), width(), taps, stride, dilation}; }
};

// Let a part's channels be those of a tensor from `begin` on, whose rows lie `step` apart.
enum Role { X, RESIDUAL, OUT, GRAD, GRAD_X, PASSED, THROUGH };
template <typename T>
static void lie(Part &part, Role role, const void *tensor, long step, long begin = 0) {
    void **const tensors[] = {&part.x, &part.residual, &part.out, &part.grad, &part.grad_x, &part.passed, &part.through};
    *tensors[role] = const_cast<T *>(static_cast<const T *>(tensor)) + begin;
    part.steps[role] = step;
}
static Part channels_from(long first, long channels) {
    Part part = {};
    part.first = first, part.channels = channels;
    return part;
}

template <typename T>
static int norm_statistics(const BatchNorm &norm, long rows, long channels, const Part *parts, long count, int threads) {
    float *mean = norm.found, *inverse = mean + channels, *scale = inverse + channels;
    if (norm.tracked) ++*norm.tracked;
    const double share = norm.momentum == norm.momentum ? norm.momentum : norm.tracked ? 1. / *norm.tracked : 0.;
    if (statistics<T>(rows, channels, parts, count, norm.eps, share, norm.running_mean, norm.running_variance, mean, inverse, threads)) return 1;
    for (long c = 0; c < channels; c++) scale[c] = inverse[c] * norm.weight[c];
    return 0;
}
template <typename T>
static int norm_forward(const BatchNorm &norm, long rows, long channels, const Part *parts, long count, int rectify, int threads) {
    if (norm_statistics<T>(norm, rows, channels, parts, count, threads)) return 1;
    normalize<T>(rows, parts, count, norm.found, norm.found + 2 * channels, norm.bias, rectify, threads);
    return 0;
}
template <int RECTIFY, typename T>
static int norm_backward(const BatchNorm &norm, long rows, long channels, const Part *parts, long count, int threads) {
    return normalize_backward<RECTIFY, T>(rows, channels, parts, count, norm.found, norm.found + channels, norm.weight, norm.bias,
                                          norm.grad_weight, norm.grad_bias, threads);
}

// A batch norm, with residual and ReLUs, to z (R, C), and a linear layer of that.
template <typename T>
static int norm_linear(const BatchNorm &norm, long rows, long channels, long columns, const Part &part, int rectify, const T *z,
                       const float *b, T *out, int threads) {
    Weight<T> weight = {channels, columns};
    const int failed = norm_statistics<T>(norm, rows, channels, &part, 1, threads) || weight.begin(b, 1) ||
                       in_pieces(rows, Weight<T>::room(channels), threads, [&](long row, long count, float *room) {
                           normalize_rows<T>(row, row + count, &part, 1, norm.found, norm.found + 2 * channels, norm.bias, rectify);
                           weight.multiply(count, z + row * channels, nullptr, nullptr, out + row * columns, room);
                       });
    weight.end();
    return failed;
}
// Gradients of a linear layer (N, C) of x and of the batch norm of its result, rows of N channels: grad_x, plus `through` if it is given, and
// grad_b. What lies between them is nowhere kept.
template <int RECTIFY, typename T>
static int linear_norm_backward(const BatchNorm &norm, long rows, long channels, long columns, Part *parts, long count, const T *x,
                                const float *b, const T *through, T *grad_x, float *grad_b, int threads) {
    NormBackward<RECTIFY, T> backward = {parts, count, norm.found, norm.bias};
    Weight<T> weight = {columns, channels};
    const long kept = span(threads);
    T *made = reinterpret_cast<T *>(scratch(kept * columns));
    int failed = !made || weight.begin(b, 0) ||
                 backward.begin(rows, columns, norm.found + columns, norm.weight, norm.grad_weight, norm.grad_bias, threads);
    if (!failed) {
        for (long i = 0; i < count; i++) lie<T>(parts[i], GRAD_X, made, columns, parts[i].first);
        const Rows<const T> between = {made, columns, kept};
        failed = transposed_product<T>(rows, between, {x, channels, rows}, grad_b, nullptr, threads, [&](long row, long count) {
            float *room = scratch(Weight<T>::room(columns));
            if (!room) return 1;
            backward.rows(row, row + count, row - row % kept);
            weight.multiply(count, between.at(row), nullptr, through ? through + row * channels : nullptr, grad_x + row * channels, room);
            give_back(room);
            return 0;
        });
    }
    backward.end(), weight.end(), give_back(made);
    return failed;
}

// A linear layer from C channels to C' and a batch norm.
template <typename T>
static int project(const BatchNorm &norm, long rows, long channels, long out_channels, const void *x, const float *weight, void *between,
                   void *out, int threads) {
    if (linear<T>(rows, channels, out_channels, static_cast<const T *>(x), weight, 1, nullptr, nullptr, static_cast<T *>(between), threads))
        return 1;
    Part part = channels_from(0, out_channels);
    lie<T>(part, X, between, out_channels), lie<T>(part, OUT, out, out_channels);
    return norm_forward<T>(norm, rows, out_channels, &part, 1, 0, threads);
}
// Gradients by `grad` of the output; `through`, if given, is added to that of x.
template <typename T>
static int project_backward(const BatchNorm &norm, long rows, long channels, long out_channels, const void *x, const float *weight,
                            const void *between, const void *grad, const T *through, void *grad_x, float *grad_weight, int threads) {
    Part part = channels_from(0, out_channels);
    lie<T>(part, X, between, out_channels), lie<T>(part, GRAD, grad, out_channels);
    return linear_norm_backward<0, T>(norm, rows, channels, out_channels, &part, 1, static_cast<const T *>(x), weight, through,
                                      static_cast<T *>(grad_x), grad_weight, threads);
}

// Of each clip every `stride`-th frame, and the gradient, which is added to what is there.
template <typename T>
static void every(const Block &b, long channels, const T *x, T *out) {
    const long frame = b.joints * channels, count = b.out_frames();
    for (long i = 0; i < b.clips * count; i++)
        memcpy(out + i * frame, x + (i / count * b.frames + i % count * b.stride) * frame, frame * sizeof(T));
}
template <typename T>
static void every_backward(const Block &b, long channels, const T *grad, T *grad_x) {
    const long frame = b.joints * channels, count = b.out_frames();
    for (long i = 0; i < b.clips * count; i++) {
        T *to = grad_x + (i / count * b.frames + i % count * b.stride) * frame;
        for (long c = 0; c < frame; c += LANES) store(to + c, load(to + c) + load(grad + i * frame + c));
    }
}

// A convolution's weights (C', C, K) as (K, C, C') or, for its gradient, (K, C', C); and back from the first.
static void taps_first(const Block &b, const float *weight, bool turned, float *to) {
    const long width = b.width();
    for (long o = 0; o < width; o++)
        for (long c = 0; c < width; c++)
            for (long k = 0; k < b.taps; k++)
                to[(k * width + (turned ? o : c)) * width + (turned ? c : o)] = weight[(o * width + c) * b.taps + k];
}
static void taps_last(const Block &b, const float *from, float *weight) {
    const long width = b.width();
    for (long o = 0; o < width; o++)
        for (long c = 0; c < width; c++)
            for (long k = 0; k < b.taps; k++) weight[(o * width + c) * b.taps + k] = from[(k * width + c) * width + o];
}

template <typename T>
static int block_forward(const Block &b, int threads) {
    const long rows = b.rows(), kept = b.kept_rows(), channels = b.channels, wide = b.out_channels, width = b.width();
    const Weights &w = b.weights;
    const T *x = static_cast<const T *>(b.x), *beside = x;
    T *qk = static_cast<T *>(b.qk), *y = static_cast<T *>(b.y), *z = static_cast<T *>(b.z);
    T *expanded = static_cast<T *>(b.expanded), *parts = static_cast<T *>(b.parts), *branches = static_cast<T *>(b.branches);
    if (normed_linear<T>(rows, channels, b.queries(), x, w.norm, w.norm_bias, b.eps, w.to_qk, w.to_qk_bias, qk, b.means, b.inverses, threads) ||
        convolve_graphs<T>(b.clips * b.frames, b.graphs(), x, qk, w.topology, b.scale(), w.transform, y, static_cast<T *>(b.attention), threads))
        return 1;
    if (w.down) {
        beside = static_cast<const T *>(b.spaces[0]);
        if (project<T>(b.down_bn, rows, channels, wide, x, w.down, b.down, b.spaces[0], threads)) return 1;
    }
    Part whole = channels_from(0, wide);
    lie<T>(whole, X, y, wide), lie<T>(whole, RESIDUAL, beside, wide), lie<T>(whole, OUT, z, wide);
    if (norm_linear<T>(b.bn, rows, wide, 3 * width, whole, OUTER, z, w.expand, expanded, threads)) return 1;

    Part three[3], four[4];
    for (long i = 0; i < 3; i++) {  // each to a tensor of its own
        three[i] = channels_from(i * width, width);
        lie<T>(three[i], X, expanded, 3 * width, i * width), lie<T>(three[i], OUT, parts + i * rows * width, width);
    }
    float *taps = scratch(b.taps * width * width);
    int failed = !taps || norm_forward<T>(b.expand_bn, rows, 3 * width, three, 3, INNER, threads);
    for (long i = 0; i < 2 && !failed; i++) {
        taps_first(b, i ? w.far : w.near, false, taps);
        failed = temporal_convolution<T>(b.over(b.taps, i ? b.far_dilation : b.near_dilation), parts + i * rows * width, taps,
                                         branches + i * kept * width, threads);
    }
    give_back(taps);
    if (failed) return 1;
    peak<T>(b.over(3, 1), parts + 2 * rows * width, branches + 2 * kept * width, threads);
    T *seen = z;
    beside = x;
    if (b.stride > 1) {
        seen = static_cast<T *>(b.seen), beside = static_cast<T *>(b.beside);
        every(b, wide, z, seen);
        every(b, channels, x, static_cast<T *>(b.beside));
    }
    if (linear<T>(kept, wide, width, seen, w.pointwise, 1, nullptr, nullptr, branches + 3 * kept * width, threads)) return 1;
    if (w.residual) {
        if (project<T>(b.residual_bn, kept, channels, wide, beside, w.residual, b.residual, b.spaces[0], threads)) return 1;
        beside = static_cast<const T *>(b.spaces[0]);
    }
    for (long i = 0; i < 4; i++) {
        four[i] = channels_from(i * width, width);
        lie<T>(four[i], X, branches + i * kept * width, width), lie<T>(four[i], OUT, b.out, wide, i * width);
        lie<T>(four[i], RESIDUAL, beside, wide, i * width);
    }
    return norm_forward<T>(b.out_bn, kept, wide, four, 4, INNER | OUTER, threads);
}

template <typename T>
static int block_backward(const Block &b, int threads) {
    const long rows = b.rows(), kept = b.kept_rows(), channels = b.channels, wide = b.out_channels, width = b.width();
    const Weights &w = b.weights, &grads = b.grads;
    const T *x = static_cast<const T *>(b.x), *z = static_cast<const T *>(b.z), *parts = static_cast<const T *>(b.parts);
    const T *seen = b.stride > 1 ? static_cast<const T *>(b.seen) : z, *beside = b.stride > 1 ? static_cast<const T *>(b.beside) : x;
    T *spaces[4], *grad_beside = static_cast<T *>(b.grad_beside), *grad_x = static_cast<T *>(b.grad_x), *of_qk = static_cast<T *>(b.grad_qk);
    for (int i = 0; i < 4; i++) spaces[i] = static_cast<T *>(b.spaces[i]);

    T *of_branches = spaces[0], *of_beside = spaces[3];
    Part three[3], four[4];
    for (long i = 0; i < 4; i++) {
        four[i] = channels_from(i * width, width);
        lie<T>(four[i], X, static_cast<const T *>(b.branches) + i * kept * width, width);
        lie<T>(four[i], OUT, b.out, wide, i * width), lie<T>(four[i], GRAD, b.grad, wide, i * width);
        lie<T>(four[i], GRAD_X, of_branches + i * kept * width, width), lie<T>(four[i], PASSED, of_beside, wide, i * width);
    }
    if (norm_backward<INNER | OUTER, T>(b.out_bn, kept, wide, four, 4, threads)) return 1;
    if (w.residual) {
        if (project_backward<T>(b.residual_bn, kept, channels, wide, beside, w.residual, b.residual, of_beside,
                                static_cast<const T *>(nullptr), grad_beside, grads.residual, threads))
            return 1;
        of_beside = grad_beside;
    }

    const T *of_pointwise = of_branches + 3 * kept * width;
    T *of_parts = spaces[1], *of_seen = spaces[2];
    float *taps = scratch(2 * b.taps * width * width), *of_taps = taps + b.taps * width * width;
    int failed = !taps || linear<T>(kept, width, wide, of_pointwise, w.pointwise, 0, nullptr, nullptr, of_seen, threads) ||
                 transposed_product<T>(kept, width, wide, of_pointwise, seen, grads.pointwise, nullptr, threads);
    for (long i = 0; i < 2 && !failed; i++) {
        taps_first(b, i ? w.far : w.near, true, taps);
        failed = temporal_convolution_backward<T>(b.over(b.taps, i ? b.far_dilation : b.near_dilation), parts + i * rows * width, taps,
                                                  of_branches + i * kept * width, of_parts + i * rows * width, of_taps, threads);
        taps_last(b, of_taps, i ? grads.far : grads.near);
    }
    give_back(taps);
    if (failed) return 1;
    peak_backward<T>(b.over(3, 1), parts + 2 * rows * width, of_branches + 2 * kept * width, of_parts + 2 * rows * width, threads);

    T *of_z = b.stride > 1 ? spaces[0] : of_seen;  // in its place
    for (long i = 0; i < 3; i++) {
        three[i] = channels_from(i * width, width);
        lie<T>(three[i], X, b.expanded, 3 * width, i * width), lie<T>(three[i], GRAD, of_parts + i * rows * width, width);
    }
    if (linear_norm_backward<INNER, T>(b.expand_bn, rows, wide, 3 * width, three, 3, z, w.expand, b.stride > 1 ? nullptr : of_seen, of_z,
                                       grads.expand, threads))
        return 1;
    if (b.stride > 1) every_backward(b, wide, of_seen, of_z);

    const T *through = b.stride > 1 ? nullptr : of_beside;
    T *of_y = spaces[1], *of_down = of_z, *of_x = of_z;
    Part whole = channels_from(0, wide);
    lie<T>(whole, X, b.y, wide), lie<T>(whole, OUT, z, wide), lie<T>(whole, GRAD, of_z, wide);
    lie<T>(whole, GRAD_X, of_y, wide), lie<T>(whole, PASSED, of_down, wide);
    if (through && !w.down) lie<T>(whole, THROUGH, through, wide);
    if (norm_backward<OUTER, T>(b.bn, rows, wide, &whole, 1, threads)) return 1;
    if (w.down) {
        if (project_backward<T>(b.down_bn, rows, channels, wide, x, w.down, b.down, of_down, b.stride > 1 ? nullptr : of_beside,
                                of_x = spaces[b.stride > 1 ? 2 : 0], grads.down, threads))
            return 1;
    }
    if (convolve_graphs_backward<T>(b.clips * b.frames, b.graphs(), x, static_cast<const T *>(b.qk), w.topology, b.scale(), w.transform, of_y,
                                    static_cast<const T *>(b.attention), static_cast<const T *>(of_x), of_x, of_qk, grads.topology,
                                    grads.transform, threads) ||
        normed_linear_backward<T>(rows, channels, b.queries(), x, w.norm, w.norm_bias, b.means, b.inverses, w.to_qk, of_qk, of_x, grad_x,
                                  grads.norm, grads.norm_bias, grads.to_qk, grads.to_qk_bias, threads))
        return 1;
    if (b.stride > 1) every_backward(b, channels, of_beside, grad_x);
    return 0;
}
