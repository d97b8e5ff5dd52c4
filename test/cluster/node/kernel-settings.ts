import { readFile, writeFile } from "node:fs/promises";

/** What the kubelet sets on the whole machine when it starts (pkg/kubelet/cm, setupKernelTunables). */
const tunables = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];

export async function readKernelSettings(): Promise<Record<string, string>> {
  const settings: Record<string, string> = {};
  for (const each of tunables) settings[each] = (await readFile(`/proc/sys/${each}`, "utf8")).trim();
  return settings;
}

/** Puts back what was different before. */
export async function restoreKernelSettings(before: Readonly<Record<string, string>>): Promise<void> {
  const now = await readKernelSettings();
  for (const [key, value] of Object.entries(before)) {
    if (tunables.includes(key) && now[key] !== value) await writeFile(`/proc/sys/${key}`, value);
  }
}
