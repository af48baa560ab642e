// Softmax attention of a packed row in bfloat16, and its gradient, a group of segments and a key head at a time.
//
// Queries stand in lanes, keys in rows: what is masked, summed or scaled for a query never leaves its lane. What scores
// and weights are never leaves the cache. The gradient computes them again from the logarithm of the sum that the softmax
// divided by (Dao et al. 2022, algorithm 4).

#include <cmath>
#include <cstdint>

#include "row.h"

using Halves = Scratch<half>;
using Floats = Scratch<float>;

namespace {

// Everything of one task that its blocks of queries have in common.
struct Forward {
  const Heads& heads;
  const int width, count;
  Halves keys, values_transposed, rows, queries, weights;
  Floats scores, sums;

  Forward(const Keys& of_group, const Heads& heads, int key_head, const Strided& key, const Strided& value)
      : heads(heads), width(filled(heads.width)), count(of_group.count), keys((long)count * width),
        values_transposed((long)count * width), rows((long)STEP * width), queries((long)STEP * width),
        weights((long)count * STEP), scores((long)count * STEP), sums((long)STEP * width) {
    of_group.fill(keys.data, width, value, key_head, heads.width);
    transpose(values_transposed.data, keys.data, width, count);
    of_group.fill(keys.data, width, key, key_head, heads.width);
  }

  // Products of queries and keys; the highest that each query sees.
  void score(const Block& block, __m512 highest[2]) {
    highest[0] = highest[1] = _mm512_set1_ps(-INFINITY);
    float* at = scores.data;
    for (const Stretch& stretch : block.stretches) {
      const half* of_keys = keys.data + (long)stretch.place * width;
      multiply({at, STEP, false}, {of_keys, width}, {queries.data, 2 * STEP}, {filled(stretch.count), STEP, width});
      for (int key = 0; key < stretch.count; ++key)
        for (int part = 0; part < 2; ++part)
          highest[part] = _mm512_mask_max_ps(highest[part], block.seeing(part, stretch, key), highest[part],
                                             _mm512_load_ps(at + key * STEP + LANES * part));
      at += (long)filled(stretch.count) * STEP;
    }
  }

  // Values summed with the weights of each query, and the sum of those.
  void weigh(const Block& block, const __m512 highest[2], __m512 total[2]) {
    const __m512 scale = _mm512_set1_ps(heads.scale);
    total[0] = total[1] = _mm512_setzero_ps();
    const float* at = scores.data;
    half* to = weights.data;
    bool go_on = false;
    for (const Stretch& stretch : block.stretches) {
      const int rows = filled(stretch.count);
      for (int key = 0; key < rows; key += 2)
        for (int part = 0; part < 2; ++part) {
          __m256i both[2];
          for (int next = 0; next < 2; ++next) {
            const __m512 score = _mm512_load_ps(at + (key + next) * STEP + LANES * part);
            const __m512 below = _mm512_mul_ps(_mm512_sub_ps(score, highest[part]), scale);
            const __m512 weight = _mm512_maskz_mov_ps(block.seeing(part, stretch, key + next), exponential(below));
            total[part] = _mm512_add_ps(total[part], weight);
            both[next] = rounded(weight);
          }
          _mm512_store_si512(to + key * STEP + 2 * LANES * part, paired(both[0], both[1]));
        }
      if (rows) {
        const Left values = {values_transposed.data + stretch.place, count};
        multiply({sums.data, STEP, go_on}, values, {to, 2 * STEP}, {width, STEP, rows});
        go_on = true;
      }
      at += (long)rows * STEP;
      to += (long)rows * STEP;
    }
  }
};

struct Backward {
  const Heads& heads;
  const int width, count;
  Halves keys, values, keys_transposed, query_rows, outer_rows, output_rows, query_columns, outer_columns, query_pairs,
      outer_pairs, weights, inner, inner_pairs;
  Floats scores, products, to_keys, to_values, to_queries;
  alignas(64) float logarithms[STEP], along[STEP];

