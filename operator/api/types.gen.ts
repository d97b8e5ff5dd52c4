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
     * The versions that there are. An entry with a digest cannot be changed any more; one without may be corrected until the operator has resolved it, and from then on the recorded digest is enforced. Entries may be added and removed; removing the one that serves does not stop it.
     *
     * Items: One version of the model.
     */
    versions: {
      /**
       * Name of the version, for ever bound to the same bytes. Letters, digits, '-', '_' and '.'.
       */
      name: string;
      /**
       * Where the model lies. oci://HOST/REPOSITORY:TAG (or @DIGEST) for an artifact in a registry such as `oras push` makes; file:///PATH for a file or folder inside the server image.
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
    };
    /**
     * CPU and memory of one pod. The CPU limit, rounded up to whole cores, is the number of predictions that run at the same time.
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
       * How long a change may go without progress before the new revision is rejected and the one that serves stays, in seconds.
       */
      progressDeadlineSeconds: number;
      /**
       * How long the revision that served before is kept warm after a change, so that going back is immediate, in seconds. Its pods yield as soon as a wanted pod finds no room.
       */
      keepPreviousSeconds: number;
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
     * Pods that the selector matches.
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
       * The most pods of it that were ready at one time.
       */
      readyReplicas?: number;
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
      stage: "Download" | "Load" | "Verify" | "Schedule" | "Serve";
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
      stage: "Download" | "Load" | "Verify" | "Schedule" | "Serve";
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
    };
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
