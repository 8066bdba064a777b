// Graph convolution over a topology that attention weighs.
//
// B frames, V joints, H heads, D channels of a head's queries and keys, C channels, C' of the result.
#pragma once

#include "products.h"

struct Graphs {
    long joints, heads, dim, channels, out_channels;
    long width() const { return padded(joints); }            // of a row of a graph
    long rows() const { return joints * heads; }             // of a graph: heads of a joint follow each other
    long deep() const { return padded(dim); }                // of a head's query, filled up
};

// topology (H, V, V) as rows (V, H) of padded width
static void spread_topology(const Graphs &g, const float *topology, float *out) {
    memset(out, 0, g.rows() * g.width() * sizeof(float));
    for (long h = 0; h < g.heads; h++)
        for (long v = 0; v < g.joints; v++)
            memcpy(out + (v * g.heads + h) * g.width(), topology + (h * g.joints + v) * g.joints, g.joints * sizeof(float));
}

// A frame's queries and keys (V, 2, H, D) as float (2, H, V, D), rows padded.
template <typename T>
static void part_heads(const Graphs &g, const T *qk, float *out) {
    for (long v = 0; v < g.joints; v++)
        for (long part = 0; part < 2 * g.heads; part++) {
            const T *from = qk + (v * 2 * g.heads + part) * g.dim;
            float *to = out + (part * g.joints + v) * g.deep();
            long d = 0;
            for (; d + LANES <= g.dim; d += LANES) store(to + d, load(from + d));
            for (; d + 8 <= g.dim; d += 8) copy_eight(from + d, to + d);
            for (; d < g.dim; d++) to[d] = value(from[d]);
        }
}

// A frame's attention (rows (V, H), padded with zeros) from its queries and keys (2, H, V, D).
static void attend(const Graphs &g, const float *plain, float scale, float *turned, float *attention) {
    const long width = g.width(), deep = g.deep();
    for (long row = 0; row < g.rows(); row++) {
        const float *key = plain + (g.rows() + row) * deep;
        float *to = turned + row / g.joints * g.dim * width + row % g.joints;
        for (long d = 0; d < g.dim; d++) to[d * width] = scale * key[d];
    }
    for (long h = 0; h < g.heads; h++)
        product(g.joints, width, plain + h * g.joints * deep, deep, 1, g.dim, turned + h * g.dim * width, width, attention + h * width,
                g.heads * width);
    vec inside[8];  // -inf where a row is filled up
    const long count = width / LANES;
    for (long i = 0; i < count; i++)
        for (long lane = 0; lane < LANES; lane++) inside[i][lane] = i * LANES + lane < g.joints ? 0.f : -INFINITY;
    for (long row = 0; row < g.rows(); row++) {
        float *values = attention + row * width;
        vec top = load(values) + inside[0], total = {};
        for (long i = 1; i < count; i++) top = larger(top, load(values + i * LANES) + inside[i]);
        const float peak = maximum(top);
        for (long i = 0; i < count; i++) {
            const vec power = exponential(load(values + i * LANES) - peak);
            const vec kept = reinterpret_cast<vec>(reinterpret_cast<ivec>(power) & (inside[i] == vec{}));
            store(values + i * LANES, kept);
            total += kept;
        }
        const vec share = all(1.f / sum(total));
        for (long i = 0; i < count; i++) store(values + i * LANES, load(values + i * LANES) * share);
    }
}

// From `slope`, the gradient of attention times topology, those of queries and keys (V, 2, H, D); that of the topology is added to `sums`.
template <typename T>
static void attend_backward(const Graphs &g, const float *plain, const float *attention, const float *topology, float scale, float *sums,
                            float *slope, float *grads, T *grad_qk) {
    const long width = g.width(), deep = g.deep();
    for (long at = 0; at < g.rows() * width; at += width) {
        vec total = {};
        for (long i = at; i < at + width; i += LANES) {
            const vec both = load(slope + i) * load(attention + i);
            store(sums + i, load(sums + i) + both);
            total += both * load(topology + i);
        }
        const vec mean = all(sum(total));
        for (long i = at; i < at + width; i += LANES)
            store(slope + i, load(attention + i) * (load(slope + i) * load(topology + i) - mean) * scale);
    }
    for (long h = 0; h < g.heads; h++) {
        const long queried = h * g.joints * deep, keyed = (g.heads + h) * g.joints * deep, row = g.heads * width;
        product(g.joints, deep, slope + h * width, row, 1, g.joints, plain + keyed, deep, grads + queried, deep);
        product(g.joints, deep, slope + h * width, 1, row, g.joints, plain + queried, deep, grads + keyed, deep);
    }
    for (long v = 0; v < g.joints; v++)
        for (long half = 0; half < 2 * g.heads; half++) {
            const float *from = grads + (half * g.joints + v) * deep;
            T *to = grad_qk + (v * 2 * g.heads + half) * g.dim;
            long d = 0;
            for (; d + LANES <= g.dim; d += LANES) store(to + d, load(from + d));
            if (d < g.dim) {
                T last[LANES];
                store(last, load(from + d));
                memcpy(to + d, last, (g.dim - d) * sizeof(T));
            }
        }
}

