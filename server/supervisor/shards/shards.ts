import { createRecentLosses } from "../../engine/recent-losses.ts";
import type { EngineFailure } from "../../engine/run.ts";
import type { FromShard, LoadedShard, Question, ShardCounts, StartShard } from "../../shard/messages.ts";
import type { ServerState } from "../../state.ts";
import type { CrashRegister, RepeatedCrash } from "./crash-register.ts";
import type { LoneRunPlaces } from "./lone-run-places.ts";
import { describeEnd, isCrash, type Shard } from "./shard.ts";
import { askCounts, latestCounts } from "./shard-counts.ts";
import { type GivenConnection, type ShardEnd, startShard } from "./start-shard.ts";
import { watchSilence } from "./watch-silence.ts";

export interface ShardsOptions {
  readonly count: number;
  readonly start: Omit<StartShard, "withoutWarmUp" | "packedPath" | "loneRuns">;
  readonly places: LoneRunPlaces;
  /** The packed model, for which the first shards wait; undefined: there is none. */
  readonly packed: Promise<string | undefined>;
  readonly script: URL;
  /** Environment of each. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly state: Readonly<ServerState>;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  readonly writeLog: (line: string) => void;
  /** Takes the connections that no shard can take. */
  readonly onNobody: (connection: GivenConnection) => void;
  /** A shard can take connections. */
  readonly onLoaded: (model: LoadedShard) => void;
  /** A shard could not load the packed model. It has another try without, as have all from now on. */
  readonly onUnpacked: (why: string) => void;
  /** A shard was lost and is being replaced. */
  readonly onLost: (lost: LostShard) => void;
  /** A shard is over, whatever the cause. */
  readonly onEnded: (counts: ShardCounts | undefined) => void;
  /** The shards will not recover; called once. */
  readonly onFatal: (failure: EngineFailure & { readonly stage: "Load" | "Serve" }) => void;
  readonly crashes: CrashRegister;
  /** Answers a shard's question. */
  readonly answer: (about: Question) => Promise<unknown>;
}

export interface LostShard {
  readonly message: string;
  /** Id of the request that it ran last, when the end came from inside. */
  readonly requestId: string | undefined;
  /** Told by a crash that was the second one of these inputs. */
  readonly repeated: RepeatedCrash | undefined;
}

/** The processes that serve. */
export interface Shards {
  /** Gives a connection to the shard that has the fewest. */
  readonly handOver: (connection: GivenConnection) => void;
  readonly tellState: () => void;
  /** Of each process, as it last told, after asking for it anew. */
  readonly counts: () => Promise<readonly ShardCounts[]>;
  readonly latestCounts: () => readonly ShardCounts[];
  /** Shards that run requests. */
  readonly usable: () => number;
  /** Ends all, each when nothing is under way in it any more. Settles when they are over. */
  readonly drain: () => Promise<void>;
  readonly kill: () => void;
}

/** Time for runs on zeros, on which a loop may never end; a model that takes longer is served without them. */
const warmUpSeconds = 10;
/** On a GPU the first run also looks for kernels, and TensorRT builds its engine; the runs show whether the provider works at all. */
const gpuWarmUpSeconds = 180;
/** What a shard that will run nothing any more has to answer who waits. */
const brokenMilliseconds = 2000;

