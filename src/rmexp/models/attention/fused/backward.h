// The gradient of attention, for which weights are computed again.

#pragma once

#include "forward.h"

template <class Number>
struct Gradients {
  Strided<Number> output, query, key, value;
};

template <class Number>
struct Backward {
  using Numbers = Scratch<Number>;
  const Heads& heads;
  const int width, count;
  Numbers keys, values, keys_transposed, query_rows, outer_rows, output_rows, query_columns, outer_columns, query_pairs,
      outer_pairs, weights, inner, inner_pairs;
  Scratch<float> scores, products, to_keys, to_values, to_queries, query_gradients;
  const Number *queries, *outers;  // as right factors
  alignas(64) float peaks[STEP], factors[STEP], along[STEP];

  Backward(const Keys& of_group, const Call<Number>& call, int key_head)
      : heads(call.heads),
        width(filled(heads.width, WIDTH_STEP<Number>)),
        count(of_group.count),
        keys((long)count * width),
        values((long)count * width),
        keys_transposed((long)count * width),
        query_rows((long)STEP * width),
        outer_rows((long)STEP * width),
        output_rows((long)STEP * width),
        query_columns((long)STEP * width),
        outer_columns((long)STEP * width),
        query_pairs((long)STEP * width),
        outer_pairs((long)STEP * width),
        weights((long)count * STEP),
        inner((long)count * STEP),
        inner_pairs((long)count * STEP),
        scores((long)count * STEP),
        products((long)count * STEP),
        to_keys((long)count * width),
        to_values((long)count * width),
        to_queries((long)STEP * width),
        query_gradients((long)STEP * width) {
    of_group.fill(keys.data, width, call.key, call.key_angles, key_head, heads.width);
    of_group.fill(values.data, width, call.value, UNTURNED, key_head, heads.width);
    transpose(keys_transposed.data, keys.data, width, count);
    std::fill_n(to_keys.data, (long)count * width, 0.0f);
    std::fill_n(to_values.data, (long)count * width, 0.0f);
  }

  // Queries, outer gradients and what of those lies along the output, in all the ways that they are multiplied.
  void prepare(const Block& block, int head, const Call<Number>& call, const Strided<Number>& outer) {
    fill_turned(query_rows.data, width, call.query, call.query_angles, head, block.first, block.count, heads.width);
    fill_block(outer_rows.data, width, outer, head, block.first, block.count, heads.width);
    fill_block(output_rows.data, width, call.output, head, block.first, block.count, heads.width);
    transposed_factor(query_columns.data, query_rows.data, width);
    transposed_factor(outer_columns.data, outer_rows.data, width);
    queries = right_factor(query_pairs.data, query_rows.data, width);
    outers = right_factor(outer_pairs.data, outer_rows.data, width);
    for (int lane = 0; lane < STEP; ++lane) {
      __m512 sum = _mm512_setzero_ps();
      for (int column = 0; column < width; column += WIDTH_STEP<Number>)
        sum = add_products(sum, output_rows.data + (long)lane * width + column,
                           outer_rows.data + (long)lane * width + column);
      along[lane] = _mm512_reduce_add_ps(sum);
      const long query = head * call.query_count + block.first + lane;
      peaks[lane] = lane < block.count ? call.peaks[query] : 0.0f;
      factors[lane] = lane < block.count ? call.factors[query] : 0.0f;
    }
  }

  // Weights again, and the gradient of the scores.
  void differentiate(const Block& block, const Stretch& stretch) {
    const __m512 scale = _mm512_set1_ps(heads.scale);
    for (int key = 0; key < filled(stretch.count, KEY_STEP<Number>); key += 2)
      for (int part = 0; part < 2; ++part) {
        const __m512 peak = _mm512_load_ps(peaks + LANES * part), factor = _mm512_load_ps(factors + LANES * part);
        const __m512 off = _mm512_load_ps(along + LANES * part);
        __m512 both[2];
        for (int next = 0; next < 2; ++next) {
          const long at = (long)(key + next) * STEP + LANES * part;
          const __m512 below = _mm512_mul_ps(_mm512_sub_ps(_mm512_load_ps(scores.data + at), peak), scale);
          const __m512 weight = _mm512_maskz_mov_ps(block.seeing(part, stretch, key + next),
                                                    _mm512_mul_ps(exponential<Number>(below), factor));
          both[next] = _mm512_mul_ps(weight, _mm512_sub_ps(_mm512_load_ps(products.data + at), off));
          store(weights.data + at, weight);
          store(inner.data + at, both[next]);
        }
        store_two_rows(inner_pairs.data + (long)key * STEP, part, both[0], both[1]);
      }
  }

