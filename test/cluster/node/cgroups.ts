import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const root = "/sys/fs/cgroup";

/** The folder of the cgroup in each hierarchy: one with cgroup v2, one a controller with v1. */
async function cgroupFolders(cgroup: string): Promise<string[]> {
  if (existsSync(join(root, "cgroup.controllers"))) return [join(root, cgroup)];
  const hierarchies = await readdir(root, { withFileTypes: true });
  return hierarchies.filter((each) => each.isDirectory()).map((each) => join(root, each.name, cgroup));
}

/** What the kubelet limits pods by; with cgroup v2 a parent has to hand each on to its children. */
const controllers = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"];

/** Makes the cgroup that the kubelet puts its own under; it refuses to make the first one itself. */
export async function makeCgroups(cgroup: string): Promise<void> {
  await handControllersOn();
  for (const folder of await cgroupFolders(cgroup)) {
    await mkdir(folder, { recursive: true });
    // A cpuset starts empty, and nothing can run in an empty one.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const parent = join(folder, "..", file);
      if (existsSync(parent) && existsSync(join(folder, file))) {
        await writeFile(join(folder, file), await readFile(parent, "utf8"));
      }
    }
  }
}

async function handControllersOn(): Promise<void> {
  const offered = join(root, "cgroup.controllers");
  if (!existsSync(offered)) return;
  const known = (await readFile(offered, "utf8")).trim().split(" ");
  const wanted = controllers.filter((each) => known.includes(each)).map((each) => `+${each}`);
  await writeFile(join(root, "cgroup.subtree_control"), wanted.join(" "));
}

export async function existingCgroups(cgroup: string): Promise<string[]> {
  return (await cgroupFolders(cgroup)).filter((folder) => existsSync(folder));
}

/** Removes the cgroup and all below it, the deepest first; its processes must be gone. */
export async function removeCgroups(cgroup: string): Promise<void> {
  for (const folder of await existingCgroups(cgroup)) {
    const below = await readdir(folder, { recursive: true, withFileTypes: true });
    const folders = below.filter((each) => each.isDirectory()).map((each) => join(each.parentPath, each.name));
    for (const each of [...folders.toSorted((a, b) => b.length - a.length), folder]) await rmdir(each);
  }
}
