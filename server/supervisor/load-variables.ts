const mebibyte = 1024 ** 2;
/** The memory of smaller models is touched in no time, and what large pages round up would count. */
const leastModelBytes = 32 * mebibyte;
const tunables = "GLIBC_TUNABLES";

/**
 * Environment of the processes that load a model. Weights and what is packed of them are hundreds of megabytes that are
 * touched once while they are loaded, at a page fault for each 4 KiB: half of the time of loading. glibc asks for pages of
 * 2 MiB instead (since 2.35) where the kernel gives them to who asks, as it does by default. Who has set tunables has decided.
 */
export function loadVariables(
  variables: Readonly<Record<string, string | undefined>>,
  modelBytes: number,
): Readonly<Record<string, string | undefined>> {
  if (modelBytes < leastModelBytes || variables[tunables] !== undefined) return variables;
  return { ...variables, [tunables]: "glibc.malloc.hugetlb=1" };
}
