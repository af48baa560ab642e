// A packed row, and which keys 32 queries of it look at.

#pragma once

#include <algorithm>
#include <vector>

#include "layouts.h"

struct Row {
  const int* segments;  // (S, 4): of each segment its start and end, and those of what it shares with others
  const int* groups;   // (N + 1): where a group of segments begins; the first of it is what the others share, if any do
  const int* queries;  // (S + 1): where the queries of a segment begin
  const int* tokens;   // of each query
  int group_count;
  int window;  // positions that a query looks back, itself among them

  int start(int segment) const { return segments[4 * segment]; }
  int length(int segment) const { return segments[4 * segment + 1] - segments[4 * segment]; }
  int shared(int segment) const { return segments[4 * segment + 3] - segments[4 * segment + 2]; }
};

struct Heads {
  int queries, keys, width;
  float scale;  // of the products of queries and keys
};

// The keys of a group, segment by segment, each filled up to a multiple of 32.
struct Keys {
  const Row& row;
  const int first_segment, end_segment;
  std::vector<int> places;  // where those of each segment begin
  int count = 0;

  Keys(const Row& row, int group) : row(row), first_segment(row.groups[group]), end_segment(row.groups[group + 1]) {
    for (int segment = first_segment; segment < end_segment; ++segment) {
      places.push_back(count);
      count += filled(row.length(segment));
    }
  }

  int place(int segment) const { return places[segment - first_segment]; }

  template <class Number>
  void fill(Number* block, int width, const Strided<Number>& from, const Angles& angles, int head,
            int head_width) const {
    for (int segment = first_segment; segment < end_segment; ++segment)
      fill_turned(block + (long)place(segment) * width, width, from, angles, head, row.start(segment),
                  row.length(segment), head_width);
  }
};

// Keys one behind the other: where they begin among those of the group, how many, and the position of the first.
struct Stretch {
  int place, count, position;
};

// At most 32 queries of a segment, each in a lane of two vectors, and the keys that any of them sees.
struct Block {
  int first, count, window;
  __m512i positions[2];  // -1 behind the last query
  Stretch stretches[2];  // what is shared, which may be empty; own tokens up to the last query

  Block(const Keys& keys, int segment, int first, int count) : first(first), count(count), window(keys.row.window) {
    const Row& row = keys.row;
    const int shared = row.shared(segment);
    alignas(64) int of_lanes[STEP];
    for (int lane = 0; lane < STEP; ++lane)
      of_lanes[lane] = lane < count ? row.tokens[first + lane] - row.start(segment) + shared : -1;
    for (int part = 0; part < 2; ++part) positions[part] = _mm512_load_si512(of_lanes + LANES * part);
    stretches[0] = {0, shared, 0};
    stretches[1] = {keys.place(segment), of_lanes[count - 1] - shared + 1, shared};
  }

  // Which queries see a key of a stretch; none sees what only fills it up.
  __mmask16 seeing(int part, const Stretch& stretch, int key) const {
    if (key >= stretch.count) return 0;
    const __m512i back = _mm512_sub_epi32(positions[part], _mm512_set1_epi32(stretch.position + key));
    return _mm512_cmpge_epi32_mask(back, _mm512_setzero_si512()) &
           _mm512_cmplt_epi32_mask(back, _mm512_set1_epi32(window));
  }
};

// Does something with every block of queries of every head that a key head serves.
template <class Work>
void for_each_block(const Keys& keys, const Heads& heads, int key_head, Work work) {
  const int repeats = heads.queries / heads.keys;
  for (int head = key_head * repeats; head < (key_head + 1) * repeats; ++head)
    for (int segment = keys.first_segment; segment < keys.end_segment; ++segment)
      for (int first = keys.row.queries[segment], end = keys.row.queries[segment + 1]; first < end; first += STEP)
        work(head, Block(keys, segment, first, std::min(STEP, end - first)));
}
