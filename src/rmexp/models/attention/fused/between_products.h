// What stands between the products of a layer: norms, gates and their gradients, each in one pass.
//
// All is computed in float32 and rounded once. No figure depends on the number of threads.

#pragma once

#include "layouts.h"

constexpr long SMALL = 1 << 15;  // figures below which threads cost more than they save
constexpr long CHUNK = 64;       // rows whose share in the gradient of a weight is summed by itself

// ---- root-mean-square norms: rows of `width` figures without gaps

template <class Residual, class Number>
struct Norm {
  const Residual* residual;
  const Number* update;  // null where nothing is added
  const float* weight;
  Residual* total;  // null where nothing is added
  Number* normalised;
  float* factors;  // of each row
  long rows, width;
  float epsilon;
  int threads;
};

template <class Residual, class Number>
void norm(const Norm<Residual, Number>& call) {
  const long width = call.width;
#pragma omp parallel for num_threads(call.threads) if (call.rows * width > SMALL)
  for (long row = 0; row < call.rows; ++row) {
    const Residual* residual = call.residual + row * width;
    __m512 squares = _mm512_setzero_ps();
    for (long at = 0; at < width; at += LANES) {
      __m512 figures = load_first(residual + at, width - at);
      if (call.update) {
        Residual* total = call.total + row * width + at;
        figures = _mm512_add_ps(figures, load_first(call.update + row * width + at, width - at));
        put_first(total, figures, width - at);
        figures = stored(total, figures);
      }
      squares = _mm512_fmadd_ps(figures, figures, squares);
    }
    if (call.update) residual = call.total + row * width;
    const float factor = 1.0f / std::sqrt(_mm512_reduce_add_ps(squares) / width + call.epsilon);
    call.factors[row] = factor;
    for (long at = 0; at < width; at += LANES) {
      const __m512 unit = _mm512_mul_ps(load_first(residual + at, width - at), _mm512_set1_ps(factor));
      put_first(call.normalised + row * width + at, _mm512_mul_ps(unit, load_first(call.weight + at, width - at)),
                width - at);
    }
  }
}

template <class Residual, class Number>
struct NormGradients {
  const Residual* total;
  const float* weight;
  const float* factors;
  const Number* of_normalised;
  const Residual* of_total;  // null where nothing else comes back
  Residual* of_residual;
  Number* of_update;  // null where there is none, or it is that of the residual
  float* of_weight;   // (chunks, width): null where it is not asked for
  long rows, width;
  int threads;
};

template <class Residual, class Number>
void norm_back(const NormGradients<Residual, Number>& call) {
  const long width = call.width, chunks = (call.rows + CHUNK - 1) / CHUNK;
#pragma omp parallel for num_threads(call.threads) if (call.rows * width > SMALL)
  for (long chunk = 0; chunk < chunks; ++chunk) {
    float* of_weight = call.of_weight ? call.of_weight + chunk * width : nullptr;
    if (of_weight) std::fill_n(of_weight, width, 0.0f);
    for (long row = chunk * CHUNK; row < std::min(call.rows, (chunk + 1) * CHUNK); ++row) {
      const long start = row * width;
      const __m512 factor = _mm512_set1_ps(call.factors[row]);
      __m512 sum = _mm512_setzero_ps();
      for (long at = 0; at < width; at += LANES) {
        const long left = width - at;
        const __m512 unit = _mm512_mul_ps(load_first(call.total + start + at, left), factor);
        const __m512 product = _mm512_mul_ps(load_first(call.of_normalised + start + at, left), unit);
        if (of_weight) put_first(of_weight + at, _mm512_add_ps(load_first(of_weight + at, left), product), left);
        sum = _mm512_fmadd_ps(product, load_first(call.weight + at, left), sum);
      }
      const __m512 along = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / width);
      for (long at = 0; at < width; at += LANES) {
        const long left = width - at;
        const __m512 unit = _mm512_mul_ps(load_first(call.total + start + at, left), factor);
        const __m512 outer =
            _mm512_mul_ps(load_first(call.of_normalised + start + at, left), load_first(call.weight + at, left));
        __m512 found = _mm512_mul_ps(_mm512_fnmadd_ps(unit, along, outer), factor);
        if (call.of_total) found = _mm512_add_ps(found, load_first(call.of_total + start + at, left));
        put_first(call.of_residual + start + at, found, left);
        if (call.of_update) put_first(call.of_update + start + at, found, left);
      }
    }
  }
}

// ---- gated activation: so many figures without gaps

template <class Number>
struct Gate {
  const Number *gate, *up;
  Number* gated;
  long count;
  int threads;
};

template <class Number>
__m512 sigmoid(__m512 x) {
  const __m512 one = _mm512_set1_ps(1.0f);
  return _mm512_div_ps(one, _mm512_add_ps(one, exponential<Number>(_mm512_sub_ps(_mm512_setzero_ps(), x))));
}

template <class Number>
void gate(const Gate<Number>& call) {
#pragma omp parallel for num_threads(call.threads) if (call.count > SMALL)
  for (long at = 0; at < call.count; at += LANES) {
    const long left = call.count - at;
    const __m512 gate = load_first(call.gate + at, left);
    put_first(call.gated + at,
              _mm512_mul_ps(_mm512_mul_ps(gate, sigmoid<Number>(gate)), load_first(call.up + at, left)), left);
  }
}

template <class Number>
struct GateGradients {
  const Number *gate, *up, *of_gated;
  Number *of_gate, *of_up;
  long count;
  int threads;
};

template <class Number>
void gate_back(const GateGradients<Number>& call) {
  const __m512 one = _mm512_set1_ps(1.0f);
#pragma omp parallel for num_threads(call.threads) if (call.count > SMALL)
  for (long at = 0; at < call.count; at += LANES) {
    const long left = call.count - at;
    const __m512 gate = load_first(call.gate + at, left), outer = load_first(call.of_gated + at, left);
    const __m512 share = sigmoid<Number>(gate);
    const __m512 slope = _mm512_mul_ps(share, _mm512_fmadd_ps(gate, _mm512_sub_ps(one, share), one));
    put_first(call.of_gate + at, _mm512_mul_ps(_mm512_mul_ps(outer, load_first(call.up + at, left)), slope), left);
    put_first(call.of_up + at, _mm512_mul_ps(outer, _mm512_mul_ps(gate, share)), left);
  }
}
