// Vectors of sixteen figures in float32, from and to memory of either kind of number.

#pragma once

#include "products.h"

constexpr int LANES = 16;  // of a vector of float32

inline __mmask16 first_lanes(int count) { return count < LANES ? (1u << count) - 1 : 0xffff; }

inline __m512 load_first(const float* from, long count) {
  return count < LANES ? _mm512_maskz_loadu_ps(first_lanes(count), from) : _mm512_loadu_ps(from);
}

inline void put_first(float* to, __m512 exact, long count) {
  if (count < LANES)
    _mm512_mask_storeu_ps(to, first_lanes(count), exact);
  else
    _mm512_storeu_ps(to, exact);
}

// What is left of a figure when it has been stored.
inline __m512 stored(const float*, __m512 exact) { return exact; }

inline void store(float* to, __m512 exact) { _mm512_store_ps(to, exact); }

// exp(x) to some bits beyond those of a number, of x from -87 to 88; below that next to nothing, and of what is no
// number none.
template <class Number>
__m512 exponential(__m512 x);

// Coefficients: Cephes' expf.
template <>
inline __m512 exponential<float>(__m512 x) {
  x = _mm512_max_ps(_mm512_set1_ps(-87.0f), x);  // in this order, which keeps what is no number
  const __m512 twos = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
  __m512 rest = _mm512_fnmadd_ps(twos, _mm512_set1_ps(0.693359375f), x);
  rest = _mm512_fnmadd_ps(twos, _mm512_set1_ps(-2.12194440e-4f), rest);
  __m512 sum = _mm512_set1_ps(1.9875691500e-4f);
  for (const float next : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f})
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(next));
  sum = _mm512_fmadd_ps(sum, _mm512_mul_ps(rest, rest), _mm512_add_ps(rest, _mm512_set1_ps(1.0f)));
  return _mm512_scalef_ps(sum, twos);
}

#if defined(__AVX512BF16__)

inline __m256i rounded(__m512 exact) { return (__m256i)_mm512_cvtneps_pbh(exact); }

inline __m512 widened(__m256i bits) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16)); }

inline __m512 load_first(const half* from, long count) {
  return widened(count < LANES ? _mm256_maskz_loadu_epi16(first_lanes(count), from)
                               : _mm256_loadu_si256((const __m256i*)from));
}

inline void put_first(half* to, __m512 exact, long count) {
  if (count < LANES)
    _mm256_mask_storeu_epi16(to, first_lanes(count), rounded(exact));
  else
    _mm256_storeu_si256((__m256i*)to, rounded(exact));
}

inline __m512 stored(const half*, __m512 exact) { return widened(rounded(exact)); }

inline void store(half* to, __m512 exact) { _mm256_store_si256((__m256i*)to, rounded(exact)); }

// A polynomial with the least relative error, 3e-6, between powers of two.
template <>
inline __m512 exponential<half>(__m512 x) {
  x = _mm512_mul_ps(_mm512_max_ps(_mm512_set1_ps(-87.0f), x), _mm512_set1_ps(1.44269504f));
  const __m512 twos = _mm512_roundscale_ps(x, 0), rest = _mm512_sub_ps(x, twos);
  __m512 sum = _mm512_set1_ps(0.0095701f);
  for (const float next : {0.05591786f, 0.24024745f, 0.69312181f, 0.99999926f})
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(next));
  return _mm512_scalef_ps(sum, twos);
}

#endif
