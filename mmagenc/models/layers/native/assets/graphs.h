// Graph convolution over a topology that attention weighs.
//
// B frames, V joints, H heads, D channels of a head's queries and keys, C channels, C' of the result.
#pragma once

#include "products.h"

struct Graphs {
    long joints, heads, dim, channels, out_channels;
    long even() const { return joints + joints % 2; }
    long columns() const { return padded(heads * even()); }
    long apart() const { return padded((heads - 1) * even() + padded(joints)); }  // of rows where a head's vectors may reach beyond it
    long deep() const { return dim + dim % 2; }
    long queries() const { return padded(2 * heads * deep()); }  // of a joint, and its keys
    bool full() const { return queries() == 2 * heads * dim && heads * dim >= LANES; }  // else a vector reaches beyond the tensor
    long graph() const { return joints * columns(); }
    long nodes() const { return joints * channels; }
};
constexpr long MAX_HEADS = 16;

// topology (H, V, V) as (V, columns), filled up with zeros
static void spread_topology(const Graphs &g, const float *topology, float *out) {
    memset(out, 0, g.graph() * sizeof(float));
    for (long h = 0; h < g.heads; h++)
        for (long v = 0; v < g.joints; v++)
            for (long u = 0; u < g.joints; u++) out[u * g.columns() + h * g.even() + v] = topology[(h * g.joints + v) * g.joints + u];
}

// A frame's queries and keys (V, 2, H, D) with D filled up to pairs, and rows to vectors: as they are, or in `room`, which held zeros.
template <typename T>
static const T *filled(const Graphs &g, const T *qk, T *room) {
    if (g.full()) return qk;
    for (long v = 0; v < g.joints; v++)
        for (long i = 0; i < 2 * g.heads; i++)
            memcpy(room + v * g.queries() + i * g.deep(), qk + (v * 2 * g.heads + i) * g.dim, g.dim * sizeof(T));
    return room;
}

// Rows (R, N) of units turned to (N, R), R being whole vectors; next() gives each row in turn, or nothing where zeros stand for one. Reads up
// to a vector beyond the last.
template <typename U, typename F>
static void turn_rows(long rows, long units, U *to, F &&next) {
    for (long begin = 0; begin < rows; begin += LANES) {
        const float *from[LANES];
        for (int i = 0; i < LANES; i++) from[i] = reinterpret_cast<const float *>(next());
        for (long c = 0; c < units; c += LANES) {
            vec block[LANES];
            for (int i = 0; i < LANES; i++) block[i] = from[i] ? load(from[i] + c) : vec{};
            turn(block);
            for (int i = 0; i < LANES; i++)
                if (c + i < units) store(reinterpret_cast<float *>(to + (c + i) * rows + begin), block[i]);
        }
    }
}
// All heads' rows (V, N), `step` apart from head to head, turned to (N, columns): a graph's.
template <typename U>
static void turn_heads(const Graphs &g, long units, const U *from, long step, U *to) {
    long head = 0, joint = 0;
    turn_rows(g.columns(), units, to, [&] {
        const U *row = head < g.heads && joint < g.joints ? from + head * step + joint * units : nullptr;
        if (++joint == g.even()) ++head, joint = 0;
        return row;
    });
}

