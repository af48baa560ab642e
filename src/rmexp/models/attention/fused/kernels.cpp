// What is computed of a packed row beside its products with weights, in bfloat16 or float32: attention and its
// gradient, and what stands between the products of a layer.

#include "backward.h"
#include "between_products.h"

extern "C" {

// Whether this can run here.
int allowed() { return tiles_allowed(); }

void attend_float32(const Call<float>* call) { forward(*call); }
void attend_back_float32(const Call<float>* call, const Gradients<float>* gradients) { backward(*call, *gradients); }
void norm_float32_float32(const Norm<float, float>* call) { norm(*call); }
void norm_back_float32_float32(const NormGradients<float, float>* call) { norm_back(*call); }
void gate_float32(const Gate<float>* call) { gate(*call); }
void gate_back_float32(const GateGradients<float>* call) { gate_back(*call); }

#if defined(__AVX512BF16__)
void attend_bfloat16(const Call<half>* call) { forward(*call); }
void attend_back_bfloat16(const Call<half>* call, const Gradients<half>* gradients) { backward(*call, *gradients); }
void norm_float32_bfloat16(const Norm<float, half>* call) { norm(*call); }
void norm_back_float32_bfloat16(const NormGradients<float, half>* call) { norm_back(*call); }
void norm_bfloat16_bfloat16(const Norm<half, half>* call) { norm(*call); }
void norm_back_bfloat16_bfloat16(const NormGradients<half, half>* call) { norm_back(*call); }
void gate_bfloat16(const Gate<half>* call) { gate(*call); }
void gate_back_bfloat16(const GateGradients<half>* call) { gate_back(*call); }
#endif
}