// Graph convolution of B frames: joints are gathered by attention times topology, head by head, and the heads' C channels make C' by one
// product. A few frames go through all of it at a time, so that what was gathered, three times as large as the rest, stays in the caches.
constexpr long GROUP = 8;
template <typename U>
struct Stored {
    typedef float type;
};
template <>
struct Stored<pair> {
    typedef bfloat16 type;
};

// x (B, V, C), qk (B, V, 2, H, D), topology (H, V, V), weights (C', H C) to out (B, V, C'), and if asked the attention as rows.
template <typename T>
static int convolve_graphs(long batch, const Graphs &g, const T *x, const T *qk, const float *topology, float scale, const float *weight,
                           T *out, float *kept, int threads) {
    typedef typename Unit<T>::type U;
    typedef typename Stored<U>::type S;
    const long width = g.width(), graph = g.rows() * width, nodes = g.joints * g.channels, gathered = g.heads * nodes;
    const long numbers = Unit<T>::NUMBERS, deep = g.heads * g.channels, queries = 2 * g.rows() * g.deep(), keys = g.heads * g.dim * width;
    float *shared = scratch(graph + deep * g.out_channels);
    if (!shared) return 1;
    spread_topology(g, topology, shared);
    const U *weights = turned_across(weight, g.out_channels, deep, reinterpret_cast<U *>(shared + graph));
    int failed = 0;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        const long room = 3 * graph + queries + keys + nodes + g.channels + (GROUP + 1) * gathered;
        float *own = scratch(room);
        failed |= !own;
        if (own) {
            float *weighted = own, *attention = own + graph, *plain = attention + graph, *keyed = plain + queries;
            U *graph_room = reinterpret_cast<U *>(keyed + keys), *x_room = graph_room + graph;
            S *group = reinterpret_cast<S *>(x_room + nodes + g.channels);
            memset(own, 0, (room - (GROUP + 1) * gathered) * sizeof(float));  // rows are filled up with zeros
#pragma omp for schedule(static) nowait  // a thread without memory does not come here
            for (long first = 0; first < batch; first += GROUP) {
                const long last = first + GROUP < batch ? first + GROUP : batch;
                for (long b = first; b < last; b++) {
                    expect(x + (b + 1) * nodes, nodes);
                    part_heads(g, qk + b * 2 * g.rows() * g.dim, plain);
                    attend(g, plain, scale, keyed, attention);
                    for (long i = 0; i < graph; i += LANES) store(weighted + i, load(attention + i) * load(shared + i));
                    if (kept)
                        for (long i = 0; i < graph; i += LANES) write_past(kept + b * graph + i, load(attention + i));
                    product(g.rows(), g.channels, along(weighted, graph, graph_room), width / numbers, 1, units<T>(g.joints),
                            across(x + b * nodes, g.joints, g.channels, x_room), g.channels, group + (b - first) * gathered, g.channels);
                }
                const U *all_heads = along(group, (last - first) * gathered, static_cast<U *>(nullptr));
                product((last - first) * g.joints, g.out_channels, all_heads, deep / numbers, 1, deep / numbers, weights, g.out_channels,
                        out + first * g.joints * g.out_channels, g.out_channels);
            }
        }
        give_back(own);
        written();
    }
    give_back(shared);
    return failed;
}

