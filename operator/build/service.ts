import type { V1Service } from "@kubernetes/client-node";
import { apiVersion, kinds } from "../api/kinds.ts";
import type { ModelMetadata, Spec } from "../api/model.ts";
import { childAnnotations, modelLabels, type Selector, selectorLabels } from "../api/names.ts";
import { portNames, ports } from "../../server/contract.ts";
import { ownedBy } from "./owned.ts";

/** The model's one address. Its selector is what moves traffic between revisions. */
export function service(model: ModelMetadata, spec: Spec["service"], selector: Selector): V1Service {
  const fromSpec = spec.annotations ?? {};
  return {
    apiVersion: apiVersion(kinds.service),
    kind: kinds.service.kind,
    metadata: {
      ...ownedBy(model, model.name, modelLabels(model.name)),
      annotations: { ...fromSpec, [childAnnotations.fromSpec]: Object.keys(fromSpec).toSorted().join(",") },
    },
    spec: {
      type: spec.type,
      selector: selectorLabels(model.name, selector),
      ports: [
        { name: portNames.http, port: spec.port, targetPort: portNames.http, protocol: "TCP" },
        {
          name: portNames.grpc,
          port: grpcPort(spec.port),
          targetPort: portNames.grpc,
          protocol: "TCP",
          appProtocol: http2InPlainText,
        },
      ],
    },
  };
}

/** Tells meshes and gateways what is spoken on the port (KEP 3726). */
const http2InPlainText = "kubernetes.io/h2c";

/** The pods' own number, and the next one where that is what predictions over HTTP are to be found at. */
function grpcPort(httpPort: number): number {
  return httpPort === ports.grpc ? ports.grpc + 1 : ports.grpc;
}

/** Address inside the cluster; the cluster's DNS domain is left to the resolver's search list. */
export function serviceUrl(model: ModelMetadata, spec: Spec["service"]): string {
  return `http://${model.name}.${model.namespace}.svc${spec.port === 80 ? "" : `:${spec.port}`}`;
}