  Backward(const Keys& of_group, const Heads& heads, int key_head, const Strided& key, const Strided& value)
      : heads(heads), width(filled(heads.width)), count(of_group.count), keys((long)count * width),
        values((long)count * width), keys_transposed((long)count * width), query_rows((long)STEP * width),
        outer_rows((long)STEP * width), output_rows((long)STEP * width), query_columns((long)STEP * width),
        outer_columns((long)STEP * width), query_pairs((long)STEP * width), outer_pairs((long)STEP * width),
        weights((long)count * STEP), inner((long)count * STEP), inner_pairs((long)count * STEP),
        scores((long)count * STEP), products((long)count * STEP), to_keys((long)count * width),
        to_values((long)count * width), to_queries((long)STEP * width) {
    of_group.fill(keys.data, width, key, key_head, heads.width);
    of_group.fill(values.data, width, value, key_head, heads.width);
    transpose(keys_transposed.data, keys.data, width, count);
    std::fill_n(to_keys.data, (long)count * width, 0.0f);
    std::fill_n(to_values.data, (long)count * width, 0.0f);
  }

  // Queries, outer gradients and what of those lies along the output, in all the ways that they are multiplied.
  void prepare(const Block& block, int head, const Strided& query, const Strided& outer, const Strided& output,
               const float* logarithms_of_head) {
    fill_block(query_rows.data, width, query, head, block.first, block.count, heads.width);
    fill_block(outer_rows.data, width, outer, head, block.first, block.count, heads.width);
    fill_block(output_rows.data, width, output, head, block.first, block.count, heads.width);
    pair_columns(query_columns.data, query_rows.data, width);
    pair_columns(outer_columns.data, outer_rows.data, width);
    pair_rows(query_pairs.data, query_rows.data, width);
    pair_rows(outer_pairs.data, outer_rows.data, width);
    for (int lane = 0; lane < STEP; ++lane) {
      __m512 sum = _mm512_setzero_ps();
      for (int column = 0; column < width; column += STEP)
        sum = _mm512_dpbf16_ps(sum, (__m512bh)_mm512_load_si512(output_rows.data + (long)lane * width + column),
                               (__m512bh)_mm512_load_si512(outer_rows.data + (long)lane * width + column));
      along[lane] = _mm512_reduce_add_ps(sum);
      logarithms[lane] = lane < block.count ? logarithms_of_head[block.first + lane] : 0.0f;
    }
  }

  // Weights again, and the gradient of the scores.
  void differentiate(const Block& block, const Stretch& stretch) {
    const __m512 scale = _mm512_set1_ps(heads.scale);
    for (int key = 0; key < filled(stretch.count); key += 2)
      for (int part = 0; part < 2; ++part) {
        const __m512 logarithm = _mm512_load_ps(logarithms + LANES * part), off = _mm512_load_ps(along + LANES * part);
        __m256i both[2];
        for (int next = 0; next < 2; ++next) {
          const long at = (long)(key + next) * STEP + LANES * part;
          const __m512 below = _mm512_fmsub_ps(_mm512_load_ps(scores.data + at), scale, logarithm);
          const __m512 weight = _mm512_maskz_mov_ps(block.seeing(part, stretch, key + next), exponential(below));
          both[next] = rounded(_mm512_mul_ps(weight, _mm512_sub_ps(_mm512_load_ps(products.data + at), off)));
          _mm256_store_si256((__m256i*)(weights.data + at), rounded(weight));
          _mm256_store_si256((__m256i*)(inner.data + at), both[next]);
        }
        _mm512_store_si512(inner_pairs.data + (long)key * STEP + 2 * LANES * part, paired(both[0], both[1]));
      }
  }

  // What a block of queries adds to the gradients of its keys and values, and the gradient of its queries.
  void add(const Block& block) {
    bool go_on = false;
    for (const Stretch& stretch : block.stretches) {
      const int rows = filled(stretch.count);
      if (!rows) continue;
      const long at = (long)stretch.place * width;
      multiply({scores.data, STEP, false}, {keys.data + at, width}, {query_columns.data, 2 * STEP}, {rows, STEP, width});
      multiply({products.data, STEP, false}, {values.data + at, width}, {outer_columns.data, 2 * STEP},
               {rows, STEP, width});
      differentiate(block, stretch);
      multiply({to_values.data + at, width, true}, {weights.data, STEP}, {outer_pairs.data, 2 * width},
               {rows, width, STEP});
      multiply({to_keys.data + at, width, true}, {inner.data, STEP}, {query_pairs.data, 2 * width}, {rows, width, STEP});
      multiply({to_queries.data, STEP, go_on}, {keys_transposed.data + stretch.place, count},
               {inner_pairs.data, 2 * STEP}, {width, STEP, rows});
      go_on = true;
    }
  }

