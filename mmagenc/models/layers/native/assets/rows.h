// Linear layers of many rows, and norms beside them: a piece of the rows goes through all that follow each other while it is in the caches.
#pragma once

#include <omp.h>

#include <type_traits>

#include "norms.h"
#include "products.h"

constexpr long PIECE = 3 * CHUNK;  // rows; of them as pairs, what a product sums at a time finds room in the nearest cache

// Call f(row, count, room) for all pieces; `room` is of as many floats as asked, each thread's own.
template <typename F>
static int in_pieces(long rows, long floats, int threads, F &&f) {
    int failed = 0;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        float *own = scratch(floats);
        failed |= !own;
        if (own) {
#pragma omp for schedule(static) nowait  // a thread without memory does not come here
            for (long row = 0; row < rows; row += PIECE) f(row, row + PIECE < rows ? PIECE : rows - row, own);
        }
        give_back(own);
    }
    return failed;
}

// Weights (C, N) or, turned, (N, C), by which rows are multiplied.
template <typename T>
struct Weight {
    typedef typename Unit<T>::type U;
    long channels, columns;
    U *shared = nullptr;
    const U *units = nullptr;

    int begin(const float *b, int turned) {
        shared = reinterpret_cast<U *>(scratch(channels * columns));
        if (shared) units = turned ? turned_panels(b, columns, channels, shared, channels) : panels(b, channels, columns, shared, columns);
        return !shared;
    }
    void end() { give_back(shared); }
    static long room(long channels) { return sizeof(T) == sizeof(U) || Unit<T>::NUMBERS > 1 ? LANES : PIECE * channels; }
    // Sums begin at a row (a bias) or at a tensor of out's shape, if one is given.
    void multiply(long rows, const T *x, const float *bias, const T *through, T *out, float *room) const {
        const long deep = channels / Unit<T>::NUMBERS;
        const U *left = along(x, rows * channels, reinterpret_cast<U *>(room));
        if (through)
            products<OTHER>(1, rows, columns, &left, deep, 1, deep, &units, PANELS, out, columns, through);
        else if (bias)
            products<ROW>(1, rows, columns, &left, deep, 1, deep, &units, PANELS, out, columns, bias);
        else
            products<NOTHING>(1, rows, columns, &left, deep, 1, deep, &units, PANELS, out, columns);
    }
};

// x (R, C) times b, which is (C, N) or, turned, (N, C): a linear layer and its gradient.
template <typename T>
static int linear(long rows, long channels, long columns, const T *x, const float *b, int turned, const float *bias, const T *through, T *out,
                  int threads) {
    Weight<T> weight = {channels, columns};
    const int failed = weight.begin(b, turned) || in_pieces(rows, Weight<T>::room(channels), threads, [&](long row, long count, float *room) {
        weight.multiply(count, x + row * channels, bias, through ? through + row * columns : nullptr, out + row * columns, room);
    });
    weight.end();
    return failed;
}

