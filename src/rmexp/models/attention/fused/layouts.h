// What rows of heads are brought into before they are multiplied, and their figures brought back.
//
// A block is (rows, width), both multiples of 32, without gaps, at an address that is a multiple of 64.

#pragma once

#include <new>

#include "products.h"

constexpr int LANES = 16;  // of a vector of float32

inline int filled(int count) { return (count + STEP - 1) / STEP * STEP; }

// Memory of one task, which holds anything at first.
template <class Number>
struct Scratch {
  explicit Scratch(long count)
      : data(static_cast<Number*>(::operator new(sizeof(Number) * count, std::align_val_t(64)))) {}
  Scratch(const Scratch&) = delete;
  ~Scratch() { ::operator delete(data, std::align_val_t(64)); }
  Number* const data;
};

// Heads of tokens as a tensor has them: (heads, tokens, width) with steps of its own.
struct Strided {
  half* data;
  long head_step, token_step;
  half* at(int head, long token) const { return data + head * head_step + token * token_step; }
};

// A block of `count` tokens of a head from `token` on, zeros behind them and beside them.
inline void fill_block(half* block, int width, const Strided& from, int head, int token, int count, int head_width) {
  for (int row = 0; row < filled(count); ++row, block += width) {
    const int columns = row < count ? head_width : 0;
    std::memcpy(block, from.at(head, token + row), sizeof(half) * columns);
    std::memset(block + columns, 0, sizeof(half) * (width - columns));
  }
}

// Where each of 16 rows begins, in numbers of four bytes that are `apart`.
inline __m512i row_starts(int apart) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_mullo_epi32(lanes, _mm512_set1_epi32(apart));
}

// Two neighbours in a row of each of 16 rows.
inline __m512i neighbours(const half* first, int width) {
  return _mm512_i32gather_epi32(row_starts(width / 2), first, 4);
}

// The right factor that the transpose of a block of 32 rows is: (width / 2, 32, 2).
inline void pair_columns(half* pairs, const half* block, int width) {
  for (int column = 0; column < width; column += 2)
    for (int row = 0; row < STEP; row += LANES)
      _mm512_storeu_si512(pairs + column * STEP + 2 * row, neighbours(block + (long)row * width + column, width));
}

// The transpose of a block: (width, rows).
inline void transpose(half* transposed, const half* block, int width, int rows) {
  for (int column = 0; column < width; column += 2)
    for (int row = 0; row < rows; row += LANES) {
      const __m512i both = neighbours(block + (long)row * width + column, width);
      half* to = transposed + (long)column * rows + row;
      _mm256_storeu_si256((__m256i*)to, _mm512_cvtepi32_epi16(both));
      _mm256_storeu_si256((__m256i*)(to + rows), _mm512_cvtepi32_epi16(_mm512_srli_epi32(both, 16)));
    }
}

// Two rows as a pair of them.
inline __m512i paired(__m256i first, __m256i second) {
  return _mm512_or_si512(_mm512_cvtepu16_epi32(first), _mm512_slli_epi32(_mm512_cvtepu16_epi32(second), 16));
}

// The right factor that a block of 32 rows is: (16, width, 2).
inline void pair_rows(half* pairs, const half* block, int width) {
  for (int row = 0; row < STEP; row += 2)
    for (int column = 0; column < width; column += LANES) {
      const half* at = block + (long)row * width + column;
      const __m512i both = paired(_mm256_load_si256((const __m256i*)at), _mm256_load_si256((const __m256i*)(at + width)));
      _mm512_storeu_si512(pairs + (long)row * width + 2 * column, both);
    }
}

inline __m256i rounded(__m512 exact) { return (__m256i)_mm512_cvtneps_pbh(exact); }

// The first columns of what is left of a head's width.
inline void store_rounded(half* to, __m512 exact, int left) {
  _mm256_mask_storeu_epi16(to, left < LANES ? (1u << left) - 1 : 0xffff, rounded(exact));
}

// A row of a token for each of the first columns of (width, 32) sums, times its factor.
inline void store_columns(const Strided& to, int head, int token, int count, int head_width, const float* sums,
                          const float* factors) {
  for (int lane = 0; lane < count; ++lane)
    for (int column = 0; column < head_width; column += LANES) {
      const __m512 figures = _mm512_i32gather_ps(row_starts(STEP), sums + column * STEP + lane, 4);
      store_rounded(to.at(head, token + lane) + column, _mm512_mul_ps(figures, _mm512_set1_ps(factors[lane])),
                    head_width - column);
    }
}

// exp(x) of x from -87 to 0, to the last bits of a float32; below that next to nothing. Coefficients: Cephes' expf.
inline __m512 exponential(__m512 x) {
  x = _mm512_max_ps(x, _mm512_set1_ps(-87.0f));
  const __m512 twos = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
  __m512 rest = _mm512_fnmadd_ps(twos, _mm512_set1_ps(0.693359375f), x);
  rest = _mm512_fnmadd_ps(twos, _mm512_set1_ps(-2.12194440e-4f), rest);
  __m512 sum = _mm512_set1_ps(1.9875691500e-4f);
  for (const float next : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f})
    sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(next));
  sum = _mm512_fmadd_ps(sum, _mm512_mul_ps(rest, rest), _mm512_add_ps(rest, _mm512_set1_ps(1.0f)));
  return _mm512_scalef_ps(sum, twos);
}
