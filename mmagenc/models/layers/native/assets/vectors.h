// Vectors of numbers in float, from and to float and bfloat16.
#pragma once

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __AVX512F__
constexpr int LANES = 16;
constexpr bool MANY_REGISTERS = true;  // 32
#else
constexpr int LANES = 8;
constexpr bool MANY_REGISTERS = false;  // 16
#endif

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef float loose_vec __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));
typedef uint32_t uvec __attribute__((vector_size(LANES * 4)));
typedef uint16_t half_vec __attribute__((vector_size(LANES * 2)));
typedef uint16_t loose_half_vec __attribute__((vector_size(LANES * 2), aligned(2), may_alias));
typedef uint16_t bfloat16;

static inline vec load(const float *p) { return *reinterpret_cast<const loose_vec *>(p); }
static inline void store(float *p, vec v) { *reinterpret_cast<loose_vec *>(p) = v; }
static inline vec load(const bfloat16 *p) {
#ifdef __AVX512F__  // one instruction, where GCC makes five of the conversion below
    const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p));
    return reinterpret_cast<vec>(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
#else
    const half_vec half = *reinterpret_cast<const loose_half_vec *>(p);
    return reinterpret_cast<vec>(__builtin_convertvector(half, uvec) << 16);
#endif
}
static inline half_vec halved(vec v) {  // to the nearest, ties to even
#ifdef __AVX512BF16__
    return reinterpret_cast<half_vec>(_mm512_cvtneps_pbh(reinterpret_cast<__m512>(v)));
#else
    const uvec bits = reinterpret_cast<uvec>(v), rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const uvec number = reinterpret_cast<uvec>(v == v);
    return __builtin_convertvector((rounded & number) | (~number & 0x7fc0u), half_vec);
#endif
}
static inline void store(bfloat16 *p, vec v) { *reinterpret_cast<loose_half_vec *>(p) = halved(v); }
// Vectors that follow each other.
template <int W>
static inline void store_all(float *p, const vec *v) {
    for (int w = 0; w < W; w++) store(p + w * LANES, v[w]);
}
template <int W>
static inline void store_all(bfloat16 *p, const vec *v) {
    int w = 0;
#ifdef __AVX512BF16__
    for (; w + 1 < W; w += 2)  // two by one instruction
        _mm512_storeu_si512(p + w * LANES, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(reinterpret_cast<__m512>(v[w + 1]),
                                                                                        reinterpret_cast<__m512>(v[w]))));
#endif
    for (; w < W; w++) store(p + w * LANES, v[w]);
}
static inline float value(float x) { return x; }
static inline float value(bfloat16 x) {
    const uint32_t bits = static_cast<uint32_t>(x) << 16;
    float y;
    memcpy(&y, &bits, 4);
    return y;
}
static inline void copy_eight(const float *from, float *to) { memcpy(to, from, 32); }
static inline void copy_eight(const bfloat16 *from, float *to) {
    typedef uint16_t halves __attribute__((vector_size(16), aligned(2), may_alias));
    typedef uint32_t wholes __attribute__((vector_size(32)));
    const wholes bits = __builtin_convertvector(*reinterpret_cast<const halves *>(from), wholes) << 16;
    memcpy(to, &bits, sizeof bits);
}
static inline vec all(float x) { return x - vec{}; }
static inline vec larger(vec a, vec b) {  // b where one is no number; one instruction, where GCC makes two of a > b ? a : b
#ifdef __AVX512F__
    return reinterpret_cast<vec>(_mm512_max_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b)));
#else
    return reinterpret_cast<vec>(_mm256_max_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b)));
