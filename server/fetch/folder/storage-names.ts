/** A name that storage, desktops or tools make by themselves in any folder, or at the top of a volume. */
export interface StorageName {
  /** As the reference page writes it. */
  readonly shown: string;
  readonly matches: (name: string, place: Place) => boolean;
  /** Who makes it. */
  readonly by: string;
}

/** Where a name was found. */
export interface Place {
  /** The folder's own name; empty at the top. */
  readonly folder: string;
  /** All names in it. */
  readonly names: ReadonlySet<string>;
}

/**
 * Names that come and go without anybody who writes models: snapshots by the hour, what was deleted while another client
 * had it open, trash, what a desktop notes of a folder that somebody looked at, and what a download or a checkout notes of
 * itself. They are no part of a model. A name that a person may as well have chosen is not here: leaving
 * that out would serve another model than the folder holds.
 */
export const storageNames: readonly StorageName[] = [
  exactly(".snapshot", "snapshots of NetApp ONTAP and what is made of it in clouds, PowerScale, FlashBlade, Filestore"),
  exactly(".snapshots", "snapshots of snapper on Btrfs, and of IBM Storage Scale"),
  exactly("~snapshot", "snapshots of NetApp ONTAP, as SMB clients see them"),
  exactly("#snapshot", "snapshots of Synology"),
  exactly("@Recently-Snapshot", "snapshots of QNAP"),
  exactly(".snap", "snapshots of CephFS and of UFS"),
  exactly(".zfs", "snapshots of ZFS where they are visible"),
  exactly("lost+found", "ext file systems, and others that fsck repairs"),
  // Linux: 16 hex digits of the file and 8 of a counter. BSD and macOS: dots between.
  like(".nfs*", /^\.nfs\.?[0-9a-f]{4,}[0-9a-f.]*$/i, "NFS clients, for files deleted while they are open"),
  like(".fuse_hidden*", /^\.fuse_hidden[0-9a-f]{16,}$/i, "FUSE file systems, for files deleted while they are open"),
  like(".Trash-*", /^\.Trash-\d+$/, "desktops, for what user number * deleted"),
  exactly(".Trashes", "macOS, for what was deleted on a volume of a server"),
  exactly(".trashcan", "GlusterFS, for what was deleted"),
  exactly("#recycle", "Synology, for what was deleted"),
  exactly("@Recycle", "QNAP, for what was deleted"),
  exactly("@eaDir", "Synology, for thumbnails and attributes"),
  exactly("$RECYCLE.BIN", "Windows, for what was deleted on a share"),
  exactly("System Volume Information", "Windows, at the top of a volume"),
  exactly(".DS_Store", "macOS, for how the Finder shows a folder"),
  {
    shown: "._*",
    matches: (name, { names }) => name.startsWith("._") && names.has(name.slice(2)),
    by: "macOS, for attributes of * beside it; without * beside it, it counts",
  },
  exactly(".AppleDouble", "netatalk, for the same"),
  like("Thumbs.db", /^thumbs\.db$/i, "Windows, for thumbnails"),
  like("desktop.ini", /^desktop\.ini$/i, "Windows, for how a folder is shown"),
  {
    shown: ".cache/huggingface",
    matches: (name, { folder }) => folder === ".cache" && name === "huggingface",
    by: "`hf download --local-dir`, for when each file came",
  },
  exactly(".git", "Git, in a checkout"),
];

/** Whether a file or folder of this name is nobody's who writes models. */
export function isStorageName(name: string, place: Place): boolean {
  return storageNames.some(({ matches }) => matches(name, place));
}

function exactly(shown: string, by: string): StorageName {
  return { shown, matches: (name) => name === shown, by };
}

function like(shown: string, pattern: RegExp, by: string): StorageName {
  return { shown, matches: (name) => pattern.test(name), by };
}
