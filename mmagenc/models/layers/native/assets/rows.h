// Linear layers of many rows.
#pragma once

#include "products.h"

// x (R, C) times b, which is (C, N) or, turned, (N, C), beginning at a row (a bias) or at a tensor of out's shape, if one is given: a linear
// layer and its gradient.
template <typename T>
static int linear(long rows, long channels, long columns, const T *x, const float *b, int turned, const float *bias, const T *through, T *out,
                  int threads) {
    typedef typename Unit<T>::type U;
    constexpr long BLOCK = 120;
    const long deep = channels / Unit<T>::NUMBERS;
    U *shared = reinterpret_cast<U *>(scratch(channels * columns));
    if (!shared) return 1;
    const U *right = turned ? turned_panels(b, columns, channels, shared, channels) : panels(b, channels, columns, shared, columns);
    int failed = 0;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        U *own = reinterpret_cast<U *>(scratch(BLOCK * channels));
        failed |= !own;
        if (own) {
#pragma omp for schedule(static) nowait  // a thread without memory does not come here
            for (long row = 0; row < rows; row += BLOCK) {
                const long count = row + BLOCK < rows ? BLOCK : rows - row;
                const U *left = along(x + row * channels, count * channels, own);
                T *to = out + row * columns;
                if (through)
                    products<OTHER>(1, count, columns, &left, deep, 1, deep, &right, PANELS, to, columns, through + row * columns);
                else if (bias)
                    products<ROW>(1, count, columns, &left, deep, 1, deep, &right, PANELS, to, columns, bias);
                else
                    products<NOTHING>(1, count, columns, &left, deep, 1, deep, &right, PANELS, to, columns);
            }
        }
        give_back(own);
    }
    give_back(shared);
    return failed;
}

// left.T @ right of left (R, L) and right (R, N), both of whole vectors, without turning either in memory; and, if asked, the sums of
// left's columns: gradients of a linear layer's weight and bias.
template <typename T>
static int transposed_product(long rows, long left_width, long right_width, const T *left, const T *right, float *out, float *sums,
                              int threads) {
    typedef typename Unit<T>::type U;
    constexpr long DEEP = 96 * Unit<T>::NUMBERS;  // rows at a time
    constexpr bool AS_IT_LIES = sizeof(T) == sizeof(U) && Unit<T>::NUMBERS == 1;  // a copy in panels would cost what it saves
    memset(out, 0, left_width * right_width * sizeof(float));
    if (sums) memset(sums, 0, left_width * sizeof(float));
    const long shares = (right_width + BROAD - 1) / BROAD;
    int failed = 0;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(| : failed)
    for (long share = 0; share < threads; share++) {
        const long begin = share * shares / threads * BROAD, next = (share + 1) * shares / threads * BROAD;
        const long end = next < right_width ? next : right_width;
        U *room = begin < end ? reinterpret_cast<U *>(scratch(DEEP * (left_width + end - begin))) : nullptr;
        failed |= begin < end && !room;
        for (long row = 0; room && row < rows; row += DEEP) {
            const long depth = row + DEEP < rows ? DEEP : rows - row;
            if (sums && !begin)
                for (long c = 0; c < left_width; c += LANES) {
                    vec total = {};
                    for (long r = row; r < row + depth; r++) total += load(left + r * left_width + c);
                    store(sums + c, load(sums + c) + total);
                }
            const U *a = across(left + row * left_width, depth, left_width, room);
            const T *from = right + row * right_width + begin;
            U *panels_room = room + DEEP * left_width;
            const U *b = AS_IT_LIES ? reinterpret_cast<const U *>(from) : panels(from, depth, end - begin, panels_room, right_width);
            products<MORE>(1, left_width, end - begin, &a, 1, left_width, units<T>(depth), &b, AS_IT_LIES ? right_width : PANELS,
                           out + begin, right_width);
        }
        give_back(room);
    }
    return failed;
}
