// Batch norm and layer norm of R rows of C channels.
#pragma once

#include "products.h"

constexpr long CHUNK = 64;  // rows whose sums are taken in float before they join those in double

// Sums of each channel over all chunks, in double, of what `each(chunk, channel)` gives of some channels or what lies `step` apart.
typedef float few_floats __attribute__((vector_size(LANES * 2), aligned(4), may_alias));
typedef double doubles __attribute__((vector_size(LANES * 4), aligned(8), may_alias));
template <typename F>
static void join_chunks(long chunks, long channels, double *out, F &&each) {
    for (long c = 0; c < channels; c += LANES / 2) {
        doubles total = {};
        for (long chunk = 0; chunk < chunks; chunk++) total += each(chunk, c);
        *reinterpret_cast<doubles *>(out + c) = total;
    }
}
static inline doubles exactly(const float *p) { return __builtin_convertvector(*reinterpret_cast<const few_floats *>(p), doubles); }
static void join_chunks(const float *found, long chunks, long step, long channels, double *out) {
    join_chunks(chunks, channels, out, [&](long chunk, long c) { return exactly(found + chunk * step + c); });
}

// Channels `first` to `first + channels` of R rows, in up to seven tensors whose rows lie `steps` apart.
struct Part {
    void *x, *residual, *out, *grad, *grad_x, *passed, *through;
    long steps[7], first, channels;
};
template <typename T>
static inline T *at(void *tensor, long step, long row, long channel) {
    return static_cast<T *>(tensor) + row * step + channel;
}
enum { INNER = 1, OUTER = 2 };  // ReLU before and after the residual is added

// Call f(begin, end) for all chunks of rows.
template <typename F>
static void in_chunks(long rows, int threads, F &&f) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (long row = 0; row < rows; row += CHUNK) f(row, row + CHUNK < rows ? row + CHUNK : rows);
}

// Call f for all rows of all parts, a few rows at a time: memory is read fastest in one line, and a part is set up once for them.
template <typename T, typename F>
static inline __attribute__((always_inline)) void in_strips(long begin, long end, const Part *parts, long count, F &&f) {
    const long width = parts[count - 1].first + parts[count - 1].channels, few = 1024 / long(sizeof(T)) / width, step = few ? few : 1;
    for (long row = begin; row < end; row += step)
        for (const Part *each = parts; each < parts + count; each++) {
            const Part part = *each;
            f(part, row, row + step < end ? row + step : end);
        }
}

// Mean of a chunk's first rows: near enough to that of all for sums about it to lose nothing.
template <typename T>
static inline vec first_mean(const Part &part, long begin, long end, long c) {
    const long count = begin + 4 < end ? 4 : end - begin;
    vec total = {};
    for (long row = begin; row < begin + count; row++) total += load(at<T>(part.x, part.steps[0], row, c));
    return total * (1.f / count);
}

