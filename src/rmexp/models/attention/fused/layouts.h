// What rows of heads are brought into before they are multiplied, and their figures brought back.
//
// A block is (rows, width) without gaps, at an address that is a multiple of 64; its rows are a multiple of `STEP`, its
// width one of `WIDTH_STEP`.

#pragma once

#include <algorithm>
#include <new>

#include "products.h"
#include "vectors.h"

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

// The columns of sixteen rows of sixteen numbers of four bytes. They are shuffled within registers, which takes less
// time than to gather them.
struct Columns {
  __m512i each[LANES];

  // Of rows that stand so many bytes apart.
  Columns(const void* first, long bytes) {
    __m512i rows[LANES], two[LANES], four[LANES];
    for (int row = 0; row < LANES; ++row) rows[row] = _mm512_loadu_si512(static_cast<const char*>(first) + row * bytes);
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
      each[column] = _mm512_shuffle_i32x4(even_upper, even_lower, 0x88);
      each[4 + column] = _mm512_shuffle_i32x4(odd_upper, odd_lower, 0x88);
      each[8 + column] = _mm512_shuffle_i32x4(even_upper, even_lower, 0xdd);
      each[12 + column] = _mm512_shuffle_i32x4(odd_upper, odd_lower, 0xdd);
    }
  }
};

// ---- float32: a right factor is the matrix itself

// The transpose of a block: (width, rows).
inline void transpose(float* transposed, const float* block, int width, int rows) {
  for (int column = 0; column < width; column += LANES)
    for (int row = 0; row < rows; row += LANES) {
      const Columns columns(block + (long)row * width + column, 4L * width);
      for (int next = 0; next < LANES; ++next)
        _mm512_storeu_si512(transposed + (long)(column + next) * rows + row, columns.each[next]);
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

inline __m512 add_products(__m512 sum, const float* left, const float* right) {
  return _mm512_fmadd_ps(_mm512_load_ps(left), _mm512_load_ps(right), sum);
}

inline int right_stride(const float*, int columns) { return columns; }

// ---- bfloat16: a right factor has two rows in one

#if defined(__AVX512BF16__)

inline void transpose(half* transposed, const half* block, int width, int rows) {
  for (int column = 0; column < width; column += 2 * LANES)
    for (int row = 0; row < rows; row += LANES) {
      const Columns columns(block + (long)row * width + column, 2L * width);  // of two neighbours in a row each
      half* to = transposed + (long)column * rows + row;
      for (int next = 0; next < LANES; ++next, to += 2 * rows) {
        _mm256_storeu_si256((__m256i*)to, _mm512_cvtepi32_epi16(columns.each[next]));
        _mm256_storeu_si256((__m256i*)(to + rows), _mm512_cvtepi32_epi16(_mm512_srli_epi32(columns.each[next], 16)));
      }
    }
}

inline void transposed_factor(half* factor, const half* block, int width) {
  for (int column = 0; column < width; column += 2 * LANES)
    for (int row = 0; row < STEP; row += LANES) {
      const Columns columns(block + (long)row * width + column, 2L * width);
      for (int next = 0; next < LANES; ++next)
        _mm512_storeu_si512(factor + (column + 2 * next) * STEP + 2 * row, columns.each[next]);
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

inline void store_two_rows(half* rows, int part, __m512 first, __m512 second) {
  _mm512_store_si512(rows + 2 * LANES * part, paired(rounded(first), rounded(second)));
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
      const Columns columns(sums + column * STEP + first, 4L * STEP);
      for (int lane = first; lane < std::min(count, first + LANES); ++lane) {
        const __m512 figures = _mm512_castsi512_ps(columns.each[lane - first]);
        put_first(to.at(head, token + lane) + column, _mm512_mul_ps(figures, _mm512_set1_ps(factors[lane])),
                  head_width - column);
      }
    }
}

// A right factor as it stands in memory, `columns` wide.
template <class Number>
Right<Number> right(const Number* data, int columns) {
  return {data, right_stride(data, columns)};
}

// ---- rotary positions

// Cosines and sines of the angles that heads are turned by, `step` apart from token to token; null where they are not.
struct Angles {
  const float *cosine, *sine;
  long step;
};
constexpr Angles UNTURNED = {nullptr, nullptr, 0};

// Turn a head, the halves of which are the two coordinates, by the angles of a token, or back.
template <class Number>
void turn(Number* row, const Angles& angles, long token, int head_width, bool back = false) {
  const int half_width = head_width / 2;
  const __m512 sign = _mm512_set1_ps(back ? -1.0f : 1.0f);
  for (int at = 0; at < half_width; at += LANES) {
    const int left = half_width - at;
    const __m512 cosine = load_first(angles.cosine + token * angles.step + at, left);
    const __m512 sine = _mm512_mul_ps(load_first(angles.sine + token * angles.step + at, left), sign);
    const __m512 first = load_first(row + at, left), second = load_first(row + half_width + at, left);
    put_first(row + at, _mm512_fmsub_ps(first, cosine, _mm512_mul_ps(second, sine)), left);
    put_first(row + half_width + at, _mm512_fmadd_ps(second, cosine, _mm512_mul_ps(first, sine)), left);
  }
}

// A block of heads, turned by the angles of their tokens.
template <class Number>
void fill_turned(Number* block, int width, const Strided<Number>& from, const Angles& angles, int head, int token,
                 int count, int head_width) {
  fill_block(block, width, from, head, token, count, head_width);
  if (angles.cosine)
    for (int row = 0; row < count; ++row) turn(block + (long)row * width, angles, token + row, head_width);
}