// A frame's attention times topology, from its queries and keys as units; and the attention itself, if it is to be kept.
template <typename T, typename U>
static void attend(const Graphs &g, const U *qk, float scale, const float *topology, U *turned, float *scores, float *weighted,
                   T *kept) {
    const long deep = g.deep() / Unit<T>::NUMBERS, row = g.queries() / Unit<T>::NUMBERS;
    const long wide = padded(g.joints), columns = g.columns(), apart = g.apart();
    long joint = 0;
    turn_rows(wide, g.heads * deep, turned, [&] { return joint < g.joints ? qk + joint++ * row : nullptr; });
    for (long h = 0; h < g.heads; h++)  // one after the other: what reaches beyond a head is written over
        product(g.joints, wide, qk + (g.heads + h) * deep, row, 1, deep, turned + h * deep * wide, wide, scores + h * g.even(), apart);
    in_blocks(columns, [&](auto block, long c) {
        constexpr int W = decltype(block)::W;
        vec top[W], total[W] = {}, share[W];
        for (int w = 0; w < W; w++) top[w] = load(scores + c + w * LANES) * scale;
        for (long u = 1; u < g.joints; u++)
            for (int w = 0; w < W; w++) top[w] = larger(top[w], load(scores + u * apart + c + w * LANES) * scale);
        for (long u = 0; u < g.joints; u++)
            for (int w = 0; w < W; w++) {
                float *here = scores + u * apart + c + w * LANES;
                const vec power = exponential(load(here) * scale - top[w]);
                store(here, power);
                total[w] += power;
            }
        for (int w = 0; w < W; w++) share[w] = 1.f / total[w];
        for (long u = 0; u < g.joints; u++) {
            vec found[W];
            for (int w = 0; w < W; w++) {
                found[w] = load(scores + u * apart + c + w * LANES) * share[w];
                store(weighted + u * columns + c + w * LANES, found[w] * load(topology + u * columns + c + w * LANES));
            }
            if (kept) store_all<W>(kept + u * columns + c, found);
        }
    });
}

// Joints gathered, head by head: of each head (V, C), `step` apart, from a frame's graph and x, both as units whose sum runs over u.
template <typename T, typename U, typename S>
static void gather(const Graphs &g, const U *graph, const U *x, S *out, long step) {
    for (long h = 0; h < g.heads; h++)
        product(g.joints, g.channels, graph + h * g.even(), 1, g.columns(), units<T>(g.joints), x, g.channels, out + h * step, g.channels);
}

// The same as units whose sum runs over a frame's joints; `room` is for one head.
template <typename T, typename U, typename S>
static void gather_across(const Graphs &g, const U *graph, const U *x, [[maybe_unused]] S *room, U *out, long step) {
    if constexpr (Unit<T>::NUMBERS == 1)
        gather<T>(g, graph, x, out, step);
    else
        for (long h = 0; h < g.heads; h++) {
            product(g.joints, g.channels, graph + h * g.even(), 1, g.columns(), units<T>(g.joints), x, g.channels, room, g.channels);
            across(room, g.joints, g.channels, out + h * step);
        }
}

// From `slope`, the gradient of attention times topology, that of scores, in its place; that of the topology is added to `sums`.
template <typename T>
static void attend_backward(const Graphs &g, const T *attention, const float *topology, float scale, float *sums, float *slope) {
    in_blocks(g.columns(), [&](auto block, long c) {
        constexpr int W = decltype(block)::W;
        vec total[W] = {};
        for (long i = c; i < g.graph(); i += g.columns())
            for (int w = 0; w < W; w++) {
                const long at = i + w * LANES;
                const vec both = load(slope + at) * load(attention + at);
                store(sums + at, load(sums + at) + both);
                total[w] += both * load(topology + at);
            }
        for (long i = c; i < g.graph(); i += g.columns())
            for (int w = 0; w < W; w++) {
                const long at = i + w * LANES;
                store(slope + at, load(attention + at) * (load(slope + at) * load(topology + at) - total[w]) * scale);
            }
    });
}

