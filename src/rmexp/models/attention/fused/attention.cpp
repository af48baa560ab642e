// Softmax attention of a packed row in bfloat16 or float32, and its gradient, a group of segments and a key head at a
// time.
//
// Queries stand in lanes, keys in rows: what is masked, summed or scaled for a query never leaves its lane. What scores
// and weights are never leaves the cache. The gradient computes them again from the highest product and the sum that
// the softmax divided by (Dao et al. 2022, algorithm 4).

#include "backward.h"

extern "C" {

// Whether this can run here.
int attention_allowed() { return tiles_allowed(); }

void forward_float32(const Call<float>* call) { forward(*call); }
void backward_float32(const Call<float>* call, const Gradients<float>* gradients) { backward(*call, *gradients); }

#if defined(__AVX512BF16__)
void forward_bfloat16(const Call<half>* call) { forward(*call); }
void backward_bfloat16(const Call<half>* call, const Gradients<half>* gradients) { backward(*call, *gradients); }
#endif
}