// Mean and inverse deviation of each channel: of chunks of rows about the mean of their first, joined in double. Running statistics, if
// given, take a share of mean and (unbiased) variance.
template <typename T>
static int statistics(long rows, long channels, const Part *parts, long count, float eps, float share, float *running_mean,
                      float *running_variance, float *mean, float *inverse, int threads) {
    const long chunks = (rows + CHUNK - 1) / CHUNK;
    double *totals = reinterpret_cast<double *>(scratch((3 * chunks + 4) * channels)), *spreads = totals + channels;
    if (!totals) return 1;
    float *found = reinterpret_cast<float *>(spreads + channels);
    in_chunks(rows, threads, [&](long begin, long end) {
        float *sums = found + 3 * (begin / CHUNK) * channels, *squares = sums + channels, *origins = squares + channels;
        memset(sums, 0, 2 * channels * sizeof(float));
        for (const Part *part = parts; part < parts + count; part++)
            for (long c = 0; c < part->channels; c += LANES) store(origins + part->first + c, first_mean<T>(*part, begin, end, c));
        in_strips<T>(begin, end, parts, count, [&](const Part &part, long row, long last) {
            in_blocks(part.channels, [&](auto block, long c) {
                constexpr int W = decltype(block)::W;
                float *to = sums + part.first + c;
                vec origin[W], total[W], square[W];
                for (int w = 0; w < W; w++) {
                    origin[w] = load(origins + part.first + c + w * LANES);
                    total[w] = load(to + w * LANES), square[w] = load(to + channels + w * LANES);
                }
                for (long r = row; r < last; r++)
                    for (int w = 0; w < W; w++) {
                        const vec off = load(at<T>(part.x, part.steps[0], r, c + w * LANES)) - origin[w];
                        total[w] += off;
                        square[w] += off * off;
                    }
                for (int w = 0; w < W; w++) store(to + w * LANES, total[w]), store(to + channels + w * LANES, square[w]);
            });
        });
        const vec inverse = all(1.f / (end - begin));
        for (long c = 0; c < channels; c += LANES) {
            const vec off = load(sums + c) * inverse;
            store(squares + c, load(squares + c) * inverse - off * off);
            store(sums + c, load(origins + c) + off);
        }
    });
    const auto size = [&](long chunk) { return chunk + 1 < chunks ? double(CHUNK) : double(rows - chunk * CHUNK); };
    const long step = 3 * channels;
    join_chunks(chunks, channels, totals, [&](long chunk, long c) { return exactly(found + chunk * step + c) * size(chunk); });
    for (long c = 0; c < channels; c++) totals[c] /= rows;
    join_chunks(chunks, channels, spreads, [&](long chunk, long c) {
        const doubles off = exactly(found + chunk * step + c) - *reinterpret_cast<const doubles *>(totals + c);
        return (exactly(found + chunk * step + channels + c) + off * off) * size(chunk);
    });
    for (long c = 0; c < channels; c++) {
        const double total = totals[c], spread = spreads[c];
        const float variance = spread < 0 ? 0 : spread / rows;  // what is no number stays
        mean[c] = total;
        inverse[c] = 1.f / sqrtf(variance + eps);
        if (running_mean) {
            running_mean[c] += share * (mean[c] - running_mean[c]);
            running_variance[c] += share * (variance * (float(rows) / (rows - 1)) - running_variance[c]);
        }
    }
    give_back(totals);
    return 0;
}

static inline vec where_positive(vec condition, vec x) { return condition <= vec{} ? vec{} : x; }

// out = (x - mean) * scale + shift, the ReLU of it, plus residual, the ReLU of that: each where asked.
template <typename T>
static void normalize_rows(long begin, long end, const Part *parts, long count, const float *mean, const float *scale, const float *shift,
                           int rectify) {
    const vec inner = all(rectify & INNER ? 0.f : -INFINITY), outer = all(rectify & OUTER ? 0.f : -INFINITY);
    in_strips<T>(begin, end, parts, count, [&](const Part &part, long row, long last) {
        in_blocks(part.channels, [&](auto block, long c) {
            constexpr int W = decltype(block)::W;
            vec means[W], scales[W], shifts[W];
            for (int w = 0; w < W; w++) {
                const long channel = part.first + c + w * LANES;
                means[w] = load(mean + channel), scales[w] = load(scale + channel), shifts[w] = load(shift + channel);
            }
            for (long r = row; r < last; r++)
                for (int w = 0; w < W; w++) {
                    vec y = (load(at<T>(part.x, part.steps[0], r, c + w * LANES)) - means[w]) * scales[w] + shifts[w];
                    y = y < inner ? inner : y;  // what is no number stays
                    if (part.residual) {
                        y += load(at<T>(part.residual, part.steps[1], r, c + w * LANES));
                        y = y < outer ? outer : y;
                    }
                    store(at<T>(part.out, part.steps[2], r, c + w * LANES), y);
                }
        });
    });
}
template <typename T>
static void normalize(long rows, const Part *parts, long count, const float *mean, const float *scale, const float *shift, int rectify,
                      int threads) {
    in_chunks(rows, threads, [&](long begin, long end) { normalize_rows<T>(begin, end, parts, count, mean, scale, shift, rectify); });
}

// Gradients of all that normalize takes, mean and variance being those of x; a part's `through`, if given, is added to what passes to the
// residual. Those of weight and bias are sums over all rows; the others follow row by row.
template <int RECTIFY, typename T>
struct NormBackward {
    const Part *parts;
    long count;
    const float *mean, *bias;
    float *scale, *slope, *shift;