// Gradients of a frame's queries and keys (V, 2, H, D) by those of scores, which are units whose sum runs over u, and over v; `qk` are units
// whose sum runs over joints.
template <typename T, typename U>
static void scores_backward(const Graphs &g, const U *over_u, const U *over_v, const U *qk, T *grads, T *grad_qk) {
    const long deep = g.deep(), wide = padded(deep), row = g.queries() + LANES, numbers = Unit<T>::NUMBERS;
    for (long h = 0; h < g.heads; h++)  // one after the other, as in `attend`
        product(g.joints, wide, over_u + h * g.even(), 1, g.columns(), units<T>(g.joints), qk + (g.heads + h) * deep, g.queries(),
                grads + h * deep, row);
    for (long h = 0; h < g.heads; h++)
        product(g.joints, wide, over_v + h * g.even() / numbers, g.columns() / numbers, 1, units<T>(g.joints), qk + h * deep, g.queries(),
                grads + (g.heads + h) * deep, row);
    for (long v = 0; v < g.joints; v++) {
        if (g.full())
            memcpy(grad_qk + v * g.queries(), grads + v * row, g.queries() * sizeof(T));
        else
            for (long i = 0; i < 2 * g.heads; i++)
                memcpy(grad_qk + (v * 2 * g.heads + i) * g.dim, grads + v * row + i * deep, g.dim * sizeof(T));
    }
}

// Graph convolution of B frames: joints are gathered by attention times topology, head by head, and the heads' C channels make C' by one
// product. A few frames go through all of it at a time, so that what was gathered, three times as large as the rest, stays in the caches.
constexpr long GROUP = 12;
template <typename U>
struct Stored {
    typedef float type;
};
template <>
struct Stored<pair> {
    typedef bfloat16 type;
};

// x (B, V, C), qk (B, V, 2, H, D), topology (H, V, V), weights (C', H C) to out (B, V, C'), and if asked the attention.
template <typename T>
static int convolve_graphs(long batch, const Graphs &g, const T *x, const T *qk, const float *topology, float scale, const float *weight,
                           T *out, T *kept, int threads) {
    typedef typename Unit<T>::type U;
    typedef typename Stored<U>::type S;
    const long numbers = Unit<T>::NUMBERS, graph = g.graph(), nodes = g.nodes(), queries = g.joints * g.queries(), step = GROUP * nodes;
    const long of_qk = g.joints * 2 * g.heads * g.dim;
    const long deep = g.channels / numbers, each = deep * g.out_channels, turned = g.heads * g.deep() * padded(g.joints);
    float *shared = scratch(graph + g.heads * g.channels * g.out_channels);
    if (!shared) return 1;
    spread_topology(g, topology, shared);
    U *weights = reinterpret_cast<U *>(shared + graph);
    for (long h = 0; h < g.heads; h++)
        turned_panels(weight + h * g.channels, g.out_channels, g.channels, weights + h * each, g.heads * g.channels);
    int failed = 0;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        const long small = g.joints * g.apart() + 2 * graph + 2 * queries + turned + nodes + g.channels;
        float *own = scratch(small + g.heads * step);
        failed |= !own;
        if (own) {
            float *scores = own, *weighted = scores + g.joints * g.apart();
            U *turned_room = reinterpret_cast<U *>(weighted + graph), *graph_room = turned_room + turned, *qk_room = graph_room + graph;
            T *filled_room = reinterpret_cast<T *>(qk_room + queries);
            U *x_room = reinterpret_cast<U *>(filled_room) + queries;
            S *gathered = reinterpret_cast<S *>(x_room + nodes + g.channels);
            memset(own, 0, small * sizeof(float));  // rows are filled up with zeros
#pragma omp for schedule(static) nowait  // a thread without memory does not come here
            for (long first = 0; first < batch; first += GROUP) {
                const long last = first + GROUP < batch ? first + GROUP : batch;
                for (long b = first; b < last; b++) {
                    expect(x + (b + 1) * nodes, nodes);
                    expect(qk + (b + 1) * of_qk, of_qk);
                    const T *whole = filled(g, qk + b * of_qk, filled_room);
                    attend<T>(g, along(whole, queries, qk_room), scale, shared, turned_room, scores, weighted,
                              kept ? kept + b * graph : static_cast<T *>(nullptr));
                    gather<T>(g, across(weighted, g.joints, g.columns(), graph_room), across(x + b * nodes, g.joints, g.channels, x_room),
                              gathered + (b - first) * nodes, step);
                }
                const U *left[MAX_HEADS], *right[MAX_HEADS];
                for (long h = 0; h < g.heads; h++) {
                    left[h] = along(gathered + h * step, 0, static_cast<U *>(nullptr));
                    right[h] = weights + h * each;
                }
                products<NOTHING>(g.heads, (last - first) * g.joints, g.out_channels, left, deep, 1, deep, right, PANELS,
                                  out + first * g.joints * g.out_channels, g.out_channels);
            }
        }
        give_back(own);
    }
    give_back(shared);
    return failed;
}

