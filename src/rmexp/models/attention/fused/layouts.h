// What rows of heads are brought into before they are multiplied, and their figures brought back.
//
// A block is (rows, width) without gaps, at an address that is a multiple of 64; its rows are a multiple of `STEP`, its
// width one of `WIDTH_STEP`.

#pragma once

#include <algorithm>
#include <new>

#include "products.h"

constexpr int LANES = 16;  // of a vector of float32

inline int filled(int count, int step = STEP) { return (count + step - 1) / step * step; }

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
template <class Number>
struct Strided {
  Number* data;
  long head_step, token_step;
  Number* at(int head, long token) const { return data + head * head_step + token * token_step; }
};

// A block of `count` tokens of a head from `token` on, zeros behind them and beside them.
template <class Number>
void fill_block(Number* block, int width, const Strided<Number>& from, int head, int token, int count, int head_width) {
  for (int row = 0; row < filled(count); ++row, block += width) {
    const int columns = row < count ? head_width : 0;
    std::memcpy(block, from.at(head, token + row), sizeof(Number) * columns);
    std::memset(block + columns, 0, sizeof(Number) * (width - columns));
  }
}

// Sixteen rows of sixteen numbers of four bytes, turned into their columns. Shuffles within registers: gathers would
// take several times as long.
struct Square {
  __m512i rows[LANES];

  // Rows that stand so many bytes apart.
  Square(const void* first, long bytes) {
    for (int row = 0; row < LANES; ++row) rows[row] = _mm512_loadu_si512(static_cast<const char*>(first) + row * bytes);
    turn();
  }

 private:
  void turn() {
    __m512i two[LANES], four[LANES];
    for (int row = 0; row < LANES; row += 2) {
      two[row] = _mm512_unpacklo_epi32(rows[row], rows[row + 1]);
      two[row + 1] = _mm512_unpackhi_epi32(rows[row], rows[row + 1]);
    }
    for (int row = 0; row < LANES; row += 4)
      for (int next = 0; next < 2; ++next) {
        four[row + 2 * next] = _mm512_unpacklo_epi64(two[row + next], two[row + next + 2]);
        four[row + 2 * next + 1] = _mm512_unpackhi_epi64(two[row + next], two[row + next + 2]);
      }
    for (int column = 0; column < 4; ++column) {  // of each quarter
      const __m512i even_upper = _mm512_shuffle_i32x4(four[column], four[4 + column], 0x88);
      const __m512i odd_upper = _mm512_shuffle_i32x4(four[column], four[4 + column], 0xdd);
      const __m512i even_lower = _mm512_shuffle_i32x4(four[8 + column], four[12 + column], 0x88);
      const __m512i odd_lower = _mm512_shuffle_i32x4(four[8 + column], four[12 + column], 0xdd);
      rows[column] = _mm512_shuffle_i32x4(even_upper, even_lower, 0x88);
      rows[4 + column] = _mm512_shuffle_i32x4(odd_upper, odd_lower, 0x88);
      rows[8 + column] = _mm512_shuffle_i32x4(even_upper, even_lower, 0xdd);
      rows[12 + column] = _mm512_shuffle_i32x4(odd_upper, odd_lower, 0xdd);
    }
  }
};

inline __mmask16 first_lanes(int count) { return count < LANES ? (1u << count) - 1 : 0xffff; }

// ---- float32: a right factor is the matrix itself

// The transpose of a block: (width, rows).
inline void transpose(float* transposed, const float* block, int width, int rows) {
  for (int column = 0; column < width; column += LANES)
    for (int row = 0; row < rows; row += LANES) {
      const Square turned(block + (long)row * width + column, 4L * width);
      for (int next = 0; next < LANES; ++next)
        _mm512_storeu_si512(transposed + (long)(column + next) * rows + row, turned.rows[next]);
    }
}

// The right factor that the transpose of a block of 32 rows is.
inline void transposed_factor(float* factor, const float* block, int width) { transpose(factor, block, width, STEP); }

// The right factor that a block of 32 rows is; `room` is there for what has to be made.
inline const float* right_factor(float*, const float* block, int) { return block; }

// Two rows of 32 of a right factor: one half of each.
inline void store_two_rows(float* rows, int part, __m512 first, __m512 second) {
  _mm512_store_ps(rows + LANES * part, first);
  _mm512_store_ps(rows + STEP + LANES * part, second);
}

