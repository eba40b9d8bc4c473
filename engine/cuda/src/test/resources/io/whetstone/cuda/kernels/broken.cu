// For tests of the compiler: it does not compile.
extern "C" __global__ void broken() { undeclared = 1; }
