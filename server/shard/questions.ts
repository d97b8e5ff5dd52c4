import type { Question } from "./messages.ts";

/** What a shard asks the supervisor, and the answers that come back. */
export interface Questions {
  readonly ask: (about: Question) => Promise<unknown>;
  readonly answer: (question: number, value: unknown) => void;
}

type Send = (message: { readonly kind: "question"; readonly question: number; readonly about: Question }) => void;

/** Each question is answered, as the supervisor does nothing that takes long; who never is, ends with the process. */
export function createQuestions(send: Send): Questions {
  const waiting = new Map<number, (value: unknown) => void>();
  let last = 0;
  return {
    ask(about) {
      last += 1;
      const question = last;
      return new Promise((resolve) => {
        waiting.set(question, resolve);
        send({ kind: "question", question, about });
      });
    },
    answer(question, value) {
      waiting.get(question)?.(value);
      waiting.delete(question);
    },
  };
}