    int begin(long rows, long channels, const float *inverse, const float *weight, float *grad_weight, float *grad_bias, int threads) {
        const long chunks = (rows + CHUNK - 1) / CHUNK;
        scale = scratch((7 + 2 * chunks) * channels);
        if (!scale) return 1;
        slope = scale + channels, shift = slope + channels;
        float *found = shift + 5 * channels;
        double *totals = reinterpret_cast<double *>(shift + channels), *products = totals + channels;
        for (long c = 0; c < channels; c++) scale[c] = inverse[c] * weight[c];
        in_chunks(rows, threads, [&](long begin, long end) { add(begin, end, channels, found + 2 * (begin / CHUNK) * channels); });
        join_chunks(found, chunks, 2 * channels, channels, totals);
        join_chunks(found + channels, chunks, 2 * channels, channels, products);
        for (long c = 0; c < channels; c++) {
            const double total = totals[c], product = products[c];
            grad_bias[c] = total;
            grad_weight[c] = product * inverse[c];
            slope[c] = -product / rows * scale[c] * inverse[c] * inverse[c];
            shift[c] = -total / rows * scale[c];
        }
        return 0;
    }
    void end() { give_back(scale); }

    // Of a chunk's rows and each channel, the sum of gradients and of their products with x less its mean.
    void add(long begin, long end, long channels, float *sums) const {
        memset(sums, 0, 2 * channels * sizeof(float));
        in_strips<T>(begin, end, parts, count, [&](const Part &part, long row, long last) {
            in_blocks(part.channels, [&](auto block, long c) {
                constexpr int W = decltype(block)::W;
                const long from = part.first + c;
                vec total[W], product[W], means[W], scales[W], biases[W];
                for (int w = 0; w < W; w++) {
                    const long channel = from + w * LANES;
                    total[w] = load(sums + channel), product[w] = load(sums + channels + channel);
                    means[w] = load(mean + channel), scales[w] = load(scale + channel), biases[w] = load(bias + channel);
                }
                for (long r = row; r < last; r++)
                    for (int w = 0; w < W; w++) {
                        const long at_c = c + w * LANES;
                        vec grad = load(at<T>(part.grad, part.steps[3], r, at_c));
                        const vec off = load(at<T>(part.x, part.steps[0], r, at_c)) - means[w];
                        if constexpr (RECTIFY & OUTER) grad = where_positive(load(at<T>(part.out, part.steps[2], r, at_c)), grad);
                        if constexpr (RECTIFY & INNER) grad = where_positive(off * scales[w] + biases[w], grad);
                        total[w] += grad;
                        product[w] += grad * off;
                    }
                for (int w = 0; w < W; w++)
                    store(sums + from + w * LANES, total[w]), store(sums + channels + from + w * LANES, product[w]);
            });
        });
    }

    // Of each row, the gradients of x and, if asked, of the residual; those of x lie from row `first` on in what is given for them.
    void rows(long begin, long end, long first = 0) const {
        in_strips<T>(begin, end, parts, count, [&](const Part &part, long row, long last) {
            in_blocks(part.channels, [&](auto block, long c) {
                constexpr int W = decltype(block)::W;
                vec means[W], scales[W], biases[W], slopes[W], shifts[W];
                for (int w = 0; w < W; w++) {
                    const long channel = part.first + c + w * LANES;
                    means[w] = load(mean + channel), scales[w] = load(scale + channel), biases[w] = load(bias + channel);
                    slopes[w] = load(slope + channel), shifts[w] = load(shift + channel);
                }
                for (long r = row; r < last; r++)
                    for (int w = 0; w < W; w++) {
                        const long at_c = c + w * LANES;
                        vec grad = load(at<T>(part.grad, part.steps[3], r, at_c));
                        const vec off = load(at<T>(part.x, part.steps[0], r, at_c)) - means[w];
                        if constexpr (RECTIFY & OUTER) grad = where_positive(load(at<T>(part.out, part.steps[2], r, at_c)), grad);
                        if (part.passed) {
                            vec passed = grad;
                            if (part.through) passed += load(at<T>(part.through, part.steps[6], r, at_c));
                            store(at<T>(part.passed, part.steps[5], r, at_c), passed);
                        }
                        if constexpr (RECTIFY & INNER) grad = where_positive(off * scales[w] + biases[w], grad);
                        store(at<T>(part.grad_x, part.steps[4], r - first, at_c), grad * scales[w] + off * slopes[w] + shifts[w]);
                    }
            });
        });
    }
};
template <int RECTIFY, typename T>
static int normalize_backward(long rows, long channels, const Part *parts, long count, const float *mean, const float *inverse,
                              const float *weight, const float *bias, float *grad_weight, float *grad_bias, int threads) {
    NormBackward<RECTIFY, T> norm = {parts, count, mean, bias};
    if (norm.begin(rows, channels, inverse, weight, grad_weight, grad_bias, threads)) return 1;
    in_chunks(rows, threads, [&](long begin, long end) { norm.rows(begin, end); });
    norm.end();
    return 0;
}

