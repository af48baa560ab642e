// What the queries of a row get from the values that they look at.

#pragma once

#include <cmath>

#include "row.h"

template <class Number>
struct Call {
  Row row;
  Heads heads;
  Strided<Number> query, key, value, output;
  Angles query_angles, key_angles;
  float *peaks, *factors;  // (heads, queries): the highest product, and one over the sum of the softmax
  long query_count;
  int threads;
};

// Everything of one task that its blocks of queries have in common.
template <class Number>
struct Forward {
  using Numbers = Scratch<Number>;
  const Heads& heads;
  const int width, count;
  Numbers keys, values_transposed, rows, queries, weights;
  Scratch<float> scores, sums;

  Forward(const Keys& of_group, const Call<Number>& call, int key_head)
      : heads(call.heads),
        width(filled(heads.width, WIDTH_STEP<Number>)),
        count(of_group.count),
        keys((long)count * width),
        values_transposed((long)count * width),
        rows((long)STEP * width),
        queries((long)STEP * width),
        weights((long)count * STEP),
        scores((long)count * STEP),
        sums((long)STEP * width) {
    of_group.fill(keys.data, width, call.value, UNTURNED, key_head, heads.width);
    transpose(values_transposed.data, keys.data, width, count);
    of_group.fill(keys.data, width, call.key, call.key_angles, key_head, heads.width);
  }

  // Products of queries and keys; the highest that each query sees.
  void score(const Block& block, __m512 highest[2]) {
    highest[0] = highest[1] = _mm512_set1_ps(-INFINITY);
    float* at = scores.data;
    for (const Stretch& stretch : block.stretches) {
      const Number* of_keys = keys.data + (long)stretch.place * width;
      multiply({at, STEP, false}, Left<Number>{of_keys, width}, right(queries.data, STEP),
               {filled(stretch.count, KEY_STEP<Number>), STEP, width});
      for (int key = 0; key < stretch.count; ++key)
        for (int part = 0; part < 2; ++part)
          highest[part] = _mm512_mask_max_ps(highest[part], block.seeing(part, stretch, key), highest[part],
                                             _mm512_load_ps(at + key * STEP + LANES * part));
      at += (long)filled(stretch.count, KEY_STEP<Number>) * STEP;
    }
  }

  // Values summed with the weights of each query, and the sum of those.
  void weigh(const Block& block, const __m512 highest[2], __m512 total[2]) {
    const __m512 scale = _mm512_set1_ps(heads.scale);
    total[0] = total[1] = _mm512_setzero_ps();
    const float* at = scores.data;
    Number* to = weights.data;
    bool go_on = false;
    for (const Stretch& stretch : block.stretches) {
      const int rows = filled(stretch.count, KEY_STEP<Number>);
      for (int key = 0; key < rows; key += 2)
        for (int part = 0; part < 2; ++part) {
          __m512 both[2];
          for (int next = 0; next < 2; ++next) {
            const __m512 score = _mm512_load_ps(at + (key + next) * STEP + LANES * part);
            const __m512 below = _mm512_mul_ps(_mm512_sub_ps(score, highest[part]), scale);
            both[next] = _mm512_maskz_mov_ps(block.seeing(part, stretch, key + next), exponential<Number>(below));
            total[part] = _mm512_add_ps(total[part], both[next]);
          }
          store_two_rows(to + key * STEP, part, both[0], both[1]);
        }
      if (rows) {
        const Left<Number> values = {values_transposed.data + stretch.place, count};
        multiply({sums.data, STEP, go_on}, values, right(to, STEP), {width, STEP, rows});
        go_on = true;
      }
      at += (long)rows * STEP;
      to += (long)rows * STEP;
    }
  }
};

// Outputs of the queries, and what their softmax consists of besides the products.
template <class Number>
void forward(const Call<Number>& call) {
  const Row& row = call.row;
  const Heads& heads = call.heads;
#pragma omp parallel for collapse(2) schedule(dynamic) num_threads(call.threads)
  for (int group = 0; group < row.group_count; ++group)
    for (int key_head = 0; key_head < heads.keys; ++key_head) {
      TilesOfThread tiles;
      const Keys keys(row, group);
      Forward<Number> task(keys, call, key_head);
      for_each_block(keys, heads, key_head, [&](int head, const Block& block) {
        fill_turned(task.rows.data, task.width, call.query, call.query_angles, head, block.first, block.count,
                    heads.width);
        transposed_factor(task.queries.data, task.rows.data, task.width);
        __m512 highest[2], total[2];
        task.score(block, highest);
        task.weigh(block, highest, total);
        const long first_query = head * call.query_count + block.first;
        alignas(64) float peaks[STEP], factors[STEP];
        for (int part = 0; part < 2; ++part) {
          _mm512_store_ps(peaks + LANES * part, highest[part]);
          _mm512_store_ps(factors + LANES * part, _mm512_div_ps(_mm512_set1_ps(1.0f), total[part]));
        }
        std::copy_n(peaks, block.count, call.peaks + first_query);
        std::copy_n(factors, block.count, call.factors + first_query);
        store_columns(call.output, head, block.first, block.count, heads.width, task.sums.data, factors);
      });
    }
}
