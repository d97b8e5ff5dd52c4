/**
 * The cores that a process may run on, out of its /proc/[pid]/status (Linux): a cpuset, as kubelet's static CPU manager and
 * `docker run --cpuset-cpus` set one, allows fewer than the machine has, and neither a CPU limit nor the list of the machine's
 * cores says so. Undefined: it is not told there.
 *
 * @param status such as `Cpus_allowed_list:\t0-3,8` on one of its lines (proc_pid_status(5), cpuset(7) "List format").
 */
export function allowedCores(status: string): number | undefined {
  const list = /^Cpus_allowed_list:[ \t]*(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)$/m.exec(status)?.[1];
  return list?.split(",").reduce((cores, range) => {
    const [first, last = first] = range.split("-").map(Number);
    return cores + Number(last) - Number(first) + 1;
  }, 0);
}
