// Generated from crds/modeldeployment.yaml by npm run generate. Do not edit.

/**
 * A model that is served: which versions of it there are, which of them is wanted, and how it is run. Slipway starts the wanted version beside the one that serves, lets it take traffic once it has verified itself, and goes back just the same when spec.version is set back.
 */
export interface ModelDeployment {
  /**
   * slipway.dev/v1alpha1
   */
  apiVersion?: string;
  /**
   * ModelDeployment
   */
  kind?: string;
  metadata?: {};
  /**
   * What is wanted.
   */
  spec: {
    /**
     * The version to serve: the name of an entry of spec.versions. The one field to edit, forward or back.
     */
    version: string;
    /**
     * The versions that there are. An entry with a digest keeps its uri and digest for as long as it has one; one without may be corrected until the operator has resolved it, and from then on the recorded digest is enforced, also where the entry's own has been taken away. Entries may be added and removed; removing the one that serves does not stop it.
     *
     * Items: One version of the model.
     */
    versions: {
      /**
       * Name of the version, for ever bound to the same bytes. Letters, digits, '-', '_' and '.'.
       */
      name: string;
      /**
       * Where the model lies: one file, a folder or a tar. oci://HOST/REPOSITORY:TAG (or @DIGEST) for an artifact in a registry such as `oras push` makes; https://HOST/PATH; s3://BUCKET/KEY (a folder ends with /); hf://OWNER/REPOSITORY@REVISION/PATH; pvc://CLAIM/PATH for a claim in the same namespace; file:///PATH for what the server image holds at PATH, or podTemplate mounts there into the container fetch. http:// only for hosts that the operator was installed with as plain.
       */
      uri: string;
      /**
       * What the bytes must be, as sha256:HEX. For oci:// the digest of the manifest; for one file the sha256 of its bytes; for a folder or tar the sha256 over its sorted lines "sha256 size path". When it is left out, the digest found at first use is recorded and enforced.
       */
      digest?: string;
    }[];
    /**
     * How many pods serve. `kubectl scale`, a HorizontalPodAutoscaler and KEDA turn this field through the scale subresource. 0 stops serving and keeps everything else.
     */
    replicas: number;
    /**
     * The process that serves the model.
     */
    server?: {
      /**
       * Image of the server. Left out, it is the one that the operator was installed with at the time the revision is first made, and stays that one: an upgrade of the operator restarts nothing.
       */
      image?: string;
      /**
       * Environment variables of the server's container.
       */
      env?: {
        /**
         * Name of the variable.
         */
        name: string;
        /**
         * Its value, taken as it is.
         */
        value: string;
      }[];
      /**
       * Origins whose pages may call the model from a browser (CORS), for example https://app.example.com, each with its port where it is not the scheme's own. ["*"] lets pages of all origins. None when left out.
       */
      corsOrigins?: string[];
      /**
       * How ONNX Runtime uses the CPU, or a GPU.
       */
      session?: {
        /**
         * Predictions that run at the same time, each in a process with the model of its own. When left out, the CPU limit rounded up to whole cores, or the cores of the node where there is no limit, and never more than 16.
         */
        workers?: number;
        /**
         * Threads that one prediction uses; 1 when left out, which serves the most predictions.
         */
        intraOpThreads?: number;
        /**
         * Threads of a prediction while no other one runs in its pod, where the server has seen that they make it faster and that the answer is the same, bit for bit. When left out, as many as the CPU limit has cores; 1: as many as any other.
         */
        loneIntraOpThreads?: number;
        /**
         * What runs the model: the first that works. cuda and tensorrt need a GPU of NVIDIA's and the server image for it; without cpu at the end, a pod whose GPU cannot be used fails and says why. When left out, [cuda] with spec.gpu of nvidia.com, else [cpu].
         *
         * Items: A provider of ONNX Runtime.
         */
        providers?: ("cuda" | "tensorrt" | "cpu")[];
      };
      /**
       * Limits for requests that wait and are run together. Whether that pays is measured at every start; where it does not, each request runs on its own whatever stands here.
       */
      batching?: {
        /**
         * The most rows of one run; 1 runs every request on its own. 32 when left out.
         */
        maxSize?: number;
        /**
         * How long a request may wait for others to run with, in milliseconds. 0 when left out: only requests that wait anyway are run together.
         */
        maxDelayMs?: number;
        /**
         * The most requests that may wait in one worker; what comes on top is answered with 503. 256 when left out.
         */
        maxQueue?: number;
      };
    };
    /**
     * CPU and memory of one pod. The CPU limit, rounded up to whole cores, is the number of predictions that run at the same time, unless server.session.workers says otherwise.
     */
    resources?: {
      /**
       * What the scheduler sets aside, for example {cpu: 500m, memory: 256Mi}.
       */
      requests?: {
        [k: string]: number | string;
      };
      /**
       * What a pod can use at the most, for example {cpu: "2", memory: 1Gi}.
       */
      limits?: {
        [k: string]: number | string;
      };
    };
    /**
     * How the model is fetched. Only the init container sees any of it.
     */
    source?: {
      /**
       * A Secret in the same namespace, mounted into the init container alone. oci: .dockerconfigjson, or username and password, or token. https: token, or username and password. s3: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, where needed, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL, AWS_S3_ADDRESSING_STYLE. hf: HF_TOKEN.
       */
      secretRef?: {
        /**
         * Name of the Secret.
         */
        name: string;
      };
      /**
       * Service account of the pods, for clouds that give a pod an identity by it. No Kubernetes token is mounted, whatever the account says.
       */
      serviceAccountName?: string;
      /**
       * How long one attempt to fetch the model may take in all, in seconds; 3600 when left out.
       */
      timeoutSeconds?: number;
      /**
       * The most bytes that a model may have on disk, for example 10Gi; 64Gi when left out.
       */
      sizeLimit?: number | string;
    };
    /**
     * Accelerators of one pod. Becomes a limit, a toleration of the resource's name as taint (of nvidia.com/gpu too for any resource of nvidia.com), and node affinity on the labels that begin with the resource's name, as GPU feature discovery sets them. The same resource in spec.resources or spec.podTemplate with another number is told in the conditions.
     */
    gpu?: {
      /**
       * How many.
       */
      count: number;
      /**
       * The extended resource, for example nvidia.com/gpu or nvidia.com/mig-3g.20gb.
       */
      resourceName: string;
      /**
       * Allowed values of the node label nvidia.com/gpu.product, or of that of another resourceName, such as nvidia.com/mig-3g.20gb.product; any when left out.
       *
       * Items: A product, for example NVIDIA-L4.
       */
      products?: string[];
      /**
       * The least memory of one GPU or slice, for example 16Gi; compared with the node label nvidia.com/gpu.memory, or that of another resourceName, such as nvidia.com/mig-3g.20gb.memory. Either is a number of MiB.
       */
      minMemory?: number | string;
    };
    /**
     * Lets a HorizontalPodAutoscaler turn spec.replicas between min and max. It is aimed at this object, and the operator alone writes the pods' number.
     */
    scaling?: {
      /**
       * The fewest pods.
       */
      min: number;
      /**
       * The most pods.
       */
      max: number;
      /**
       * What is held at targetPercent of the pods' requests. CPU needs spec.resources.requests.cpu, Memory the memory.
       */
      metric: "CPU" | "Memory";
      /**
       * Average use that is aimed at, in percent of what the pods request.
       */
      targetPercent: number;
      /**
       * Speed of scaling, as spec.behavior of a HorizontalPodAutoscaler (autoscaling/v2) has it.
       */
      behavior?: {};
    };
    /**
     * Where pods may run, in the words of a pod's spec.
     */
    placement?: {
      /**
       * Labels that a node must have, beside kubernetes.io/os: linux, which counts unless that label is given another value here.
       */
      nodeSelector?: {
        [k: string]: string;
      };
      /**
       * Taints that the pods put up with.
       *
       * Items: One taint, or all of a kind; see the Kubernetes reference of Toleration.
       */
      tolerations?: {
        /**
         * Key of the taint; empty with operator Exists means every key.
         */
        key?: string;
        /**
         * Equal when left out.
         */
        operator?: "Exists" | "Equal";
        /**
         * Value of the taint, with Equal.
         */
        value?: string;
        /**
         * Effect of the taint; every effect when left out.
         */
        effect?: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
        /**
         * How long a NoExecute taint is put up with; for ever when left out.
         */
        tolerationSeconds?: number;
      }[];
      /**
       * Affinity as a pod's spec has it. Node affinity is joined with what spec.gpu asks for.
       */
      affinity?: {};
      /**
       * Spread over zones or nodes, as a pod's spec has it. Without a labelSelector it counts the pods of the same revision.
       *
       * Items: One constraint.
       */
      topologySpreadConstraints?: {}[];
      /**
       * Priority class of the pods.
       */
      priorityClassName?: string;
    };
    /**
     * Anything else of a pod: metadata and spec, merged last over what Slipway makes. Objects are merged, lists that Kubernetes gives a key (containers, volumes and env by name, volumeMounts by mountPath, ports by containerPort and protocol) item by item, other lists replaced; null removes. The containers are called server and fetch. What the API server refuses in it is told in the conditions.
     */
    podTemplate?: {};
    /**
     * Creates a NetworkPolicy for the pods: predictions from the peers named here, metrics from the operator's namespace; nothing else comes in. Fetching the model stays possible.
     */
    networkPolicy?: {
      /**
       * Who may send predictions, as peers of a NetworkPolicy have it; pods of the same namespace when left out, nobody when empty.
       *
       * Items: One peer.
       */
      from?: {}[];
    };
    /**
     * True: the operator acts on nothing of this model, and status.plan tells what it would do and why.
     */
    paused?: boolean;
    /**
     * The Service in front of the pods, named as the model.
     */
    service: {
      /**
       * How the Service is reached; see the Kubernetes reference of Service.
       */
      type: "ClusterIP" | "NodePort" | "LoadBalancer";
      /**
       * Port of the Service.
       */
      port: number;
      /**
       * Annotations of the Service, such as those that a cloud's load balancer reads.
       */
      annotations?: {
        [k: string]: string;
      };
    };
    /**
     * Any text. A new value rolls the pods over to a new revision with the same model, and takes up the server image that the operator now has. (`kubectl rollout restart` on the Deployment is put back.)
     */
    restartToken?: string;
    /**
     * How a change of version or of the pods is carried out.
     */
    rollout: {
      /**
       * Rolling: the new revision comes up beside the one that serves. Recreate: the one that serves is stopped first, for models that cannot run twice; nothing serves meanwhile, and when the new one fails the old one comes back.
       */
      strategy: "Rolling" | "Recreate";
      /**
       * How many pods there may be above spec.replicas during a change, as a number or a percentage (rounded up). With 100% the new revision is complete before it takes all traffic at once, and going back is immediate; with less, both revisions share traffic while pods are exchanged.
       */
      maxSurge: number | string;
      /**
       * How many pods may be missing from spec.replicas during a change, as a number or a percentage (rounded down). When it and maxSurge both come to 0, it counts as 1.
       */
      maxUnavailable: number | string;
      /**
       * How long a new pod must have been ready, without a break, before it counts, in seconds.
       */
      minReadySeconds: number;
      /**
       * How long a change may go without progress before the new revision is rejected and the one that serves stays, in seconds. While a download runs, source.timeoutSeconds comes on top.
       */
      progressDeadlineSeconds: number;
      /**
       * How long the revision that served before is kept warm after a change, so that going back is immediate, in seconds. Its pods yield as soon as a wanted pod finds no room. Left out, it is 300, and 0 with spec.gpu. Always 0 with strategy Recreate, which stops that revision before the new one starts.
       */
      keepPreviousSeconds?: number;
      /**
       * Any text. A new value gives a revision that was rejected another try.
       */
      retryToken?: string;
    };
  };
  /**
   * What is. Written by the operator.
   */
  status?: {
    /**
     * The generation of this object that the status speaks of.
     */
    observedGeneration?: number;
    /**
     * Ready: the spec is reached. Available: predictions can be had now. Reconciling: the operator is at work. Stalled: it waits for somebody to act. Contested: somebody keeps changing what the operator made. All five are always there.
     */
    conditions?: {
      /**
       * Name of the condition.
       */
      type: string;
      /**
       * Whether it holds.
       */
      status: "True" | "False" | "Unknown";
      /**
       * Why, in one word for programs.
       */
      reason: string;
      /**
       * Why, for people.
       */
      message: string;
      /**
       * When status last changed.
       */
      lastTransitionTime: string;
      /**
       * The generation of this object that the condition speaks of.
       */
      observedGeneration?: number;
    }[];
    /**
     * The version that serves.
     */
    currentVersion?: string;
    /**
     * The revision that serves; the suffix of its Deployment's name.
     */
    currentRevision?: string;
    /**
     * The version that the spec asks for.
     */
    targetVersion?: string;
    /**
     * The revision that the spec asks for.
     */
    targetRevision?: string;
    /**
     * Pods that the selector matches; one that is not ready counts a few seconds after its start.
     */
    replicas?: number;
    /**
     * Those of them that are ready.
     */
    readyReplicas?: number;
    /**
     * The Service's selector at this moment, in the form that scalers read.
     */
    selector?: string;
    /**
     * Where predictions are served inside the cluster.
     */
    url?: string;
    /**
     * What is known of each version.
     */
    versions?: {
      /**
       * Name of the version.
       */
      name: string;
      /**
       * Copy of the recorded digest.
       */
      digest?: string;
      /**
       * The version's newest revision that has pods.
       */
      revision?: string;
      /**
       * What runs the model, where the version asks for a GPU of NVIDIA's or names providers beside cpu; "cuda, cpu" where its pods differ. Told by the pods within a minute.
       */
      provider?: string;
      /**
       * What the last pod that fetched the model had to say of its source, such as a tag that leads to
       * other bytes by now. The version goes on with the recorded ones.
       */
      warning?: string;
      /**
       * Pods of the version.
       */
      replicas?: number;
      /**
       * Those of them that are ready.
       */
      readyReplicas?: number;
      /**
       * Share of the traffic in percent, by ready pods.
       */
      weight?: number;
    }[];
    /**
     * The change that is under way.
     */
    rollout?: {
      /**
       * The revision that is being brought up.
       */
      revision: string;
      /**
       * When it began.
       */
      startedAt: string;
      /**
       * When it last got closer; the progress deadline counts from here.
       */
      lastProgressTime: string;
      /**
       * The most pods of it that were ready at one time. Left out while none has been since it was set at 0 replicas: then Ready waits for the first one, whatever scales it up.
       */
      readyReplicas?: number;
      /**
       * The most pods of it that had fetched the model at one time.
       */
      fetchedReplicas?: number;
    };
    /**
     * The revision that served before and is kept warm.
     */
    previous?: {
      /**
       * The revision.
       */
      revision: string;
      /**
       * Its version.
       */
      version?: string;
      /**
       * When it stopped serving; keepPreviousSeconds counts from here.
       */
      since: string;
    };
    /**
     * The target revision, when it failed for good. Not tried again until the spec or rollout.retryToken changes.
     */
    rejected?: {
      /**
       * The revision.
       */
      revision: string;
      /**
       * Where in its life it failed.
       */
      stage: "Download" | "Load" | "Schedule" | "Serve";
      /**
       * Why, in one word for programs.
       */
      reason: string;
      /**
       * Why, for people.
       */
      message: string;
      /**
       * The rollout.retryToken at that time; another one ends the rejection.
       */
      retryToken?: string;
    };
    /**
     * The last failure of a pod, or of the search for room for one.
     */
    lastFailure?: {
      /**
       * The version that failed.
       */
      version?: string;
      /**
       * The revision that failed.
       */
      revision?: string;
      /**
       * The pod that told of it.
       */
      pod?: string;
      /**
       * Where in a version's life it happened.
       */
      stage: "Download" | "Load" | "Schedule" | "Serve";
      /**
       * Why, in one word for programs.
       */
      reason: string;
      /**
       * Why, for people, and what to do.
       */
      message: string;
      /**
       * The last lines of the container's log, when the pod left them.
       */
      logTail?: string;
      /**
       * When it was first seen.
       */
      time: string;
      /**
       * How often it has come, where it came again after a recovery.
       */
      count?: number;
      /**
       * When all was well again. The failure is kept for spec.rollout.progressDeadlineSeconds after it, so
       * that one that comes again and again leaves a trace.
       */
      recoveryTime?: string;
    };
    /**
     * While spec.paused is true, what would be done: first why, then each write with its own reason.
     *
     * Items: What all of it is for, or one write and its reason.
     */
    plan?: string[];
    /**
     * Fields of owned objects that somebody else changed and that were put back lately.
     */
    drift?: {
      /**
       * Kind and name of the object.
       */
      object: string;
      /**
       * Path of the field.
       */
      field: string;
      /**
       * Who changed it, by the name in the object's managed fields.
       */
      manager?: string;
      /**
       * When it was put back.
       */
      times: string[];
    }[];
  };
}
