// Products of small matrices, and the working space of all kernels.
#pragma once

#include "vectors.h"

constexpr long MOST_PARTS = 16;  // of a batch, in which gradients of parameters are summed, whatever the threads

// Call f for all numbers of a row, W vectors at a time.
template <int N>
struct Width {
    static constexpr int W = N;
};
template <typename F>
static inline __attribute__((always_inline)) void in_blocks(long numbers, F &&f) {
    long c = 0;
    for (; c + 4 * LANES <= numbers; c += 4 * LANES) f(Width<4>{}, c);
    for (; c < numbers; c += LANES) f(Width<1>{}, c);
}

// What products are made of: numbers in float, or, where the processor multiplies them, pairs of numbers in bfloat16.
typedef uint32_t pair;
static inline vec load_wide(const float *p) { return load(p); }
static inline vec multiply(vec sum, float a, vec b) { return sum + all(a) * b; }
#ifdef __AVX512BF16__
static inline __m512i load_wide(const pair *p) { return _mm512_loadu_si512(p); }
static inline vec multiply(vec sum, pair a, __m512i b) {
    return reinterpret_cast<vec>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sum), reinterpret_cast<__m512bh>(_mm512_set1_epi32(a)),
                                                  reinterpret_cast<__m512bh>(b)));
}
#endif
template <typename T>
struct Unit {
    typedef float type;
    static constexpr long NUMBERS = 1;
};
#ifdef __AVX512BF16__
template <>
struct Unit<bfloat16> {
    typedef pair type;
    static constexpr long NUMBERS = 2;
};
#endif
template <typename T>
static inline long units(long numbers) {
    return (numbers + Unit<T>::NUMBERS - 1) / Unit<T>::NUMBERS;
}

// Where sums begin: at nothing, at what is in `out`, at a row that is the same for all, or at another tensor that lies as `out` does.
enum Start { NOTHING, MORE, ROW, OTHER };
template <Start START, typename T>
struct Begin {
    typedef float type;
};
template <typename T>
struct Begin<OTHER, T> {
    typedef T type;
};

// out[r][n] (+)= sum over taps i and k of a[i][r * a_row + k * a_step] * b[i][k * b_row + n], for R rows and W vectors.
template <int R, int W, Start START, typename U, typename T>
static inline __attribute__((always_inline)) void tile(long taps, const U *const *a, long a_at, long a_row, long a_step, long depth,
                                                       const U *const *b, long b_at, long b_row, T *out, long out_row,
                                                       const typename Begin<START, T>::type *start) {
    vec sums[R][W];
    for (int r = 0; r < R; r++)
        for (int w = 0; w < W; w++) {
            if constexpr (START == MORE) sums[r][w] = load(out + r * out_row + w * LANES);
            if constexpr (START == ROW) sums[r][w] = load(start + w * LANES);
            if constexpr (START == OTHER) sums[r][w] = load(start + r * out_row + w * LANES);
            if constexpr (START == NOTHING) sums[r][w] = vec{};
        }
    for (long i = 0; i < taps; i++) {
        const U *left = a[i] + a_at, *right = b[i] + b_at;
        for (long k = 0; k < depth; k++, left += a_step, right += b_row) {
            decltype(load_wide(right)) wide[W];
            for (int w = 0; w < W; w++) wide[w] = load_wide(right + w * LANES);
            for (int r = 0; r < R; r++)
                for (int w = 0; w < W; w++) sums[r][w] = multiply(sums[r][w], left[r * a_row], wide[w]);
        }
    }
    for (int r = 0; r < R; r++) store_all<W>(out + r * out_row, sums[r]);
}
template <int R, int W, Start START, typename U, typename T>
static long strips(long r, long taps, long rows, const U *const *a, long a_row, long a_step, long depth, const U *const *b, long b_at,
                   long b_row, T *out, long out_row, const typename Begin<START, T>::type *start) {
    for (; r + R <= rows; r += R)
        tile<R, W, START>(taps, a, r * a_row, a_row, a_step, depth, b, b_at, b_row, out + r * out_row, out_row,
                          START == OTHER ? start + r * out_row : start);
    return r;
}
// As many rows at a time as sums find registers for; a number that divides them all, if there is one, so that no strip of few is left.
template <int W, Start START, typename U, typename T>
static void panel(long taps, long rows, const U *const *a, long a_row, long a_step, long depth, const U *const *b, long b_at, long b_row,
                  T *out, long out_row, const typename Begin<START, T>::type *start) {
    constexpr int MOST = MANY_REGISTERS ? (W == 4 ? 6 : W == 3 ? 8 : 10) : (W > 2 ? 2 : W == 2 ? 5 : 10);
    constexpr int OTHER = MOST > 6 ? 8 : MOST > 5 ? 5 : MOST;
    long r = 0;
#define STRIPS(R) r = strips<R, W, START>(r, taps, rows, a, a_row, a_step, depth, b, b_at, b_row, out, out_row, start)
    if (rows % MOST == 0) STRIPS(MOST);
    if (rows % OTHER == 0) STRIPS(OTHER);
    STRIPS(MOST);
    STRIPS((MOST > 4 ? 4 : 2));
    STRIPS(2);
    STRIPS(1);
#undef STRIPS
}
// Columns are taken a panel at a time. A broad b lies panel by panel (PANELS in the place of its row): a panel's rows would be far apart
// otherwise, in the same few sets of the nearest cache.
constexpr int MOST_VECTORS = MANY_REGISTERS ? 4 : 2;
constexpr long BROAD = MOST_VECTORS * LANES, PANELS = 0;
static inline long panel_width(long columns, long first) { return columns - first < BROAD ? columns - first : BROAD; }
template <Start START, typename U, typename T>
static void products(long taps, long rows, long columns, const U *const *a, long a_row, long a_step, long depth, const U *const *b,
                     long b_row, T *out, long out_row, const typename Begin<START, T>::type *start = nullptr) {
    constexpr int MOST = MOST_VECTORS;
    for (long n = 0; n < columns; n += BROAD) {
        const long width = panel_width(columns, n), left = width / LANES;
        const long at = b_row == PANELS ? n * depth : n, row = b_row == PANELS ? width : b_row;
#define PANEL(W) panel<W, START>(taps, rows, a, a_row, a_step, depth, b, at, row, out + n, out_row, start ? start + n : nullptr)
        if (left == MOST)
            PANEL(MOST);
        else if (left == 3)
            PANEL((MOST > 3 ? 3 : 1));
        else if (left == 2)
            PANEL(2);
        else
            PANEL(1);
#undef PANEL
    }
}
template <typename U, typename T>
static void product(long rows, long columns, const U *a, long a_row, long a_step, long depth, const U *b, long b_row, T *out,
                    long out_row) {
    products<NOTHING>(1, rows, columns, &a, a_row, a_step, depth, &b, b_row, out, out_row);
}
// Sums of several parts, which follow each other, in one.
static void join_parts(long parts, long count, const float *sums, float *out) {
    for (long i = 0; i < count; i += LANES) {
        vec total = {};
        for (long part = 0; part < parts; part++) total += load(sums + part * count + i);
        store(out + i, total);
    }
}
// Ask for memory that the next frame reads: it lies farther away than the processor looks ahead.
template <typename T>
static inline void expect(const T *p, long count) {
    for (long i = 0; i < count; i += 64 / long(sizeof(T))) __builtin_prefetch(p + i, 0, 2);
}