// Gradients of x, qk, topology (H, V, V) and weights (C', H C) by that of out; `through`, if given, is added to that of x. Those of the
// parameters are summed in parts of the batch, as many whatever the threads.
template <typename T>
static int convolve_graphs_backward(long batch, const Graphs &g, const T *x, const T *qk, const float *topology, float scale,
                                    const float *weight, const T *grad, const float *kept, const T *through, T *grad_x, T *grad_qk,
                                    float *grad_topology, float *grad_weight, int threads) {
    typedef typename Unit<T>::type U;
    typedef typename Stored<U>::type S;
    const long width = g.width(), deep = g.deep(), graph = g.rows() * width, nodes = g.joints * g.channels, gathered = g.heads * nodes;
    const long queries = 2 * g.rows() * deep, numbers = Unit<T>::NUMBERS, heads = g.heads * g.channels, outer = g.out_channels;
    const long weights_size = heads * outer, rows = GROUP * g.joints;
    const long parts = batch / (4 * GROUP) < 1 ? 1 : batch / (4 * GROUP) < MOST_PARTS ? batch / (4 * GROUP) : MOST_PARTS;
    float *shared = scratch(graph + (outer + 1) * heads + parts * (graph + weights_size));
    if (!shared) return 1;
    float *sums = shared + graph + (outer + 1) * heads, *weight_sums = sums + parts * graph;
    spread_topology(g, topology, shared);
    const U *weights = across(weight, outer, heads, reinterpret_cast<U *>(shared + graph));
    memset(sums, 0, parts * (graph + weights_size) * sizeof(float));
    int failed = 0;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        const long small = 2 * graph + 2 * queries + 2 * nodes + 2 * g.channels * width + graph + width;
        const long room = small + 5 * (rows + 1) * heads + 3 * (rows + 1) * outer;
        float *own = scratch(room);
        failed |= !own;
        if (own) {
            float *weighted = own, *slope = weighted + graph, *plain = slope + graph, *grads = plain + queries;
            U *x_along = reinterpret_cast<U *>(grads + queries), *x_across = x_along + nodes;
            U *turned_x = x_across + nodes + g.channels, *graph_room = turned_x + g.channels * width;
            U *group_across = reinterpret_cast<U *>(own + small), *by_along = group_across + (rows + 1) * heads;
            U *by_across = by_along + (rows + 1) * heads, *grad_along = by_across + (rows + 1) * heads;
            U *grad_across = grad_along + (rows + 1) * outer;
            S *group = reinterpret_cast<S *>(grad_across + (rows + 1) * outer), *group_by = group + (rows + 1) * heads;
            memset(own, 0, small * sizeof(float));  // rows are filled up with zeros
#pragma omp for schedule(static) nowait  // a thread without memory does not come here
            for (long part = 0; part < parts; part++) {
                const long end = (part + 1) * batch / parts;
                float *part_sums = sums + part * graph;
                for (long first = part * batch / parts; first < end; first += GROUP) {
                    const long last = first + GROUP < end ? first + GROUP : end, count = (last - first) * g.joints;
                    const T *group_grad = grad + first * g.joints * outer;
                    product(count, heads, along(group_grad, count * outer, grad_along), outer / numbers, 1, outer / numbers, weights, heads,
                            group_by, heads);
                    for (long b = first; b < last; b++) {
                        const float *attention = kept + b * graph;
                        const T *here = x + b * nodes;
                        expect(here + nodes, nodes);
                        expect(attention + graph, graph);
                        for (long i = 0; i < graph; i += LANES) store(weighted + i, load(attention + i) * load(shared + i));
                        product(g.rows(), g.channels, along(weighted, graph, graph_room), width / numbers, 1, units<T>(g.joints),
                                across(here, g.joints, g.channels, x_across), g.channels, group + (b - first) * gathered, g.channels);
                        const S *by = group_by + (b - first) * gathered;
                        const U *left = across(weighted, g.rows(), width, graph_room);
                        const U *right = across(by, g.rows(), g.channels, by_across);
                        if (through)
                            products<OTHER>(1, g.joints, g.channels, &left, 1, width, units<T>(g.rows()), &right, g.channels,
                                            grad_x + b * nodes, g.channels, through + b * nodes);
                        else
                            product(g.joints, g.channels, left, 1, width, units<T>(g.rows()), right, g.channels, grad_x + b * nodes,
                                    g.channels);
                        const long half = g.channels / numbers;
                        const U *inner = along(here, nodes, x_along);
                        for (long v = 0; v < g.joints; v++)
                            for (long c = 0; c < half; c++) turned_x[c * width + v] = inner[v * half + c];
                        product(g.rows(), width, along(by, gathered, by_along), half, 1, half, turned_x, width, slope, width);
                        part_heads(g, qk + b * 2 * g.rows() * g.dim, plain);
                        attend_backward(g, plain, attention, shared, scale, part_sums, slope, grads, grad_qk + b * 2 * g.rows() * g.dim);
                    }
                    const U *left = across(group_grad, count, outer, grad_across), *right = across(group, count, heads, group_across);
                    products<MORE>(1, outer, heads, &left, 1, outer, units<T>(count), &right, heads, weight_sums + part * weights_size,
                                   heads);
                }
            }
        }
        give_back(own);
    }
    for (long h = 0; h < g.heads; h++)
        for (long v = 0; v < g.joints; v++)
            for (long u = 0; u < g.joints; u++) {
                float total = 0;
                for (long part = 0; part < parts; part++) total += sums[part * graph + (v * g.heads + h) * width + u];
                grad_topology[(h * g.joints + v) * g.joints + u] = total;
            }
    join_parts(parts, weights_size, weight_sums, grad_weight);
    give_back(shared);
    return failed;
}