inline void store(float* to, __m512 exact) { _mm512_store_ps(to, exact); }

inline void store_first(float* to, __m512 exact, int count) { _mm512_mask_storeu_ps(to, first_lanes(count), exact); }

inline __m512 add_products(__m512 sum, const float* left, const float* right) {
  return _mm512_fmadd_ps(_mm512_load_ps(left), _mm512_load_ps(right), sum);
}

inline int right_stride(const float*, int columns) { return columns; }

// ---- bfloat16: a right factor has two rows in one

#if defined(__AVX512BF16__)

inline void transpose(half* transposed, const half* block, int width, int rows) {
  for (int column = 0; column < width; column += 2 * LANES)
    for (int row = 0; row < rows; row += LANES) {
      const Square turned(block + (long)row * width + column, 2L * width);  // of two neighbours in a row each
      half* to = transposed + (long)column * rows + row;
      for (int next = 0; next < LANES; ++next, to += 2 * rows) {
        _mm256_storeu_si256((__m256i*)to, _mm512_cvtepi32_epi16(turned.rows[next]));
        _mm256_storeu_si256((__m256i*)(to + rows), _mm512_cvtepi32_epi16(_mm512_srli_epi32(turned.rows[next], 16)));
      }
    }
}

inline void transposed_factor(half* factor, const half* block, int width) {
  for (int column = 0; column < width; column += 2 * LANES)
    for (int row = 0; row < STEP; row += LANES) {
      const Square turned(block + (long)row * width + column, 2L * width);
      for (int next = 0; next < LANES; ++next)
        _mm512_storeu_si512(factor + (column + 2 * next) * STEP + 2 * row, turned.rows[next]);
    }
}

// Two rows as a pair of them.
inline __m512i paired(__m256i first, __m256i second) {
  return _mm512_or_si512(_mm512_cvtepu16_epi32(first), _mm512_slli_epi32(_mm512_cvtepu16_epi32(second), 16));
}

inline const half* right_factor(half* room, const half* block, int width) {
  for (int row = 0; row < STEP; row += 2)
    for (int column = 0; column < width; column += LANES) {
      const half* at = block + (long)row * width + column;
      const __m512i both =
          paired(_mm256_load_si256((const __m256i*)at), _mm256_load_si256((const __m256i*)(at + width)));
      _mm512_storeu_si512(room + (long)row * width + 2 * column, both);
    }
  return room;
}

inline __m256i rounded(__m512 exact) { return (__m256i)_mm512_cvtneps_pbh(exact); }

inline void store_two_rows(half* rows, int part, __m512 first, __m512 second) {
  _mm512_store_si512(rows + 2 * LANES * part, paired(rounded(first), rounded(second)));
}

inline void store(half* to, __m512 exact) { _mm256_store_si256((__m256i*)to, rounded(exact)); }

inline void store_first(half* to, __m512 exact, int count) {
  _mm256_mask_storeu_epi16(to, first_lanes(count), rounded(exact));
}

inline __m512 add_products(__m512 sum, const half* left, const half* right) {
  return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_load_si512(left), (__m512bh)_mm512_load_si512(right));
}

inline int right_stride(const half*, int columns) { return 2 * columns; }

#endif

// ---- both

// A row of a token for each of the first columns of (width, 32) sums, times its factor.
template <class Number>
void store_columns(const Strided<Number>& to, int head, int token, int count, int head_width, const float* sums,
                   const float* factors) {
  for (int column = 0; column < head_width; column += LANES)
    for (int first = 0; first < count; first += LANES) {
      const Square turned(sums + column * STEP + first, 4L * STEP);
      for (int lane = first; lane < std::min(count, first + LANES); ++lane) {
        const __m512 figures = _mm512_castsi512_ps(turned.rows[lane - first]);
        store_first(to.at(head, token + lane) + column, _mm512_mul_ps(figures, _mm512_set1_ps(factors[lane])),
                    head_width - column);
      }
    }
}

// A right factor as it stands in memory, `columns` wide.
template <class Number>
Right<Number> right(const Number* data, int columns) {
  return {data, right_stride(data, columns)};
}

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