// Numbers that follow each other as units along the sum of a product: where a pair is one, two neighbours.
static const float *along(const float *x, long, float *) { return x; }
[[maybe_unused]] static const float *along(const bfloat16 *x, long count, float *room) {
    for (long i = 0; i < count; i += LANES) store(room + i, load(x + i));
    return room;
}
[[maybe_unused]] static const pair *along(const bfloat16 *x, long, pair *) { return reinterpret_cast<const pair *>(x); }
[[maybe_unused]] static const pair *along(const float *x, long count, pair *room) {
    for (long i = 0; i < count; i += LANES) store(reinterpret_cast<bfloat16 *>(room) + i, load(x + i));
    return room;
}

// Rows (R, N) as units whose sum runs over rows: where a pair is one, two rows interleaved, the last with zeros if it is alone.
static inline half_vec load_half(const float *p) { return halved(load(p)); }
static inline half_vec load_half(const bfloat16 *p) { return *reinterpret_cast<const loose_half_vec *>(p); }
static const float *across(const float *x, long, long, float *) { return x; }
[[maybe_unused]] static const float *across(const bfloat16 *x, long rows, long columns, float *room) {
    return along(x, rows * columns, room);
}
// Two rows' C numbers as pairs; of one row alone, with zeros.
template <typename T>
static inline void interleave(const T *first, const T *second, long columns, pair *to) {
    for (long c = 0; c < columns; c += LANES) {
        uvec both = __builtin_convertvector(load_half(first + c), uvec);
        if (second) both |= __builtin_convertvector(load_half(second + c), uvec) << 16;
        store(reinterpret_cast<float *>(to + c), reinterpret_cast<vec>(both));
    }
}
#ifdef __AVX512BF16__
struct InTurn {  // places of two vectors' numbers, one from each; of those that lie in one vector, one half after the other, in `halves`
    alignas(64) uint16_t low[32], high[32], halves[32];
    constexpr InTurn() : low(), high(), halves() {
        for (int i = 0; i < 32; i++) low[i] = i / 2 + i % 2 * 32, high[i] = low[i] + 16, halves[i] = i / 2 + i % 2 * 16;
    }
};
static constexpr InTurn IN_TURN;
static inline void interleave(const float *first, const float *second, long columns, pair *to) {
    const __m512i halves = _mm512_load_si512(IN_TURN.halves);
    for (long c = 0; c < columns; c += LANES) {
        const vec one = load(first + c), other = second ? load(second + c) : vec{};
        const auto both = _mm512_cvtne2ps_pbh(reinterpret_cast<__m512>(other), reinterpret_cast<__m512>(one));
        _mm512_storeu_si512(to + c, _mm512_permutexvar_epi16(halves, reinterpret_cast<__m512i>(both)));
    }
}
static inline void interleave(const bfloat16 *first, const bfloat16 *second, long columns, pair *to) {  // by permutations
    const __m512i low = _mm512_load_si512(IN_TURN.low), high = _mm512_load_si512(IN_TURN.high), zeros = _mm512_setzero_si512();
    long c = 0;
    for (; c + 32 <= columns; c += 32) {
        const __m512i one = _mm512_loadu_si512(first + c), other = second ? _mm512_loadu_si512(second + c) : zeros;
        _mm512_storeu_si512(to + c, _mm512_permutex2var_epi16(one, low, other));
        _mm512_storeu_si512(to + c + 16, _mm512_permutex2var_epi16(one, high, other));
    }
    if (c < columns) {
        const __m512i one = _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(first + c)));
        __m512i other = zeros;
        if (second) other = _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(second + c)));
        _mm512_storeu_si512(to + c, _mm512_permutex2var_epi16(one, low, other));
    }
}
#endif
template <typename T>
static const pair *across(const T *x, long rows, long columns, pair *room) {
    for (long r = 0; r < rows; r += 2)
        interleave(x + r * columns, r + 1 < rows ? x + (r + 1) * columns : nullptr, columns, room + r / 2 * columns);
    return room;
}

