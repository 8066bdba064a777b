// Convolution and maximum over frames.
#pragma once

#include "products.h"

// N clips of T frames of V joints, C channels to C'; K taps, `dilation` frames apart, of weights (K, C, C'); frames outside are zeros.
struct Frames {
    long clips, frames, joints, channels, out_channels, taps, stride, dilation;
    long out_frames() const { return (frames - 1) / stride + 1; }
    long shift(long tap) const { return (tap - taps / 2) * dilation; }
};
constexpr long MAX_TAPS = 16;

// Weights (K, R, N) as units whose sum runs over R, panel by panel.
template <typename U>
static const U *taps_across(const Frames &f, const float *weight, long rows, long columns, U *room, long numbers) {
    for (long tap = 0; tap < f.taps; tap++)
        panels(weight + tap * rows * columns, rows, columns, room + tap * rows / numbers * columns, columns);
    return room;
}

template <typename T>
static int temporal_convolution(const Frames &f, const T *x, const float *weight, T *out, int threads) {
    typedef typename Unit<T>::type U;
    const long step = f.joints * f.channels, out_step = f.joints * f.out_channels, reach = f.taps / 2 * f.dilation;
    const long numbers = Unit<T>::NUMBERS, deep = f.channels / numbers;
    U *room = reinterpret_cast<U *>(scratch(f.taps * deep * f.out_channels));
    if (!room) return 1;
    const U *weights = taps_across(f, weight, f.channels, f.out_channels, room, numbers);
    int failed = 0;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        U *own = reinterpret_cast<U *>(scratch(f.frames * step));
        failed |= !own;
        if (own) {
#pragma omp for schedule(static) nowait  // a thread without memory does not come here
            for (long n = 0; n < f.clips; n++) {
                const U *clip = along(x + n * f.frames * step, f.frames * step, own);
                for (long t = 0; t < f.out_frames();) {
                    const U *a[MAX_TAPS], *b[MAX_TAPS];
                    long taps = 0, many = 1;  // frames in which all taps are inside follow each other in memory: one product
                    if (f.stride == 1 && t >= reach && t + reach < f.frames) many = f.frames - reach - t;
                    for (long tap = 0; tap < f.taps; tap++) {
                        const long frame = t * f.stride + f.shift(tap);
                        if (frame < 0 || frame >= f.frames) continue;
                        a[taps] = clip + frame * step / numbers;
                        b[taps++] = weights + tap * deep * f.out_channels;
                    }
                    products<NOTHING>(taps, many * f.joints, f.out_channels, a, deep, 1, deep, b, PANELS,
                                      out + (n * f.out_frames() + t) * out_step, f.out_channels);
                    t += many;
                }
            }
        }
        give_back(own);
    }
    give_back(room);
    return failed;
}

// `turned` are weights (K, C', C). Gradients of weights are (K, C, C').
template <typename T>
static int temporal_convolution_backward(const Frames &f, const T *x, const float *turned, const T *grad, T *grad_x, float *grad_weight,
                                         int threads) {
    typedef typename Unit<T>::type U;
    const long step = f.joints * f.channels, out_step = f.joints * f.out_channels, out_frames = f.out_frames();
    const long reach = f.taps / 2 * f.dilation, each = f.channels * f.out_channels, parts = f.clips < MOST_PARTS ? f.clips : MOST_PARTS;
    const long numbers = Unit<T>::NUMBERS, deep = f.out_channels / numbers, pairs = units<T>(f.joints);
    float *found = scratch(f.taps * each * (parts + 1));
    if (!found) return 1;
    const U *weights = taps_across(f, turned, f.out_channels, f.channels, reinterpret_cast<U *>(found + parts * f.taps * each), numbers);
    int failed = 0;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        const long x_room = f.frames * pairs * f.channels, grad_room = out_frames * pairs * f.out_channels;
        U *own = reinterpret_cast<U *>(scratch(x_room + grad_room + out_frames * out_step));
        const U **a = static_cast<const U **>(malloc(2 * (f.frames + MAX_TAPS) * sizeof(U *))), **b = a + f.frames + MAX_TAPS;
        failed |= !own || !a;
        if (own && a) {
            U *grad_units = own + x_room, *along_room = grad_units + grad_room;
#pragma omp for schedule(static) nowait  // a thread without memory does not come here
            for (long part = 0; part < parts; part++) {
                float *sums = found + part * f.taps * each;
                memset(sums, 0, f.taps * each * sizeof(float));
                for (long n = part * f.clips / parts; n < (part + 1) * f.clips / parts; n++) {
                    const T *clip = x + n * f.frames * step, *by = grad + n * out_frames * out_step;
                    const U *by_units = along(by, out_frames * out_step, along_room);
                    for (long t = 0; t < f.frames;) {
                        long taps = 0, many = 1;
                        if (f.stride == 1 && t >= reach && t + reach < f.frames) many = f.frames - reach - t;
                        for (long tap = 0; tap < f.taps; tap++) {
                            const long frame = t - f.shift(tap);
                            if (frame < 0 || frame % f.stride || frame / f.stride >= out_frames) continue;
                            a[taps] = by_units + frame / f.stride * out_step / numbers;
                            b[taps++] = weights + tap * deep * f.channels;
                        }
                        products<NOTHING>(taps, many * f.joints, f.channels, a, deep, 1, deep, b, PANELS,
                                          grad_x + (n * f.frames + t) * step, f.channels);
                        t += many;
                    }
                    const U *x_frames = nullptr, *grad_frames = nullptr;  // each frame's joints as units
                    for (long t = f.frames - 1; t >= 0; t--)
                        x_frames = across(clip + t * step, f.joints, f.channels, own + t * pairs * f.channels);
                    for (long t = out_frames - 1; t >= 0; t--)
                        grad_frames = across(by + t * out_step, f.joints, f.out_channels, grad_units + t * pairs * f.out_channels);
                    for (long tap = 0; tap < f.taps; tap++) {
                        long count = 0;
                        for (long t = 0; t < out_frames; t++) {
                            const long frame = t * f.stride + f.shift(tap);
                            if (frame < 0 || frame >= f.frames) continue;
                            a[count] = x_frames + frame * pairs * f.channels;
                            b[count++] = grad_frames + t * pairs * f.out_channels;
                        }
                        products<MORE>(count, f.channels, f.out_channels, a, 1, f.channels, pairs, b, f.out_channels, sums + tap * each,
                                       f.out_channels);
                    }
                }
            }
        }
        give_back(own);
        free(a);
    }
    if (!failed) join_parts(parts, f.taps * each, found, grad_weight);
    give_back(found);
    return failed;
}

