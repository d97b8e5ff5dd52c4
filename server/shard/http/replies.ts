import type { Logger } from "pino";
import { type Problem, problems } from "../../errors.ts";
import { problemReply } from "../../http/answer/problem-reply.ts";
import type { Reply } from "../../http/handler.ts";
import { type Call, idsOf, isProbe } from "./call.ts";

/** The ways to answer a request. */
export interface Replies {
  readonly refuse: (call: Call, problem: Problem) => undefined;
  /** 200, with the body as JSON. */
  readonly ok: (call: Call, body: object, headers?: Reply["headers"]) => undefined;
  /** Something failed that should not: the log has it, the client no more than that. */
  readonly fail: (call: Call, error: unknown) => void;
}

export const jsonHeaders = { "content-type": "application/json" } as const;

export function createReplies(log: Logger): Replies {
  const refuse = (call: Call, problem: Problem): undefined => {
    const level = problem.status >= 500 && !isProbe(call) ? "warn" : "debug";
    if (log.isLevelEnabled(level)) {
      log[level]({ ...idsOf(call), code: problem.code }, problem.message);
    }
    call.exchange.answer(problemReply(problem));
  };
  return {
    refuse,
    ok(call, body, headers) {
      call.exchange.answer({ status: 200, headers: { ...jsonHeaders, ...headers }, parts: [JSON.stringify(body)] });
    },
    fail(call, error) {
      log.error({ ...idsOf(call), error }, "a request could not be handled");
      if (call.exchange.status === 0) refuse(call, problems.internal());
    },
  };
}