// The same in memory of our own, whatever the units.
[[maybe_unused]] static const float *copied_across(const float *x, long rows, long columns, float *room) {
    memcpy(room, x, rows * columns * sizeof(float));
    return room;
}
template <typename U>
static const U *copied_across(const bfloat16 *x, long rows, long columns, U *room) {
    return across(x, rows, columns, room);
}

// The same, panel by panel.
template <typename T>
static const float *panels(const T *x, long rows, long columns, float *room, long apart) {
    for (long first = 0; first < columns; first += BROAD)
        for (long r = 0, width = panel_width(columns, first); r < rows; r++)
            for (long c = 0; c < width; c += LANES) store(room + first * rows + r * width + c, load(x + r * apart + first + c));
    return room;
}
template <typename T>
static const pair *panels(const T *x, long rows, long columns, pair *room, long apart) {
    for (long r = 0; r < rows; r += 2)  // memory is read in one line
        for (long first = 0; first < columns; first += BROAD) {
            const long width = panel_width(columns, first);
            const T *from = x + r * apart + first;
            interleave(from, r + 1 < rows ? from + apart : nullptr, width, room + first * ((rows + 1) / 2) + r / 2 * width);
        }
    return room;
}

// Weights (N, R), rows `apart`, turned, as units whose sum runs over R, panel by panel.
static const float *turned_panels(const float *weight, long columns, long rows, float *room, long apart) {
    for (long first = 0; first < columns; first += BROAD)
        for (long n = 0, width = panel_width(columns, first); n < width; n++)
            for (long r = 0; r < rows; r++) room[first * rows + r * width + n] = weight[(first + n) * apart + r];
    return room;
}
[[maybe_unused]] static const pair *turned_panels(const float *weight, long columns, long rows, pair *room, long apart) {
    constexpr long PIECE = 512;
    alignas(64) pair strip[LANES][PIECE / 2];
    for (long n = 0; n < columns; n += LANES) {
        const long first = n / BROAD * BROAD, width = panel_width(columns, first);
        pair *to = room + first * (rows / 2) + n - first;
        for (long begin = 0; begin < rows; begin += PIECE) {
            const long count = begin + PIECE < rows ? PIECE : rows - begin;
            for (long i = 0; i < LANES; i++) along(weight + (n + i) * apart + begin, count, strip[i]);
            for (long r = 0; r < count / 2; r++)
                for (long i = 0; i < LANES; i++) to[(begin / 2 + r) * width + i] = strip[i][r];
        }
    }
    return room;
}

// Working space, which a thread keeps for its next call: the last that was taken is the first to be given back.
struct Space {
    float *memory[8] = {};
    long sizes[8] = {}, taken = 0;
    ~Space() {
        for (float *each : memory) free(each);
    }
};
static thread_local Space space;
static float *scratch(long floats) {
    float *&memory = space.memory[space.taken];
    long &size = space.sizes[space.taken];
    if (size < floats) {
        free(memory);
        void *found = nullptr;
        memory = posix_memalign(&found, 64, floats * sizeof(float)) ? nullptr : static_cast<float *>(found);
        size = memory ? floats : 0;
    }
    space.taken += memory != nullptr;
    return memory;
}
static void give_back(const void *memory) { space.taken -= memory != nullptr; }