export function createShards(options: ShardsOptions): Shards {
  const shards = new Set<Shard>();
  const losses = createRecentLosses();
  let hasFailed = false;
  let isDraining = false;
  let hasLoaded = false;
  let withoutWarmUp: string | undefined;
  let packedPath: string | undefined;
  /** As the first shard has measured; another one reads other times. */
  let batchRows: number | undefined;

  const { places } = options;

  const fail = (failure: EngineFailure): void => {
    if (hasFailed || isDraining) return;
    hasFailed = true;
    options.onFatal({ ...failure, stage: hasLoaded ? "Serve" : "Load" });
  };

  const receive = (shard: Shard, message: FromShard): void => {
    shard.heard = options.now();
    switch (message.kind) {
      case "warming":
        clearTimeout(shard.warmUpTimer);
        shard.warmUpTimer = message.isOver
          ? undefined
          : setTimeout(() => skipWarmUp(shard, endless), longestWarmUp * 1000);
        break;
      case "loaded":
        // Its run on zeros was given up in the same moment.
        if (shard.isLeaving) break;
        hasLoaded = true;
        shard.isLoaded = true;
        shard.isUsable = true;
        options.onLoaded(message.model);
        batchRows ??= message.model.batchRows;
        if (message.model.batchRows !== batchRows) shard.child.send({ kind: "batchRows", rows: batchRows });
        tellState(shard);
        break;
      case "loadFailed":
        if (shard.isPacked) {
          withoutPacked(shard, message.message);
          break;
        }
        shard.isLeaving = true;
        fail(message);
        break;
      case "taken":
        shard.child.taken();
        break;
      case "closed":
        shard.open -= message.connections;
        break;
      case "counts":
        shard.counts = message.counts;
        for (const settle of shard.onCounts.splice(0)) settle();
        break;
      case "broken":
        if (shard.warmUpTimer === undefined) leave(shard, message);
        else skipWarmUp(shard, endless);
        break;
      case "question":
        void answer(shard, message.question, message.about);
        break;
    }
  };

  const answer = async (shard: Shard, question: number, about: Question): Promise<void> => {
    shard.child.send({ kind: "answer", question, value: await options.answer(about) });
  };

  const tellState = (shard: Shard): void => {
    const { phase, inService } = options.state;
    shard.child.send({ kind: "state", phase, inService });
  };

  const { providers, runSeconds } = options.start.config;
  const longestWarmUp = providers[0] === "cpu" ? Math.min(warmUpSeconds, runSeconds) : gpuWarmUpSeconds;
  const endless = `a run on zeros took longer than ${longestWarmUp} s`;

  /**
   * Zeros prove nothing about a model, so it is served all the same, by a process that is not warmed up: a run that has begun
   * cannot be interrupted.
   */
  const skipWarmUp = (shard: Shard, why: string): void => {
    clearTimeout(shard.warmUpTimer);
    shard.warmUpTimer = undefined;
    if (shard.isLeaving) return;
    shard.isLeaving = true;
    withoutWarmUp ??= why;
    shard.child.kill();
    void addAfter(shard);
  };

  /** What was kept packed may be gone, or less than it was; the model itself says more, if that is what is wrong. */
  const withoutPacked = (shard: Shard, why: string): void => {
    shard.isLeaving = true;
    shard.child.kill();
    if (packedPath !== undefined) options.onUnpacked(why);
    packedPath = undefined;
    void addAfter(shard);
  };

  const addAfter = async ({ child }: Shard): Promise<void> => {
    await child.ended;
    if (!isDraining && !hasFailed) add();
  };

  const tellWatchlist = (): void => {
    const list = options.crashes.watchlist();
    for (const shard of shards) shard.child.send({ kind: "watchlist", ...list });
  };

  /** Replaces a shard that still answers but runs nothing any more. */
  const leave = (shard: Shard, { reason, message }: EngineFailure): void => {
    if (shard.isLeaving) return;
    shard.isLeaving = true;
    shard.isUsable = false;
    shard.child.send({ kind: "state", phase: "failed", inService: options.state.inService });
    shard.child.send({ kind: "drain" });
    setTimeout(shard.child.kill, brokenMilliseconds).unref();
    replace({ message, requestId: undefined, repeated: undefined }, reason);
  };

  const end = (shard: Shard, ended: ShardEnd): void => {
    shards.delete(shard);
    places.free(shard.slot);
    const wasWarming = shard.warmUpTimer !== undefined;
    clearTimeout(shard.warmUpTimer);
    options.onEnded(shard.counts);
    for (const connection of ended.left) handOver(connection);
    for (const settle of shard.onCounts.splice(0)) settle();
    if (shard.isLeaving || isDraining) return;
    // Weights that are mapped, but not there, are what a load that ends the process would come from.
    if (shard.isPacked && !shard.isLoaded && isCrash(shard, ended)) {
      withoutPacked(shard, `to load them ended a process (${ended.signal})`);
      return;
    }
    if (wasWarming) {
      skipWarmUp(shard, `a run on zeros ended its process (${ended.signal ?? `code ${ended.code}`})`);
      return;
    }
    const message = describeEnd(shard, ended, options.start.config.runSeconds);
    const { lastRun } = ended;
    const repeated = lastRun && isCrash(shard, ended) ? options.crashes.crashed(lastRun, message) : undefined;
    tellWatchlist();
    const requestId = lastRun?.requestId;
    if (hasLoaded) replace({ message, requestId, repeated }, shard.isSilent ? "EngineStuck" : "Crashed");
    else fail({ reason: "LoadFailed", message: `The model could not be loaded: ${message}.` });
  };

  const replace = (lost: LostShard, reason: EngineFailure["reason"]): void => {
    if (isDraining || hasFailed) return;
    const { count, isTooMany } = losses.add(options.now());
    options.onLost(lost);
    if (isTooMany) {
      const during = lost.requestId === undefined ? "" : `, the last time while it ran the request ${lost.requestId}`;
      fail({
        reason,
        message: `The engine was lost ${count} times within ten minutes${during}: ${lost.message}`,
      });
      return;
    }
    add();
  };

  const handOver = (connection: GivenConnection): void => {
    let chosen: Shard | undefined;
    for (const shard of shards) {
      if (shard.isUsable && (chosen === undefined || shard.open < chosen.open)) chosen = shard;
    }
    if (chosen === undefined) {
      options.onNobody(connection);
      return;
    }
    chosen.open += 1;
    chosen.child.handOver(connection);
  };

  const add = (): void => {
    const slot = places.take();
    const isPacked = packedPath !== undefined;
    const shard: Shard = {
      child: startShard({
        script: options.script,
        variables: options.variables,
        slotsDescriptor: places.descriptor,
        writeLog: options.writeLog,
        onMessage: (message) => receive(shard, message),
      }),
      slot,
      open: 0,
      isLoaded: false,
      isUsable: false,
      isPacked,
      warmUpTimer: undefined,
      heard: options.now(),
      isLeaving: false,
      isSilent: false,
      counts: undefined,
      onCounts: [],
    };
    shards.add(shard);
    void shard.child.ended.then((ended) => end(shard, ended));
    shard.child.send({ ...options.start, packedPath, withoutWarmUp, loneRuns: places.settings(slot, isPacked) });
    shard.child.send({ kind: "watchlist", ...options.crashes.watchlist() });
  };

  const addFirst = async (): Promise<void> => {
    packedPath = await options.packed;
    if (isDraining) return;
    for (let index = 0; index < options.count; index++) add();
  };
  void addFirst();

  const silence = watchSilence({
    shards,
    runSeconds: options.start.config.runSeconds,
    now: options.now,
    onLook() {
      if (options.crashes.forget()) tellWatchlist();
    },
  });

  return {
    handOver,

    tellState() {
      for (const shard of shards) {
        if (!shard.isLeaving) tellState(shard);
      }
    },

    counts: () => askCounts(shards),
    latestCounts: () => latestCounts(shards),
    usable: () => [...shards].filter(({ isUsable }) => isUsable).length,

    async drain() {
      isDraining = true;
      silence.stop();
      for (const { child, isLoaded } of shards) {
        // Who still loads has no connection; and a process that ends on its own while a thread of it loads, aborts.
        if (isLoaded) child.send({ kind: "drain" });
        else child.kill();
      }
      await Promise.all([...shards].map(({ child }) => child.ended));
    },

    kill() {
      isDraining = true;
      silence.stop();
      for (const { child, warmUpTimer } of shards) {
        clearTimeout(warmUpTimer);
        child.kill();
      }
    },
  };
}
