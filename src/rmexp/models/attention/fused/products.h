// Products of matrices with sums in float32: of bfloat16 by the tiles of AMX or the vectors of AVX512-BF16, and of
// float32.

#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>
#if defined(__AMX_BF16__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

using half = uint16_t;  // the bits of a bfloat16

constexpr int STEP = 32;  // queries at a time, and what all sizes of a product of AMX are multiples of

// What heads are filled up to: a vector of 64 bytes.
template <class Number>
constexpr int WIDTH_STEP = 64 / sizeof(Number);

// What the number of keys is filled up to: the rows that are multiplied at a time.
template <class Number>
constexpr int KEY_STEP = 8;
#if defined(__AMX_BF16__)
template <>
constexpr int KEY_STEP<half> = STEP;
#endif

// A left factor: (m, k), its rows `stride` apart.
template <class Number>
struct Left {
  const Number* data;
  int stride;
};

// A right factor: (k, n) of float32; of bfloat16 (k / 2, n, 2), where two rows stand in one. Such rows are `stride`
// apart.
template <class Number>
struct Right {
  const Number* data;
  int stride;
};

// Sums: (m, n), rows `stride` apart, which begin at zero or go on.
struct Sums {
  float* data;
  int stride;
  bool go_on;
};

struct Shape {
  int m, n, k;
};

#if defined(__AMX_BF16__)

// Whether the system lets this process use tiles; it has to be asked once.
inline bool tiles_allowed() {
  constexpr long REQUEST = 0x1023, TILE_DATA = 18;  // ARCH_REQ_XCOMP_PERM of arch_prctl
  return syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
}

// Eight tiles of 16 rows of 64 bytes, for a thread as long as this lives.
struct TilesOfThread {
  TilesOfThread() {
    alignas(64) uint8_t config[64] = {1};
    for (int tile = 0; tile < 8; ++tile) {
      config[16 + 2 * tile] = 64;
      config[48 + tile] = 16;
    }
    _tile_loadconfig(config);
  }
  ~TilesOfThread() { _tile_release(); }
};

inline void multiply(Sums sums, Left<half> left, Right<half> right, Shape shape) {
  __asm__ volatile("" ::: "memory");  // the compiler does not see what tiles load and store
  const long sum_bytes = 4L * sums.stride, left_bytes = 2L * left.stride, right_bytes = 2L * right.stride;
  for (int i = 0; i < shape.m; i += STEP)
    for (int j = 0; j < shape.n; j += STEP) {
      float* upper = sums.data + (long)i * sums.stride + j;
      float* lower = upper + 16L * sums.stride;
      if (sums.go_on) {
        _tile_loadd(0, upper, sum_bytes);
        _tile_loadd(1, upper + 16, sum_bytes);
        _tile_loadd(2, lower, sum_bytes);
        _tile_loadd(3, lower + 16, sum_bytes);
      } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
      }
      for (int p = 0; p < shape.k; p += STEP) {
        const half* rows = left.data + (long)i * left.stride + p;
        const half* pairs = right.data + (long)(p / 2) * right.stride + 2 * j;
        _tile_loadd(4, rows, left_bytes);
        _tile_loadd(6, pairs, right_bytes);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, pairs + 32, right_bytes);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, rows + 16L * left.stride, left_bytes);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
      _tile_stored(0, upper, sum_bytes);
      _tile_stored(1, upper + 16, sum_bytes);
      _tile_stored(2, lower, sum_bytes);
      _tile_stored(3, lower + 16, sum_bytes);
    }
  __asm__ volatile("" ::: "memory");
}

#else

inline bool tiles_allowed() { return true; }

struct TilesOfThread {
  TilesOfThread() {}
};

#if defined(__AVX512BF16__)
inline void multiply(Sums sums, Left<half> left, Right<half> right, Shape shape) {
  constexpr int ROWS = 8;  // with two vectors each, which registers hold
  for (int i = 0; i < shape.m; i += ROWS)
    for (int j = 0; j < shape.n; j += STEP) {
      float* at = sums.data + (long)i * sums.stride + j;
      __m512 held[ROWS][2];
      for (int row = 0; row < ROWS; ++row)
        for (int part = 0; part < 2; ++part)
          held[row][part] =
              sums.go_on ? _mm512_loadu_ps(at + (long)row * sums.stride + 16 * part) : _mm512_setzero_ps();
      for (int p = 0; p < shape.k; p += 2) {
        const half* pairs = right.data + (long)(p / 2) * right.stride + 2 * j;
        const __m512bh first = (__m512bh)_mm512_loadu_si512(pairs), second = (__m512bh)_mm512_loadu_si512(pairs + 32);
        for (int row = 0; row < ROWS; ++row) {
          int32_t two;
          std::memcpy(&two, left.data + (long)(i + row) * left.stride + p, sizeof two);
          const __m512bh each = (__m512bh)_mm512_set1_epi32(two);
          held[row][0] = _mm512_dpbf16_ps(held[row][0], each, first);
          held[row][1] = _mm512_dpbf16_ps(held[row][1], each, second);
        }
      }
      for (int row = 0; row < ROWS; ++row)
        for (int part = 0; part < 2; ++part)
          _mm512_storeu_ps(at + (long)row * sums.stride + 16 * part, held[row][part]);
    }
}
#endif

#endif

// Columns of the sums from `j` on, as many as so many vectors hold.
template <int PARTS>
void multiply_columns(Sums sums, Left<float> left, Right<float> right, Shape shape, int j) {
  constexpr int ROWS = 8;
  for (int i = 0; i < shape.m; i += ROWS) {
    __m512 held[ROWS][PARTS];
    for (int row = 0; row < ROWS; ++row)
      for (int part = 0; part < PARTS; ++part) held[row][part] = _mm512_setzero_ps();
    for (int p = 0; p < shape.k; ++p) {
      __m512 from[PARTS];
      for (int part = 0; part < PARTS; ++part)
        from[part] = _mm512_loadu_ps(right.data + (long)p * right.stride + j + 16 * part);
      for (int row = 0; row < ROWS; ++row) {
        const __m512 each = _mm512_set1_ps(left.data[(long)(i + row) * left.stride + p]);
        for (int part = 0; part < PARTS; ++part) held[row][part] = _mm512_fmadd_ps(each, from[part], held[row][part]);
      }
    }
    for (int row = 0; row < ROWS; ++row)
      for (int part = 0; part < PARTS; ++part) {
        float* to = sums.data + (long)(i + row) * sums.stride + j + 16 * part;
        // added last: fewer figures meet a large sum
        _mm512_storeu_ps(to, sums.go_on ? _mm512_add_ps(_mm512_loadu_ps(to), held[row][part]) : held[row][part]);
      }
  }
}

inline void multiply(Sums sums, Left<float> left, Right<float> right, Shape shape) {
  int j = 0;
  for (; j + STEP <= shape.n; j += STEP) multiply_columns<2>(sums, left, right, shape, j);
  if (j < shape.n) multiply_columns<1>(sums, left, right, shape, j);
}