#endif
}
// A vector's numbers, folded in half until one is left.
template <typename F>
static inline __attribute__((always_inline)) float fold(vec v, F &&join) {
    typedef float four __attribute__((vector_size(16)));
    constexpr int PARTS = LANES / 4;
    four parts[PARTS];
    memcpy(parts, &v, sizeof v);
    for (int width = PARTS / 2; width; width /= 2)
        for (int i = 0; i < width; i++) parts[i] = join(parts[i], parts[i + width]);
    const four pairs = join(parts[0], four{parts[0][2], parts[0][3], parts[0][0], parts[0][1]});
    return join(pairs, four{pairs[1], pairs[0], pairs[3], pairs[2]})[0];
}
static inline float sum(vec v) {
    return fold(v, [](auto a, auto b) { return a + b; });
}
static inline float maximum(vec v) {
    return fold(v, [](auto a, auto b) { return a > b ? a : b; });
}
// LANES vectors turned: what were lanes become vectors.
static inline __attribute__((always_inline)) void turn(vec *block) {
#ifdef __AVX512F__  // by the cheapest instructions, which GCC does not find
    __m512 *const v = reinterpret_cast<__m512 *>(block);
    const auto pairs = [](__m512 a) { return reinterpret_cast<__m512d>(a); };
    __m512 fours[LANES];
#pragma GCC unroll 4
    for (int i = 0; i < LANES; i += 4) {  // in fours of four vectors
        const __m512d a = pairs(_mm512_unpacklo_ps(v[i], v[i + 1])), b = pairs(_mm512_unpackhi_ps(v[i], v[i + 1]));
        const __m512d c = pairs(_mm512_unpacklo_ps(v[i + 2], v[i + 3])), d = pairs(_mm512_unpackhi_ps(v[i + 2], v[i + 3]));
        fours[i] = reinterpret_cast<__m512>(_mm512_unpacklo_pd(a, c)), fours[i + 1] = reinterpret_cast<__m512>(_mm512_unpackhi_pd(a, c));
        fours[i + 2] = reinterpret_cast<__m512>(_mm512_unpacklo_pd(b, d)), fours[i + 3] = reinterpret_cast<__m512>(_mm512_unpackhi_pd(b, d));
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {  // and those fours
        const __m512 a = _mm512_shuffle_f32x4(fours[i], fours[i + 4], 0x88), b = _mm512_shuffle_f32x4(fours[i], fours[i + 4], 0xdd);
        const __m512 *const rest = fours + i + 8;
        const __m512 c = _mm512_shuffle_f32x4(rest[0], rest[4], 0x88), d = _mm512_shuffle_f32x4(rest[0], rest[4], 0xdd);
        v[i] = _mm512_shuffle_f32x4(a, c, 0x88), v[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
        v[i + 8] = _mm512_shuffle_f32x4(a, c, 0xdd), v[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
    }
#else
#pragma GCC unroll 4
    for (int step = 1; step < LANES; step *= 2) {
        ivec first, second;
        for (int lane = 0; lane < LANES; lane++) {
            first[lane] = lane & step ? LANES + lane - step : lane;
            second[lane] = lane & step ? LANES + lane : lane + step;
        }
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++)
            if (!(i & step)) {
                const vec a = block[i], b = block[i + step];
                block[i] = __builtin_shuffle(a, b, first), block[i + step] = __builtin_shuffle(a, b, second);
            }
    }
#endif
}
static inline long padded(long n) { return (n + LANES - 1) / LANES * LANES; }

// exp of numbers up to 0, to 2 units in the last place: 2^k e^r, |r| <= ln 2 / 2, and a polynomial of Cephes' expf for e^r.
static inline vec exponential(vec x) {
    x = larger(all(-87.f), x);  // in this order what is no number stays none
    const vec magic = all(12582912.f);  // 1.5 * 2^23: adding it rounds
    const vec k = (x * 1.44269504088896341f + magic) - magic;
    const vec r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    vec p = all(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.f;
#ifdef __AVX512F__
    return reinterpret_cast<vec>(_mm512_scalef_ps(reinterpret_cast<__m512>(p), reinterpret_cast<__m512>(k)));
#else
    return p * reinterpret_cast<vec>((__builtin_convertvector(k, ivec) + 127) << 23);
#endif
}
