// libcublasLt.so of the stand-in (cublasLt.h): products of F32 and BF16 matrices with F32 results or BF16 ones.
//
// An element's sum is a chain of fused multiply-adds in k, in F32, whatever else is computed: a row does not depend on its
// neighbours. One of three algorithms splits the sum; one can be made to depend on the number of rows, or of outputs, as
// cuBLASLt may, so that who promises exactness can be tested.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "memory.h"
#include "streams.h"

extern "C" int standInRowDependent();
extern "C" int standInOutDependent();

namespace standin {
void addReport(const std::string& text);
}
using namespace standin;

namespace {

constexpr int SUCCESS = 0, INVALID_VALUE = 7, INTERNAL_ERROR = 14, NOT_SUPPORTED = 15;
constexpr int FLOAT = 0, BFLOAT16 = 14;

/** As cublasLt.h's attributes number them. */
struct Layout {
  int type, order;
  unsigned long long rows, columns;
  long long stride;
  int batches;
  long long batchStride;
};

struct Product {
  int compute, scale, pointerMode, transposeA, transposeB, epilogue;
  const void* bias;
  int biasType;
};

struct Preference {
  unsigned long long workspace;
  int reductions;
  unsigned alignment[4];
};

/** What lies in cublasLtMatmulAlgo_t's 64 bytes. */
struct Algorithm {
  int id, tile, splits, reduction, swizzle, option, stages, magic;
  unsigned short inner, cluster;
  unsigned alignment[4];  // bytes that the addresses and strides of A, B, C, D are multiples of; 0 for any
  int unused[3];
};
static_assert(sizeof(Algorithm) == 64, "as cublasLt.h has it");
constexpr int MAGIC = 0x57485453;

struct Result {
  Algorithm algorithm;
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};
static_assert(sizeof(Result) == 96, "as cublasLt.h has it");

float toFloat(const char* base, long long at, int type) {
  if (type == FLOAT) return ((const float*)base)[at];
  uint32_t bits = (uint32_t)((const uint16_t*)base)[at] << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

void fromFloat(char* base, long long at, int type, float value) {
  if (type == FLOAT) {
    ((float*)base)[at] = value;
    return;
  }
  uint32_t bits;
  memcpy(&bits, &value, 4);
  bits = value != value ? 0x7fff0000u : bits + 0x7fff + ((bits >> 16) & 1);
  ((uint16_t*)base)[at] = (uint16_t)(bits >> 16);
}

long long index(const Layout& layout, long long row, long long column) {
  return layout.order == 1 ? row * layout.stride + column : column * layout.stride + row;
}

size_t bytes(const Layout& layout) {
  if (layout.rows == 0 || layout.columns == 0) return 0;
  return (size_t)(index(layout, layout.rows - 1, layout.columns - 1) + 1) * (layout.type == FLOAT ? 4 : 2);
}

/** op(X) as rows of k, or as k of rows: [outer][k] in F32. */
std::vector<float> unpacked(const char* from, const Layout& layout, bool innerIsColumns, long long outer, long long inner) {
  std::vector<float> to((size_t)(outer * inner));
  for (long long i = 0; i < outer; i++) {
    for (long long k = 0; k < inner; k++) {
      to[(size_t)(i * inner + k)] = toFloat(from, innerIsColumns ? index(layout, i, k) : index(layout, k, i), layout.type);
    }
  }
  return to;
}

bool inDevice(const void* address, size_t count, const char* what) {
  Allocation found;
  if (count == 0 || (find(address, &found) && (uintptr_t)address + count <= found.begin + found.bytes)) return true;
  addReport(std::string("cublasLtMatmul: ") + what + ": " + std::to_string(count) + " bytes are not in one allocation of the device's\n");
  return false;
}

struct Call {
  Product product;
  float alpha, beta;
  const char *a, *b, *c;
  char* d;
  Layout la, lb, lc, ld;
  Algorithm algorithm;
};

/** The sum over [from, to) of a chain, eight columns at a time: the order is in k alone. */
void chain(const float* a, const float* b, long long n, long long k, long long from, long long to, float* sums) {
  // b is [k][n]
  for (long long j = 0; j < n; j++) sums[j] = 0;
  for (long long i = from; i < to; i++) {
    float factor = a[i];
    const float* row = b + i * n;
    for (long long j = 0; j < n; j++) sums[j] = __builtin_fmaf(factor, row[j], sums[j]);
  }
  (void)k;
}

int multiply(const Call& call) {
  const Product& product = call.product;
  bool ta = product.transposeA != 0, tb = product.transposeB != 0;
  long long m = (long long)call.ld.rows, n = (long long)call.ld.columns;
  long long k = (long long)(ta ? call.la.rows : call.la.columns);
  bool good = inDevice(call.a, bytes(call.la), "A") & inDevice(call.b, bytes(call.lb), "B") & inDevice(call.d, bytes(call.ld), "D");
  if (call.beta != 0) good &= inDevice(call.c, bytes(call.lc), "C");
  if (!good) return 700;
  // The longer side of D runs in the inner loop.
  bool swapped = n > m;
  long long outer = swapped ? m : n, inner = swapped ? n : m;
  const char* outerFrom = swapped ? call.a : call.b;
  const char* innerFrom = swapped ? call.b : call.a;
  const Layout& outerLayout = swapped ? call.la : call.lb;
  const Layout& innerLayout = swapped ? call.lb : call.la;
  bool outerColumns = swapped ? !ta : tb;   // whether k runs over the columns of what lies in memory
  bool innerColumns = swapped ? tb : !ta;
  std::vector<float> x = unpacked(outerFrom, outerLayout, outerColumns, outer, k);
  std::vector<float> y((size_t)(k * inner));
  for (long long i = 0; i < inner; i++) {
    for (long long j = 0; j < k; j++) {
      y[(size_t)(j * inner + i)] = toFloat(innerFrom, innerColumns ? index(innerLayout, i, j) : index(innerLayout, j, i), innerLayout.type);
    }
  }
  long long parts = std::max(1, call.algorithm.splits);
  if (call.algorithm.id == standInRowDependent() && std::min(m, n) + std::max(m, n) > 0) parts = n > 32 ? 2 : 1;
  if (call.algorithm.id == standInOutDependent()) parts = m > 512 ? 2 : 1;
  std::vector<float> sums((size_t)inner), part((size_t)inner);
  for (long long o = 0; o < outer; o++) {
    chain(&x[(size_t)(o * k)], y.data(), inner, k, 0, k / parts, sums.data());
    for (long long p = 1; p < parts; p++) {
      chain(&x[(size_t)(o * k)], y.data(), inner, k, k * p / parts, k * (p + 1) / parts, part.data());
      for (long long i = 0; i < inner; i++) sums[(size_t)i] += part[(size_t)i];
    }
    for (long long i = 0; i < inner; i++) {
      long long row = swapped ? o : i, column = swapped ? i : o;
      float value = call.alpha * sums[(size_t)i];
      if (call.beta != 0) value = __builtin_fmaf(call.beta, toFloat(call.c, index(call.lc, row, column), call.lc.type), value);
      if ((product.epilogue & 4) != 0) value += toFloat((const char*)product.bias, row, product.biasType);
      if ((product.epilogue & 2) != 0) value = value < 0 ? 0 : value;
      fromFloat(call.d, index(call.ld, row, column), call.ld.type, value);
    }
  }
  return 0;
}

bool type(int one) { return one == FLOAT || one == BFLOAT16; }

/** Whether shapes and types go together. */
int fits(const Product& product, const Layout& a, const Layout& b, const Layout& c, const Layout& d) {
  bool ta = product.transposeA != 0, tb = product.transposeB != 0;
  if (!type(a.type) || !type(b.type) || a.type != b.type || !type(c.type) || c.type != d.type) return NOT_SUPPORTED;
  if (a.type == FLOAT && d.type != FLOAT) return NOT_SUPPORTED;
  if (product.compute != 68 || product.scale != FLOAT || product.pointerMode != 0) return NOT_SUPPORTED;
  if ((product.epilogue & ~6) > 1 || product.epilogue == 0) return NOT_SUPPORTED;
  for (const Layout* one : {&a, &b, &c, &d}) {
    long long least = (long long)(one->order == 1 ? one->columns : one->rows);
    if (one->order > 1 || one->batches > 1) return NOT_SUPPORTED;
    if (one->stride < least || one->rows == 0 || one->columns == 0) return INVALID_VALUE;
  }
  unsigned long long m = ta ? a.columns : a.rows, k = ta ? a.rows : a.columns;
  unsigned long long k2 = tb ? b.columns : b.rows, n = tb ? b.rows : b.columns;
  if (k != k2 || d.rows != m || d.columns != n || c.rows != m || c.columns != n) return INVALID_VALUE;
  return SUCCESS;
}

const Algorithm algorithms[] = {
    {21, 20, 1, 0, 0, 0, 5, MAGIC, 0, 0, {}, {}},   // no split
    {24, 15, 1, 0, 0, 0, 4, MAGIC, 0, 0, {}, {}},   // no split
    {31, 20, 4, 2, 0, 0, 5, MAGIC, 0, 0, {}, {}},   // split-K
};

size_t workspaceOf(const Algorithm& algorithm, const Layout& d) {
  return algorithm.splits > 1 ? (size_t)(d.rows * d.columns * 4 * (unsigned)algorithm.splits) : 0;
}

constexpr unsigned WIDEST = 16;
constexpr unsigned long long MOST_NUMBERS = 0x7fffffff;

unsigned strideBytes(const Layout& layout) { return (unsigned)layout.stride * (layout.type == FLOAT ? 4 : 2); }

bool multiple(unsigned long long number, unsigned alignment) { return alignment == 0 || number % alignment == 0; }

/**
 * Whether an algorithm reads and writes matrices that lie so: kernels move 16 bytes at once where they may, and count by
 * int; the first algorithm takes terms of a sum two at a time.
 */
int serves(const Algorithm& algorithm, const Product& product, const Layout& a, const Layout& b, const Layout& c, const Layout& d) {
  if (algorithm.id == algorithms[0].id && (product.transposeA != 0 ? a.rows : a.columns) % 2 != 0) return NOT_SUPPORTED;
  const Layout* all[] = {&a, &b, &c, &d};
  for (int i = 0; i < 4; i++) {
    if (!multiple(strideBytes(*all[i]), algorithm.alignment[i])) return NOT_SUPPORTED;
    if (all[i]->rows * all[i]->columns > MOST_NUMBERS) return NOT_SUPPORTED;
  }
  return SUCCESS;
}

}  // namespace

#define API extern "C" __attribute__((visibility("default")))

API size_t cublasLtGetVersion() { return 130000; }
API size_t cublasLtGetCudartVersion() { return 13000; }
API int cublasLtCreate(void** handle) {
  *handle = new int(MAGIC);
  return SUCCESS;
}
API int cublasLtDestroy(void* handle) {
  delete (int*)handle;
  return SUCCESS;
}
API const char* cublasLtGetStatusString(int status) {
  switch (status) {
    case SUCCESS: return "success";
    case INVALID_VALUE: return "an unsupported value or parameter was passed to the function";
    case NOT_SUPPORTED: return "the functionality requested is not supported";
    case 13: return "the function failed to launch on the GPU";
    default: return "unknown status";
  }
}
API const char* cublasLtGetStatusName(int status) {
  switch (status) {
    case SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
    default: return "CUBLAS_STATUS unknown";
  }
}

API int cublasLtMatrixLayoutCreate(Layout** layout, int type, unsigned long long rows, unsigned long long columns, long long stride) {
  *layout = new Layout{type, 0, rows, columns, stride, 1, 0};
  return SUCCESS;
}
API int cublasLtMatrixLayoutDestroy(Layout* layout) {
  delete layout;
  return SUCCESS;
}
API int cublasLtMatrixLayoutSetAttribute(Layout* layout, int attribute, const void* value, size_t size) {
  void* places[] = {&layout->type, &layout->order, &layout->rows, &layout->columns, &layout->stride, &layout->batches, &layout->batchStride};
  size_t sizes[] = {4, 4, 8, 8, 8, 4, 8};
  if (attribute < 0 || attribute > 6 || size != sizes[attribute]) return INVALID_VALUE;
  memcpy(places[attribute], value, sizes[attribute]);
  return SUCCESS;
}

API int cublasLtMatmulDescCreate(Product** product, int compute, int scale) {
  *product = new Product{compute, scale, 0, 0, 0, 1, nullptr, FLOAT};
  return SUCCESS;
}
API int cublasLtMatmulDescDestroy(Product* product) {
  delete product;
  return SUCCESS;
}
API int cublasLtMatmulDescSetAttribute(Product* product, int attribute, const void* value, size_t size) {
  if (size != (attribute == 8 ? 8u : 4u)) return INVALID_VALUE;
  switch (attribute) {
    case 0: memcpy(&product->compute, value, 4); break;
    case 1: memcpy(&product->scale, value, 4); break;
    case 2: memcpy(&product->pointerMode, value, 4); break;
    case 3: memcpy(&product->transposeA, value, 4); break;
    case 4: memcpy(&product->transposeB, value, 4); break;
    case 7: memcpy(&product->epilogue, value, 4); break;
    case 8: memcpy(&product->bias, value, 8); break;
    case 15: break;
    case 26: memcpy(&product->biasType, value, 4); break;
    default: return INVALID_VALUE;
  }
  return SUCCESS;
}

API int cublasLtMatmulPreferenceCreate(Preference** preference) {
  *preference = new Preference{0, 7, {256, 256, 256, 256}};
  return SUCCESS;
}
API int cublasLtMatmulPreferenceDestroy(Preference* preference) {
  delete preference;
  return SUCCESS;
}
API int cublasLtMatmulPreferenceSetAttribute(Preference* preference, int attribute, const void* value, size_t size) {
  if (size != (attribute == 1 || attribute == 12 ? 8u : 4u)) return INVALID_VALUE;
  switch (attribute) {
    case 1: memcpy(&preference->workspace, value, 8); break;
    case 3: memcpy(&preference->reductions, value, 4); break;
    case 5: case 6: case 7: case 8: memcpy(&preference->alignment[attribute - 5], value, 4); break;
    case 0: case 9: case 12: break;
    default: return INVALID_VALUE;
  }
  return SUCCESS;
}

API int cublasLtMatmulAlgoCheck(void*, const Product* product, const Layout* a, const Layout* b, const Layout* c, const Layout* d, const Algorithm* algorithm, Result* result) {
  if (capturing()) return INTERNAL_ERROR;  // CUDA 13.3's asks for the context's processors, which may not be then
  if (algorithm->magic != MAGIC) return INVALID_VALUE;
  int code = fits(*product, *a, *b, *c, *d);
  if (code == SUCCESS) code = serves(*algorithm, *product, *a, *b, *c, *d);
  memset(result, 0, sizeof *result);
  result->algorithm = *algorithm;
  result->workspace = workspaceOf(*algorithm, *d);
  result->state = code;
  result->waves = 1;
  return code;
}
API int cublasLtMatmulAlgoGetHeuristic(void* handle, const Product* product, const Layout* a, const Layout* b, const Layout* c, const Layout* d, const Preference* preference, int wanted, Result* results, int* found) {
  *found = 0;
  if (capturing()) return INTERNAL_ERROR;
  int code = fits(*product, *a, *b, *c, *d);
  if (code != SUCCESS) return code;
  for (const Algorithm& algorithm : algorithms) {
    if (*found == wanted) break;
    if ((algorithm.reduction & ~preference->reductions) != 0 || workspaceOf(algorithm, *d) > preference->workspace) continue;
    // As much at once as these strides and the addresses that are promised allow.
    Algorithm own = algorithm;
    const Layout* all[] = {a, b, c, d};
    for (int i = 0; i < 4; i++) {
      own.alignment[i] = std::min(WIDEST, preference->alignment[i]);
      while (!multiple(strideBytes(*all[i]), own.alignment[i])) own.alignment[i] /= 2;
    }
    if (cublasLtMatmulAlgoCheck(handle, product, a, b, c, d, &own, &results[*found]) == SUCCESS) (*found)++;
  }
  return *found > 0 ? SUCCESS : NOT_SUPPORTED;
}
API int cublasLtMatmulAlgoGetIds(void*, int, int, int, int, int, int, int wanted, int* ids, int* found) {
  *found = 0;
  for (const Algorithm& algorithm : algorithms) {
    if (*found < wanted) ids[(*found)++] = algorithm.id;
  }
  return SUCCESS;
}
API int cublasLtMatmulAlgoInit(void*, int, int, int, int, int, int, int id, Algorithm* algorithm) {
  for (const Algorithm& one : algorithms) {
    if (one.id == id) {
      *algorithm = one;
      return SUCCESS;
    }
  }
  return INVALID_VALUE;
}
namespace {
void* configuration(Algorithm* algorithm, int attribute, size_t* bytes) {
  *bytes = 4;
  switch (attribute) {
    case 0: return &algorithm->id;
    case 1: return &algorithm->tile;
    case 2: return &algorithm->splits;
    case 3: return &algorithm->reduction;
    case 4: return &algorithm->swizzle;
    case 5: return &algorithm->option;
    case 6: return &algorithm->stages;
    case 7: *bytes = 2; return &algorithm->inner;
    case 8: *bytes = 2; return &algorithm->cluster;
    default: return nullptr;
  }
}
}  // namespace
API int cublasLtMatmulAlgoConfigGetAttribute(const Algorithm* algorithm, int attribute, void* value, size_t size, size_t* written) {
  size_t bytes;
  void* place = configuration((Algorithm*)algorithm, attribute, &bytes);
  if (place == nullptr || size < bytes) return INVALID_VALUE;
  memcpy(value, place, bytes);
  if (written != nullptr) *written = bytes;
  return SUCCESS;
}
API int cublasLtMatmulAlgoConfigSetAttribute(Algorithm* algorithm, int attribute, const void* value, size_t size) {
  size_t bytes;
  void* place = configuration(algorithm, attribute, &bytes);
  if (place == nullptr || size < bytes || attribute == 0) return INVALID_VALUE;
  memcpy(place, value, bytes);
  return SUCCESS;
}

API int cublasLtMatmul(void*, const Product* product, const void* alpha, const void* a, const Layout* la, const void* b, const Layout* lb, const void* beta, const void* c, const Layout* lc, void* d, const Layout* ld, const Algorithm* algorithm, void* workspace, size_t workspaceBytes, void* stream) {
  int code = fits(*product, *la, *lb, *lc, *ld);
  if (code != SUCCESS) return code;
  const Algorithm& chosen = algorithm != nullptr ? *algorithm : algorithms[0];
  if (chosen.magic != MAGIC || workspaceOf(chosen, *ld) > workspaceBytes) return INVALID_VALUE;
  if (workspaceOf(chosen, *ld) > 0 && !inDevice(workspace, workspaceOf(chosen, *ld), "the workspace")) return INVALID_VALUE;
  if (serves(chosen, *product, *la, *lb, *lc, *ld) != SUCCESS) return NOT_SUPPORTED;
  const void* addresses[] = {a, b, c, d};
  const Layout* all[] = {la, lb, lc, ld};
  for (int i = 0; i < 4; i++) {
    unsigned least = std::max(chosen.alignment[i], all[i]->type == FLOAT ? 4u : 2u);
    if (multiple((uintptr_t)addresses[i], least)) continue;
    addReport(std::string("cublasLtMatmul: the address of ") + "ABCD"[i] + " is not a multiple of " + std::to_string(least) + ", as the algorithm was promised\n");
    return NOT_SUPPORTED;
  }
  Call call{*product, *(const float*)alpha, *(const float*)beta, (const char*)a, (const char*)b, (const char*)c, (char*)d, *la, *lb, *lc, *ld, chosen};
  std::lock_guard<std::recursive_mutex> lock(driverMutex());
  int failure = put(streamOf(stream), [call] { return multiply(call); });
  return failure == 0 ? SUCCESS : 13;
}
