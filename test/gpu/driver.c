/*
 * Stands in for NVIDIA's driver (libcuda.so.1) as far as the CUDA runtime goes before it gives up: a driver of the version
 * DRIVER_VERSION (13000 is CUDA 13.0) whose calls all fail with the CUresult DRIVER_ERROR (100: no device).
 */
#include <stdlib.h>
#include <string.h>

static int variable(const char *name, int fallback) {
  const char *value = getenv(name);
  return value == NULL ? fallback : atoi(value);
}

static int fail(void) { return variable("DRIVER_ERROR", 100); }

/* The one symbol that ONNX Runtime's provider is linked with. */
int cuTensorMapEncodeTiled(void) { return fail(); }

int cuDriverGetVersion(int *version) {
  *version = variable("DRIVER_VERSION", 13000);
  return 0;
}

int cuGetProcAddress_v2(const char *symbol, void **function, int version, unsigned long flags, int *status) {
  (void)version;
  (void)flags;
  if (status != NULL) *status = 0;
  if (strcmp(symbol, "cuDriverGetVersion") == 0) *function = (void *)cuDriverGetVersion;
  else if (strncmp(symbol, "cuGetProcAddress", strlen("cuGetProcAddress")) == 0) *function = (void *)cuGetProcAddress_v2;
  else *function = (void *)fail;
  return 0;
}
