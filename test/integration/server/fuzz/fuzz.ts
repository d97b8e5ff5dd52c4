import { forms, type FuzzRequest, type GoodRequest, makeMisshapen, makeRows } from "./good-requests.ts";
import { mutate } from "./mutate.ts";
import { createRandom } from "./random.ts";
import { asBytes, createFuzzClient, type FuzzAnswer, type FuzzClient } from "./send.ts";

export interface FuzzOptions {
  readonly port: number;
  readonly seed: number;
  /** The first and the number of cases: each is made of the seed and its number alone. */
  readonly from: number;
  readonly cases: number;
  /** One of so many is sent as it should be, and its answer has to be right; the others are mutated. */
  readonly goodOneIn: number;
  /** Cases under way at the same time. */
  readonly lanes: number;
}

export interface FuzzReport {
  /** What must not be, each with all that makes it again. */
  readonly failures: readonly string[];
  /** How often each status was answered; of gRPC with a `g` before it. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** More than these say nothing new. */
const mostFailures = 5;

/** Sends requests of all forms, most of them broken, and looks whether each is answered as it may be. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const failures: string[] = [];
  const statuses: Record<string, number> = {};
  const client = createFuzzClient(options.port, options.lanes);
  const end = options.from + options.cases;
  let next = options.from;
  const lane = async (): Promise<void> => {
    while (next < end && failures.length < mostFailures) {
      const number = next++;
      const { status, fault } = await runCase(client, options, number);
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (fault !== undefined) failures.push(`seed ${options.seed}, case ${number}: ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: options.lanes }, lane));
  client.close();
  return { failures, statuses };
}

interface CaseOutcome {
  readonly status: string;
  readonly fault?: string;
}

async function runCase(client: FuzzClient, { seed, goodOneIn }: FuzzOptions, number: number): Promise<CaseOutcome> {
  const random = createRandom(seed + Math.imul(number, 0x9e_37_79_b1));
  const isGood = random.oneIn(goodOneIn);
  const isMisshapen = random.oneIn(12);
  const isRaw = random.oneIn(24);
  const good = random.pick(forms)(!isGood && isMisshapen ? makeMisshapen(random) : makeRows(random));
  const request = isGood || isMisshapen ? good : mutate(good, random);
  try {
    if (!isGood && isRaw) {
      const bytes = mutate({ ...request, headers: {}, body: asBytes(request) }, random).body;
      return judgeBytes(bytes, await client.sendBytes(bytes));
    }
    const answer = await client.send(request);
    return judge(request, answer, isGood ? good : undefined);
  } catch (error) {
    return { status: "none", fault: `${String(error)} to ${shown(request)}` };
  }
}

function judge(request: FuzzRequest, answer: FuzzAnswer, good: GoodRequest | undefined): CaseOutcome {
  const { status, grpcStatus, body } = answer;
  const name = grpcStatus === undefined ? String(status) : `g${grpcStatus}`;
  const fault = (why: string): CaseOutcome => ({
    status: name,
    fault: `${why}: ${name} ${String(answer.headers["grpc-message"] ?? "")} ${body.toString("latin1", 0, 300)} to ${shown(request)}`,
  });
  if (good !== undefined) {
    const isOk = grpcStatus === undefined ? status === 200 : grpcStatus === 0;
    return isOk && good.isRight(body) ? { status: name } : fault("a good request was not answered right");
  }
  return isAllowed(answer, body.toString("latin1", 0, 300)) ? { status: name } : fault("an answer that must not be");
}

/** INTERNAL, UNKNOWN and whatever is no status at all are faults of the server's. */
const allowedGrpc = [0, 3, 4, 5, 8, 12];
/** What the client asks for and nobody has: documented, and no fault. */
const allowedServerErrors = /^\{"error":.*"code":"(?:UnknownTransferEncoding|UnsupportedVersion|TunnelUnsupported)"\}/;

function isAllowed({ status, grpcStatus, headers }: Omit<FuzzAnswer, "body">, text: string): boolean {
  if (grpcStatus !== undefined && status === 200) {
    return allowedGrpc.includes(grpcStatus) || (grpcStatus === 14 && headers["grpc-retry-pushback-ms"] !== undefined);
  }
  if (status >= 200 && status < 500) return true;
  return status === 503 ? headers["retry-after"] !== undefined : allowedServerErrors.test(text);
}

/** Of a connection that was given bytes: all answers on it, until it ends. HTTP/2 and silence are as good. */
function judgeBytes(bytes: Buffer, answer: Buffer): CaseOutcome {
  const text = answer.toString("latin1");
  const bad = [...text.matchAll(/^HTTP\/1\.1 (5\d\d) [\s\S]*?\r\n\r\n([^\r]{0,300})/gm)].filter(
    ([whole, , body = ""]) => {
      if (whole.startsWith("HTTP/1.1 503")) return !/\r\nretry-after: /i.test(whole);
      return !allowedServerErrors.test(body);
    },
  );
  if (bad.length === 0) return { status: "raw" };
  return {
    status: "raw",
    fault: `an answer that must not be: ${bad[0]?.[0] ?? ""} to ${JSON.stringify(bytes.toString("latin1").slice(0, 2000))}`,
  };
}

function shown({ protocol, path, headers, body }: FuzzRequest): string {
  return `${protocol} ${path} ${JSON.stringify(headers)} ${JSON.stringify(body.toString("latin1").slice(0, 2000))}`;
}