  // What a block of queries adds to the gradients of its keys and values, and the gradient of its queries.
  void add(const Block& block) {
    bool go_on = false;
    for (const Stretch& stretch : block.stretches) {
      const int rows = filled(stretch.count, KEY_STEP<Number>);
      if (!rows) continue;
      const long at = (long)stretch.place * width;
      const Left<Number> of_keys = {keys.data + at, width}, of_values = {values.data + at, width};
      multiply({scores.data, STEP, false}, of_keys, right(query_columns.data, STEP), {rows, STEP, width});
      multiply({products.data, STEP, false}, of_values, right(outer_columns.data, STEP), {rows, STEP, width});
      differentiate(block, stretch);
      const Left<Number> of_weights = {weights.data, STEP}, of_inner = {inner.data, STEP};
      multiply({to_values.data + at, width, true}, of_weights, right(outers, width), {rows, width, STEP});
      multiply({to_keys.data + at, width, true}, of_inner, right(queries, width), {rows, width, STEP});
      const Left<Number> transposed = {keys_transposed.data + stretch.place, count};
      multiply({to_queries.data, STEP, go_on}, transposed, right(inner_pairs.data, STEP), {width, STEP, rows});
      go_on = true;
    }
  }

  void store_query_gradients(const Block& block, int head, const Call<Number>& call, const Strided<Number>& to) {
    transpose(query_gradients.data, to_queries.data, STEP, width);
    for (int lane = 0; lane < block.count; ++lane)
      store_row(to.at(head, block.first + lane), query_gradients.data + (long)lane * width, call.query_angles,
                block.first + lane);
  }

  void store_key_gradients(const Keys& of_group, int key_head, const Call<Number>& call,
                           const Gradients<Number>& gradients) {
    for (int segment = of_group.first_segment; segment < of_group.end_segment; ++segment)
      for (int token = 0; token < of_group.row.length(segment); ++token) {
        const long at = (long)(of_group.place(segment) + token) * width;
        const int place = of_group.row.start(segment) + token;
        store_row(gradients.key.at(key_head, place), to_keys.data + at, call.key_angles, place);
        Number* of_value = gradients.value.at(key_head, place);
        for (int column = 0; column < heads.width; column += LANES)
          put_first(of_value + column, _mm512_load_ps(to_values.data + at + column), heads.width - column);
      }
  }

 private:
  // The gradient of a head of queries or keys, scaled, and turned back where the head was turned.
  void store_row(Number* to, float* row, const Angles& angles, long token) const {
    if (angles.cosine) turn(row, angles, token, heads.width, true);
    for (int column = 0; column < heads.width; column += LANES)
      put_first(to + column, _mm512_mul_ps(_mm512_load_ps(row + column), _mm512_set1_ps(heads.scale)),
                heads.width - column);
  }
};

// Gradients of queries, keys and values, given that of the outputs.
template <class Number>
void backward(const Call<Number>& call, const Gradients<Number>& gradients) {
  const Row& row = call.row;
  const Heads& heads = call.heads;
#pragma omp parallel for collapse(2) schedule(dynamic) num_threads(call.threads)
  for (int group = 0; group < row.group_count; ++group)
    for (int key_head = 0; key_head < heads.keys; ++key_head) {
      TilesOfThread tiles;
      const Keys keys(row, group);
      Backward<Number> task(keys, call, key_head);
      for_each_block(keys, heads, key_head, [&](int head, const Block& block) {
        task.prepare(block, head, call, gradients.output);
        task.add(block);
        task.store_query_gradients(block, head, call, gradients.query);
      });
      task.store_key_gradients(keys, key_head, call, gradients);
    }
}