  void store(const Keys& of_group, int key_head, const Strided& of_key, const Strided& of_value) const {
    const __m512 scale = _mm512_set1_ps(heads.scale);
    for (int segment = of_group.first_segment; segment < of_group.end_segment; ++segment)
      for (int token = 0; token < of_group.row.length(segment); ++token)
        for (int column = 0; column < heads.width; column += LANES) {
          const long at = (long)(of_group.place(segment) + token) * width + column, left = heads.width - column;
          const int place = of_group.row.start(segment) + token;
          store_rounded(of_key.at(key_head, place) + column, _mm512_mul_ps(_mm512_load_ps(to_keys.data + at), scale), left);
          store_rounded(of_value.at(key_head, place) + column, _mm512_load_ps(to_values.data + at), left);
        }
  }
};

}  // namespace

extern "C" {

// Whether this can run here.
int attention_allowed() { return tiles_allowed(); }

// Outputs of (H, Q, D) queries, and (H, Q) logarithms of the sums that their softmax divided by.
void attention_forward(const Row* row, const Heads* heads, const Strided* query, const Strided* key, const Strided* value,
                       const Strided* output, float* logarithms, long queries, int threads) {
#pragma omp parallel for collapse(2) schedule(dynamic) num_threads(threads)
  for (int group = 0; group < row->group_count; ++group)
    for (int key_head = 0; key_head < heads->keys; ++key_head) {
      TilesOfThread tiles;
      const Keys keys(*row, group);
      Forward task(keys, *heads, key_head, *key, *value);
      for_each_block(keys, *heads, key_head, [&](int head, const Block& block) {
        fill_block(task.rows.data, task.width, *query, head, block.first, block.count, heads->width);
        pair_columns(task.queries.data, task.rows.data, task.width);
        __m512 highest[2], total[2];
        task.score(block, highest);
        task.weigh(block, highest, total);
        alignas(64) float peaks[STEP], factors[STEP];
        for (int part = 0; part < 2; ++part) {
          _mm512_store_ps(peaks + LANES * part, highest[part]);
          _mm512_store_ps(factors + LANES * part, total[part]);
        }
        for (int lane = 0; lane < block.count; ++lane) {
          logarithms[head * queries + block.first + lane] = peaks[lane] * heads->scale + std::log(factors[lane]);
          factors[lane] = 1 / factors[lane];
        }
        store_columns(*output, head, block.first, block.count, heads->width, task.sums.data, factors);
      });
    }
}

// Gradients of queries, keys and values, given that of the outputs.
void attention_backward(const Row* row, const Heads* heads, const Strided* query, const Strided* key, const Strided* value,
                        const Strided* output, const float* logarithms, long queries, const Strided* outer,
                        const Strided* of_query, const Strided* of_key, const Strided* of_value, int threads) {
  float scales[STEP];
  std::fill_n(scales, STEP, heads->scale);
#pragma omp parallel for collapse(2) schedule(dynamic) num_threads(threads)
  for (int group = 0; group < row->group_count; ++group)
    for (int key_head = 0; key_head < heads->keys; ++key_head) {
      TilesOfThread tiles;
      const Keys keys(*row, group);
      Backward task(keys, *heads, key_head, *key, *value);
      for_each_block(keys, *heads, key_head, [&](int head, const Block& block) {
        task.prepare(block, head, *query, *outer, *output, logarithms + head * queries);
        task.add(block);
        store_columns(*of_query, head, block.first, block.count, heads->width, task.to_queries.data, scales);
      });
      task.store(keys, key_head, *of_key, *of_value);
    }
}
}