// Rows of a tensor of which memory holds the last few, or all.
template <typename T>
struct Rows {
    T *first;
    long width, kept;
    T *at(long row) const { return first + row % kept * width; }
};
// left.T @ right of left (R, L) and right (R, N), both of whole vectors, without turning either in memory; and, if asked, the sums of
// left's columns: gradients of a linear layer's weight and bias. `before(row, count)`, if there is one, makes the rows of a piece, of which
// memory holds `span(threads)` at least.
static long span(int threads) { return PIECE * threads; }
template <typename T, typename F>
static int transposed_product(long rows, Rows<const T> left, Rows<const T> right, float *out, float *sums, int threads, F &&before) {
    typedef typename Unit<T>::type U;
    constexpr long DEEP = 96 * Unit<T>::NUMBERS;  // rows at a time
    static_assert(PIECE % DEEP == 0, "a piece is summed in whole steps");
    constexpr bool AS_IT_LIES = sizeof(T) == sizeof(U) && Unit<T>::NUMBERS == 1;  // a copy in panels would cost what it saves
    memset(out, 0, left.width * right.width * sizeof(float));
    if (sums) memset(sums, 0, left.width * sizeof(float));
    const long shares = (right.width + BROAD - 1) / BROAD;
    int failed = 0;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        const long team = omp_get_num_threads(), share = omp_get_thread_num();
        const long begin = share * shares / team * BROAD, next = (share + 1) * shares / team * BROAD;
        const long end = next < right.width ? next : right.width;
        U *room = begin < end ? reinterpret_cast<U *>(scratch(DEEP * (left.width + end - begin))) : nullptr;
        failed |= begin < end && !room;
        for (long first = 0; first < rows; first += span(threads)) {
            const long last = first + span(threads) < rows ? first + span(threads) : rows;
            if constexpr (!std::is_null_pointer_v<F>) {
#pragma omp for schedule(static)
                for (long row = first; row < last; row += PIECE) failed |= before(row, row + PIECE < last ? PIECE : last - row);
            }
            for (long row = first; room && row < last; row += DEEP) {
                const long depth = row + DEEP < last ? DEEP : last - row;
                if (sums && !begin)
                    for (long c = 0; c < left.width; c += LANES) {
                        vec total = {};
                        for (long r = row; r < row + depth; r++) total += load(left.at(r) + c);
                        store(sums + c, load(sums + c) + total);
                    }
                const U *a = across(left.at(row), depth, left.width, room);
                const T *from = right.at(row) + begin;
                U *panels_room = room + DEEP * left.width;
                const U *b = AS_IT_LIES ? reinterpret_cast<const U *>(from) : panels(from, depth, end - begin, panels_room, right.width);
                products<MORE>(1, left.width, end - begin, &a, 1, left.width, units<T>(depth), &b, AS_IT_LIES ? right.width : PANELS,
                               out + begin, right.width);
            }
            if constexpr (!std::is_null_pointer_v<F>) {
#pragma omp barrier
            }
        }
        give_back(room);
    }
    return failed;
}
template <typename T>
static int transposed_product(long rows, long left_width, long right_width, const T *left, const T *right, float *out, float *sums,
                              int threads) {
    const Rows<const T> of_left = {left, left_width, rows}, of_right = {right, right_width, rows};
    return transposed_product<T>(rows, of_left, of_right, out, sums, threads, nullptr);
}

// A linear layer (N, C) of a layer norm, whose result is made anew for the gradients rather than kept.
template <typename T>
static int normed_linear(long rows, long channels, long columns, const T *x, const float *norm, const float *norm_bias, float eps,
                         const float *b, const float *bias, T *out, float *means, float *inverses, int threads) {
    Weight<T> weight = {channels, columns};
    const long floats = PIECE * channels;
    const int failed = weight.begin(b, 1) || in_pieces(rows, floats + Weight<T>::room(channels), threads, [&](long row, long count, float *room) {
        T *normed = reinterpret_cast<T *>(room);
        layer_norm_rows(count, channels, x + row * channels, norm, norm_bias, eps, normed, means + row, inverses + row);
        weight.multiply(count, normed, bias, nullptr, out + row * columns, room + floats);
    });
    weight.end();
    return failed;
}
// Gradients by that of out; `through` is added to that of x.
template <typename T>
static int normed_linear_backward(long rows, long channels, long columns, const T *x, const float *norm, const float *norm_bias,
                                  const float *means, const float *inverses, const float *b, const T *grad, const T *through, T *grad_x,
                                  float *grad_norm, float *grad_norm_bias, float *grad_b, float *grad_bias, int threads) {
    Weight<T> weight = {columns, channels};
    LayerNormBackward<T> layer_norm = {channels, x, norm, means, inverses, through, grad_x};
    const long floats = PIECE * channels;
    T *made = reinterpret_cast<T *>(scratch(span(threads) * channels));
    int failed = !made || weight.begin(b, 0) || layer_norm.begin(rows);
    if (!failed) {
        const Rows<T> normed = {made, channels, span(threads)};
        failed = transposed_product<T>(rows, {grad, columns, rows}, {made, channels, span(threads)}, grad_b, grad_bias, threads,
                                       [&](long row, long count) {
            float *room = scratch(floats + Weight<T>::room(columns));
            if (room) {
                T *of_normed = reinterpret_cast<T *>(room);
                weight.multiply(count, grad + row * columns, nullptr, nullptr, of_normed, room + floats);
                for (long begin = row; begin < row + count; begin += CHUNK)
                    layer_norm.rows(begin, begin + CHUNK < row + count ? begin + CHUNK : row + count, of_normed + (begin - row) * channels,
                                    normed.at(begin), norm_bias);
            }
            give_back(room);
            return !room;
        });
    }
    if (!failed) layer_norm.join(rows, grad_norm, grad_norm_bias);
    layer_norm.end(), weight.end(), give_back(made);
    return failed;
}