// Gradients of x, qk, topology (H, V, V) and weights (C', H C) by that of out; `through`, if given, is added to that of x. Those of the
// parameters are summed in parts of the batch, as many whatever the threads.
template <typename T>
static int convolve_graphs_backward(long batch, const Graphs &g, const T *x, const T *qk, const float *topology, float scale,
                                    const float *weight, const T *grad, const T *kept, const T *through, T *grad_x, T *grad_qk,
                                    float *grad_topology, float *grad_weight, int threads) {
    typedef typename Unit<T>::type U;
    typedef typename Stored<U>::type S;
    const long numbers = Unit<T>::NUMBERS, graph = g.graph(), nodes = g.nodes(), queries = g.joints * g.queries(), step = GROUP * nodes;
    const long of_qk = g.joints * 2 * g.heads * g.dim;
    const long outer = g.out_channels, heads = g.heads * g.channels, weights_size = heads * outer;
    const long deep = outer / numbers, inner = g.channels / numbers, each = deep * g.channels;
    const long columns = g.columns(), pairs = units<T>(g.joints), of_gathered = GROUP * pairs * g.channels;
    const long groups = (batch + GROUP - 1) / GROUP, parts = groups < 4 ? 1 : groups / 4 < MOST_PARTS ? groups / 4 : MOST_PARTS;
    float *shared = scratch(graph + weights_size + parts * (graph + weights_size));
    if (!shared) return 1;
    float *sums = shared + graph + weights_size, *weight_sums = sums + parts * graph;
    spread_topology(g, topology, shared);
    U *weights = reinterpret_cast<U *>(shared + graph);
    for (long h = 0; h < g.heads; h++) panels(weight + h * g.channels, outer, g.channels, weights + h * each, heads);
    memset(sums, 0, parts * (graph + weights_size) * sizeof(float));
    int failed = 0;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        const long turned = g.channels * columns, qk_units = queries + g.queries() + LANES, qk_grads = g.joints * (g.queries() + LANES);
        const long small = 2 * graph + 2 * (graph + columns) + 2 * (nodes + g.channels) + turned + qk_units + queries + qk_grads;
        const long of_heads = g.heads * (g.joints + 1) * g.channels, of_grads = GROUP * (g.joints + 1) * outer;
        const long large = of_heads + 2 * of_grads + g.heads * (of_gathered + step) + nodes + LANES;
        float *own = scratch(small + large);
        failed |= !own;
        if (own) {
            float *weighted = own, *slope = weighted + graph;
            U *across_room = reinterpret_cast<U *>(slope + graph), *along_room = across_room + graph + columns;
            U *x_along = along_room + graph + columns, *x_across = x_along + nodes + g.channels, *turned_room = x_across + nodes + g.channels;
            U *qk_across = turned_room + turned;
            T *filled_room = reinterpret_cast<T *>(qk_across + qk_units), *grads = filled_room + queries;
            U *by_across = reinterpret_cast<U *>(own + small), *grad_along = by_across + of_heads;
            U *grad_across = grad_along + of_grads, *gathered = grad_across + of_grads;
            S *gathered_by = reinterpret_cast<S *>(gathered + g.heads * of_gathered), *gather_room = gathered_by + g.heads * step;
            memset(own, 0, small * sizeof(float));  // rows are filled up with zeros
#pragma omp for schedule(static) nowait  // a thread without memory does not come here
            for (long part = 0; part < parts; part++) {
                for (long group = part * groups / parts; group < (part + 1) * groups / parts; group++) {
                    const long first = group * GROUP, last = first + GROUP < batch ? first + GROUP : batch, count = (last - first) * g.joints;
                    const T *group_grad = grad + first * g.joints * outer;
                    const U *grad_units = along(group_grad, count * outer, grad_along);
                    for (long h = 0; h < g.heads; h++)
                        product(count, g.channels, grad_units, deep, 1, deep, weights + h * each, PANELS, gathered_by + h * step,
                                g.channels);
                    for (long b = first; b < last; b++) {
                        const T *attention = kept + b * graph;
                        const T *here = x + b * nodes;
                        expect(here + nodes, nodes);
                        expect(attention + graph, graph);
                        expect(qk + (b + 1) * of_qk, of_qk);
                        for (long i = 0; i < graph; i += LANES) store(weighted + i, load(attention + i) * load(shared + i));
                        gather_across<T>(g, across(weighted, g.joints, columns, across_room), across(here, g.joints, g.channels, x_across),
                                         gather_room, gathered + (b - first) * pairs * g.channels, of_gathered);
                        const S *by = gathered_by + (b - first) * nodes;
                        const U *left[MAX_HEADS], *right[MAX_HEADS];
                        for (long h = 0; h < g.heads; h++) {
                            left[h] = along(weighted, graph, along_room) + h * g.even() / numbers;
                            right[h] = across(by + h * step, g.joints, g.channels, by_across + h * (g.joints + 1) * g.channels);
                        }
                        if (through)
                            products<OTHER>(g.heads, g.joints, g.channels, left, columns / numbers, 1, pairs, right, g.channels,
                                            grad_x + b * nodes, g.channels, through + b * nodes);
                        else
                            products<NOTHING>(g.heads, g.joints, g.channels, left, columns / numbers, 1, pairs, right, g.channels,
                                              grad_x + b * nodes, g.channels);
                        turn_heads(g, inner, along(by, 0, static_cast<U *>(nullptr)), step / numbers, turned_room);
                        product(g.joints, columns, along(here, nodes, x_along), inner, 1, inner, turned_room, columns, slope, columns);
                        attend_backward(g, attention, shared, scale, sums + part * graph, slope);
                        const T *whole = filled(g, qk + b * of_qk, filled_room);
                        scores_backward<T>(g, across(slope, g.joints, columns, across_room), along(slope, graph, along_room),
                                           copied_across(whole, g.joints, g.queries(), qk_across), grads,
                                           grad_qk + b * of_qk);
                    }
                    const bool even = pairs * numbers == g.joints;
                    const U *left = even ? across(group_grad, count, outer, grad_across) : grad_across;
                    for (long b = first; b < last && !even; b++)
                        across(grad + b * g.joints * outer, g.joints, outer, grad_across + (b - first) * pairs * outer);
                    for (long h = 0; h < g.heads; h++) {
                        const U *right = gathered + h * of_gathered;
                        products<MORE>(1, outer, g.channels, &left, 1, outer, (last - first) * pairs, &right, g.channels,
                                       weight_sums + part * weights_size + h * g.channels, heads);
                    }
                }
            }
        }
        give_back(own);
    }
    for (long h = 0; h < g.heads; h++)
        for (long v = 0; v < g.joints; v++)
            for (long u = 0; u < g.joints; u++) {
                float total = 0;
                for (long part = 0; part < parts; part++) total += sums[part * graph + u * columns + h * g.even() + v];
                grad_topology[(h * g.joints + v) * g.joints + u] = total;
            }
    join_parts(parts, weights_size, weight_sums, grad_weight);
    give_back(shared);
    return failed;
}
