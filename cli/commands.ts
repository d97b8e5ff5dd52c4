import { accessOptions } from "./access.ts";
import type { Command, Option } from "./command.ts";
import { protocols } from "./predict/protocol.ts";

const outputOption = (...choices: readonly string[]): Option => ({
  short: "o",
  value: "FORMAT",
  about: "How the answer is written.",
  choices,
  fallback: choices[0] ?? "text",
});

/** Every command. Each loads its own code only when it runs, so that `--help` is quick. */
export const commands: readonly Command[] = [
  {
    name: "plan",
    summary: "Show what the operator would do with a model, and why, without a cluster.",
    operands: "",
    operandCount: [0, 0],
    about: [
      "Checks every ModelDeployment of a file as the API server would (schema, defaults, rules) and shows all mistakes at once, or the objects that the operator would make, step by step, each with its reason. Pods are taken to turn ready. Exit code 1 says that a manifest would be refused, or that the model would not be Ready in the end.",
      "With --previous or --status it shows a change: whether pods are replaced and why, in which order, and when traffic moves.",
    ],
    options: {
      filename: {
        short: "f",
        value: "FILE",
        about: "Manifests, YAML or JSON, one or several documents; - is standard input.",
      },
      previous: { value: "FILE", about: "The manifest that is applied now. It is taken to serve as it says." },
      status: {
        value: "FILE",
        about:
          "The model as the cluster has it, of `kubectl get modeldeployment NAME -o yaml`: the version that serves, the digests on record and a rejected revision are taken from its status.",
      },
      namespace: { short: "n", value: "NAMESPACE", about: "Of models that name none.", fallback: "default" },
      "server-image": {
        value: "IMAGE",
        about:
          "The server image that the operator was installed with; it appears in the pods, and changes no revision.",
        fallback: "slipway/server",
      },
      "gpu-server-image": {
        value: "IMAGE",
        about: "The same of models that run on a GPU.",
        fallback: "slipway/server-gpu",
      },
      "plain-http-hosts": {
        value: "HOST[:PORT],...",
        about: "Registries that the operator was told to speak to without TLS.",
      },
      "operator-namespace": {
        value: "NAMESPACE",
        about: "Where the operator runs, which a model's NetworkPolicy lets in.",
        fallback: "slipway-system",
      },
      output: outputOption("text", "yaml", "json"),
    },
    examples: [
      { about: "What a new model brings", command: "slipway plan -f model.yaml" },
      { about: "What an edit would do", command: "slipway plan -f model.yaml --previous model-before.yaml" },
      {
        about: "The same from what the cluster has",
        command:
          "kubectl get modeldeployment text-direction -o yaml > now.yaml\nslipway plan -f model.yaml --status now.yaml",
      },
    ],
    run: async (invocation, edge) => (await import("./plan/plan.ts")).plan(invocation, edge),
  },
  {
    name: "push",
    summary: "Push a model to a registry as an OCI artifact, and print its digest.",
    operands: "MODEL oci://HOST/REPOSITORY:TAG",
    operandCount: [2, 2],
    about: [
      "MODEL is an ONNX file, with which the files go that it keeps weights in, or a folder. It is checked first: what a pod would refuse is not pushed. Each file becomes a layer with its name, as `oras push` does it; the same files always give the same digest.",
      "Without --username the credentials that `docker login` or `oras login` stored are used.",
    ],
    options: { ...accessOptions, output: outputOption("text", "json") },
    examples: [
      { about: "", command: "slipway push ./model.onnx oci://registry.example.com/models/text-direction:1" },
      {
        about: "With a name and a token",
        command: "slipway push ./model oci://ghcr.io/example/model:2 -u me --password-stdin < token.txt",
      },
    ],
    run: async (invocation, edge) => (await import("./push/push.ts")).push(invocation, edge),
  },
  {
    name: "inspect",
    summary: "Show a model's inputs, outputs, opset, size and digest, and whether it can be served.",
    operands: "MODEL|URI",
    operandCount: [1, 1],
    about: [
      "MODEL is an ONNX file or a folder; URI is whatever spec.versions[].uri takes, and is downloaded and checked as a pod would. Nothing of the model is run, unless --load asks for it; of a model that changes the case of strings, ONNX Runtime is asked whether this machine has the locale.",
      "Exit code 1 also says that the model cannot be served.",
    ],
    options: {
      load: {
        about: "Also load the model with ONNX Runtime and run it on zeros, as a pod does before it takes traffic.",
      },
      ...accessOptions,
      output: outputOption("text", "json"),
    },
    examples: [
      { about: "", command: "slipway inspect ./model.onnx" },
      { about: "", command: "slipway inspect oci://registry.example.com/models/text-direction:1 -o json" },
    ],
    run: async (invocation, edge) => (await import("./inspect/inspect.ts")).inspect(invocation, edge),
  },
  {
    name: "serve",
    summary: "Serve a model on this machine: the server of the pods, with no cluster.",
    operands: "MODEL|URI",
    operandCount: [1, 1],
    about: [
      "Loads the model, then takes predictions until Ctrl-C, which lets those under way finish; a second Ctrl-C ends it at once. Prints the address of its page and a ready command for each protocol. gRPC is spoken on the port after --port, and on --port as well.",
    ],
    options: {
      port: {
        short: "p",
        value: "PORT",
        about: "Port of predictions and the page; 0 takes a free one.",
        range: [0, 65_535],
        fallback: "8080",
      },
      "metrics-port": {
        value: "PORT",
        about: "Port of /metrics; 0 takes a free one.",
        range: [0, 65_535],
        fallback: "0",
      },
      address: {
        value: "ADDRESS",
        about: "Address to listen on; :: is every one of this machine.",
        fallback: "127.0.0.1",
      },
      name: { value: "NAME", about: "Name of the model in paths; made from the file's name when left out." },
      "model-version": { value: "VERSION", about: "Version that answers name.", fallback: "v1" },
      workers: {
        value: "N",
        about:
          "Predictions that run at the same time, each with its own copy of the model; one for each core when left out.",
        range: [1, 16],
      },
      verbose: { short: "v", about: "Show the server's whole log, each request included." },
      ...accessOptions,
    },
    examples: [
      { about: "", command: "slipway serve ./model.onnx" },
      {
        about: "",
        command: "slipway serve oci://registry.example.com/models/text-direction:1 --port 9000 --name text-direction",
      },
    ],
    run: async (invocation, edge) => (await import("./serve/serve.ts")).serve(invocation, edge),
  },
  {
    name: "predict",
    summary: "Ask a model that is served, through the API server or at a URL.",
    operands: "NAME",
    operandCount: [1, 1],
    about: [
      "Reaches the model's Service through the API server, with the kubeconfig and rights of kubectl (get and create on services/proxy); --url asks a server directly, such as the one of `slipway serve`. gRPC goes to a pod of the Service, as the API server's proxy does not speak it, and takes other rights: get on services, list on pods, get and create on pods/portforward.",
      "--image takes a PNG or JPEG: it is scaled to the model's size, in the order that its input has (NCHW or NHWC, told by its shape), its values from 0 to 1, or 0 to 255 for an UINT8 input. --json takes a request of any protocol, or only the values: an array, or an object by input name. It is sent as it is by the protocol that it is written for, values alone by predict and a picture by v2; with --protocol it goes by that one instead. The outputs are shown alike whichever it was.",
    ],
    options: {
      image: { value: "FILE", about: "A picture as the model's one input." },
      json: { value: "FILE", about: "A request or values as JSON; - is standard input." },
      mean: {
        value: "R,G,B",
        about: "Subtracted from each channel, after values are 0 to 1. One number counts for all.",
      },
      std: { value: "R,G,B", about: "What each channel is then divided by. One number counts for all." },
      layout: {
        value: "LAYOUT",
        about: "Order of the picture's values, where the shape does not tell.",
        choices: ["NCHW", "NHWC"],
      },
      size: { value: "HxW", about: "Height and width, where the model leaves them open." },
      bgr: { about: "Channels as blue, green, red, as models trained with OpenCV take them." },
      protocol: {
        value: "PROTOCOL",
        about:
          "How the model is asked: by input_data, V1, the Open Inference Protocol as JSON or with binary tensors, or gRPC.",
        choices: protocols,
      },
      labels: { value: "FILE", about: "Names of a classifier's outputs, one a line." },
      top: { value: "K", about: "How many of a classifier's outputs are shown.", range: [1, 1000], fallback: "5" },
      namespace: {
        short: "n",
        value: "NAMESPACE",
        about: "Of the model; that of the kubeconfig's context when left out.",
      },
      context: { value: "NAME", about: "Context of the kubeconfig to use." },
      kubeconfig: { value: "FILE", about: "kubeconfig to use; where kubectl finds it when left out." },
      url: { value: "URL", about: "Ask this server instead of a cluster, such as http://127.0.0.1:8080." },
      timeout: { value: "SECONDS", about: "How long an answer may take.", range: [1, 3600], fallback: "60" },
      output: outputOption("text", "json"),
    },
    examples: [
      {
        about: "",
        command: "slipway predict text-direction --image invoice.png --mean 0.5 --std 0.5 --bgr --size 48x192",
      },
      { about: "", command: `echo '[[1, 2, 3, 4]]' | slipway predict iris -n models --json -` },
      { about: "", command: "slipway predict iris --url http://127.0.0.1:8080 --json request.json -o json" },
      { about: "", command: "slipway predict iris -n models --json request.json --protocol grpc" },
    ],
    run: async (invocation, edge) => (await import("./predict/predict.ts")).predict(invocation, edge),
  },
];
