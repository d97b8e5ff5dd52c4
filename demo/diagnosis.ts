/** Runs kubectl against the demo's cluster and gives what it printed. */
export type Kubectl = (parameters: readonly string[], input?: string) => Promise<string>;

/** Where the operator and the model are. */
export interface Namespaces {
  readonly systemNamespace: string;
  readonly modelNamespace: string;
}

/** What is looked at when a step fails, in the order in which one would look by hand. */
const looks = ({
  systemNamespace,
  modelNamespace,
}: Namespaces): readonly { readonly title: string; readonly command: readonly string[] }[] => [
  { title: "models", command: ["get", "modeldeployments", "-A", "-o", "wide"] },
  { title: "pods", command: ["get", "pods", "-A", "-o", "wide"] },
  { title: "newest events", command: ["get", "events", "-A", "--sort-by=.lastTimestamp"] },
  {
    title: "log of the operator",
    command: ["logs", "-n", systemNamespace, "-l", "app.kubernetes.io/name=slipway", "--prefix", "--tail=15"],
  },
  {
    title: "log of the model's pods",
    command: ["logs", "-n", modelNamespace, "-l", "slipway.dev/model", "--all-containers", "--prefix", "--tail=15"],
  },
];

/** Of a long listing the end is the newest. */
const keptLines = 25;

/** The state of the cluster as text, for a reader who has to find out what went wrong. Never throws. */
export async function diagnosis(kubectl: Kubectl, namespaces: Namespaces): Promise<string> {
  const sections: string[] = [];
  for (const { title, command } of looks(namespaces)) {
    const text = await kubectl(command).catch((error: unknown) => String(error));
    sections.push(
      `--- ${title}: kubectl ${command.join(" ")}\n${text.trimEnd().split("\n").slice(-keptLines).join("\n")}`,
    );
  }
  return sections.join("\n");
}