// Maximum of a frame and its neighbours, of what is there: the first of equals, and what is no number.
static inline vec later(vec best, vec next) { return (next > best) | (next != next) ? next : best; }

template <typename T>
static void peak(const Frames &f, const T *x, T *out, int threads) {
    const long step = f.joints * f.channels;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (long row = 0; row < f.clips * f.out_frames(); row++) {
        const long n = row / f.out_frames(), t = row % f.out_frames() * f.stride;
        const T *from = x + (n * f.frames + t) * step;
        for (long c = 0; c < step; c += LANES) {
            vec best = t ? load(from - step + c) : load(from + c);
            if (t) best = later(best, load(from + c));
            if (t + 1 < f.frames) best = later(best, load(from + step + c));
            store(out + row * step + c, best);
        }
    }
}
// Each window's gradient goes to the frame whose maximum it is, as `later` finds it.
template <typename T>
static void peak_backward(const Frames &f, const T *x, const T *grad, T *grad_x, int threads) {
    const long step = f.joints * f.channels, width = 4 * LANES, strips = (step + width - 1) / width;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (long strip = 0; strip < f.clips * strips; strip++) {
        const long clip = strip / strips, first = strip % strips * width;
        in_blocks(first + width < step ? width : step - first, [&](auto block, long c) {
            constexpr int W = decltype(block)::W;
            const T *from = x + clip * f.frames * step + first + c, *by = grad + clip * f.out_frames() * step + first + c;
            T *to = grad_x + clip * f.frames * step + first + c;
            vec before[W], here[W], of_before[W] = {}, of_here[W] = {};
            for (int w = 0; w < W; w++) before[w] = here[w] = load(from + w * LANES);
            for (long t = 0; t < f.frames; t++) {
                const bool last = t + 1 == f.frames, window = t % f.stride == 0;
                expect(from + t * step + width, W * LANES);  // the next strip's
                if (window) expect(by + t / f.stride * step + width, W * LANES);
                for (int w = 0; w < W; w++) {
                    const vec after = last ? here[w] : load(from + (t + 1) * step + w * LANES);
                    vec of_after = {};
                    if (window) {
                        const vec passed = load(by + t / f.stride * step + w * LANES);
                        const ivec mine = t ? (here[w] > before[w]) | (here[w] != here[w]) : ivec{} - 1;
                        const vec best = mine ? here[w] : before[w];
                        const ivec next = last ? ivec{} : (after > best) | (after != after);
                        of_before[w] += next | mine ? vec{} : passed;
                        of_here[w] += ~next & mine ? passed : vec{};
                        of_after = next ? passed : vec{};
                    }
                    if (t) store(to + (t - 1) * step + w * LANES, of_before[w]);
                    before[w] = here[w], here[w] = after, of_before[w] = of_here[w], of_here[w] = of_after;
                }
            }
            for (int w = 0; w < W; w++) store(to + (f.frames - 1) * step + w * LANES, of_before[w]);
        });
    }
}