// Layer norm of rows (R, C): out, and each row's mean and inverse deviation.
template <typename T>
static void layer_norm_rows(long rows, long channels, const T *x, const float *weight, const float *bias, float eps, T *out, float *means,
                            float *inverses) {
    for (long row = 0; row < rows; row++) {
        const T *from = x + row * channels;
        vec total = {}, square = {};
        for (long c = 0; c < channels; c += LANES) total += load(from + c);
        const float mean = sum(total) / channels;
        for (long c = 0; c < channels; c += LANES) {
            const vec off = load(from + c) - mean;
            square += off * off;
        }
        const float inverse = 1.f / sqrtf(sum(square) / channels + eps);
        for (long c = 0; c < channels; c += LANES)
            store(out + row * channels + c, (load(from + c) - mean) * inverse * load(weight + c) + load(bias + c));
        means[row] = mean;
        inverses[row] = inverse;
    }
}
template <typename T>
static void layer_norm(long rows, long channels, const T *x, const float *weight, const float *bias, float eps, T *out, float *means,
                       float *inverses, int threads) {
    in_chunks(rows, threads, [&](long row, long end) {
        layer_norm_rows(end - row, channels, x + row * channels, weight, bias, eps, out + row * channels, means + row, inverses + row);
    });
}

// Gradients of a layer norm, those of weight and bias summed chunk by chunk.
template <typename T>
struct LayerNormBackward {
    long channels;
    const T *x;
    const float *weight, *means, *inverses;
    const T *through;
    T *grad_x;
    float *found = nullptr;

    int begin(long rows) { return !(found = scratch((2 * ((rows + CHUNK - 1) / CHUNK) + 2) * channels)); }
    // Rows of one chunk, by their gradient; and the norm's result again, if asked.
    void rows(long begin, long end, const T *grad, T *again = nullptr, const float *bias = nullptr) const {
        float *products = found + 2 * (begin / CHUNK) * channels, *sums = products + channels;
        memset(products, 0, 2 * channels * sizeof(float));
        for (long row = begin; row < end; row++) {
            const T *from = x + row * channels, *by = grad + (row - begin) * channels;
            const float mean = means[row], inverse = inverses[row];
            vec total = {}, product = {};
            for (long c = 0; c < channels; c += LANES) {
                const vec slope = load(by + c), off = (load(from + c) - mean) * inverse, weighted = slope * load(weight + c);
                store(products + c, load(products + c) + slope * off);
                store(sums + c, load(sums + c) + slope);
                if (again) store(again + (row - begin) * channels + c, off * load(weight + c) + load(bias + c));
                total += weighted;
                product += weighted * off;
            }
            const float each = sum(total) / channels, along = sum(product) / channels;
            for (long c = 0; c < channels; c += LANES) {
                const vec off = (load(from + c) - mean) * inverse;
                vec slope = (load(by + c) * load(weight + c) - each - off * along) * inverse;
                if (through) slope += load(through + row * channels + c);
                store(grad_x + row * channels + c, slope);
            }
        }
    }
    void join(long rows, float *grad_weight, float *grad_bias) const {
        const long chunks = (rows + CHUNK - 1) / CHUNK;
        double *totals = reinterpret_cast<double *>(found + 2 * chunks * channels);
        for (long i = 0; i < 2; i++) {
            join_chunks(found + i * channels, chunks, 2 * channels, channels, totals);
            for (long c = 0; c < channels; c++) (i ? grad_bias : grad_weight)[c] = totals[c];
        }
    }
    void end() { give_back(found); }
};
template <typename T>
static int layer_norm_backward(long rows, long channels, const T *x, const float *weight, const float *means, const float *inverses,
                               const T *grad, const T *through, T *grad_x, float *grad_weight, float *grad_bias, int threads) {
    LayerNormBackward<T> norm = {channels, x, weight, means, inverses, through, grad_x};
    if (norm.begin(rows)) return 1;
    in_chunks(rows, threads, [&](long begin, long end) { norm.rows(begin, end, grad + begin * channels); });
    norm.join(rows, grad_weight, grad_bias);
    norm.end();
    return 0;
}
