import type { Problem } from "../errors.ts";
import { headerOf } from "./request/framing.ts";
import type { Exchange, HandedOver, Reply } from "./handler.ts";
import type { RequestHead } from "./request/parser.ts";
import type { Target } from "./request/target.ts";

/** What an exchange needs of its connection. */
export interface ExchangeOwner {
  answer(exchange: HttpExchange, reply: Reply): void;
  handOver(exchange: HttpExchange): HandedOver;
  isGone(): boolean;
}

/** A class, as one is made for each request: methods of its own would be made for each as well. It holds the right to answer. */
export class HttpExchange implements Exchange {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly started: number;
  readonly head: RequestHead;
  status = 0;
  refusal: Problem | undefined = undefined;
  attached: unknown = undefined;
  readonly #owner: ExchangeOwner;

  constructor(owner: ExchangeOwner, head: RequestHead, { path, query }: Target, id: string, started: number) {
    this.#owner = owner;
    this.head = head;
    this.id = id;
    this.method = head.method;
    this.path = path;
    this.query = query;
    this.started = started;
  }

  header(name: string): string | undefined {
    return headerOf(this.head.headers, name);
  }

  get isGone(): boolean {
    return this.#owner.isGone();
  }

  answer(reply: Reply): void {
    this.#owner.answer(this, reply);
  }

  handOver(): HandedOver {
    return this.#owner.handOver(this);
  }
}

/** The request's line and headers as bytes again, under the id of the exchange. */
export function headBytes({ head, id }: HttpExchange): Uint8Array {
  let text = `${head.method} ${head.target} HTTP/${head.major}.${head.minor}\r\n`;
  for (let index = 0; index < head.headers.length; index += 2) {
    const name = head.headers[index] ?? "";
    if (name.toLowerCase() !== "x-request-id") text += `${name}: ${head.headers[index + 1] ?? ""}\r\n`;
  }
  return Buffer.from(`${text}x-request-id: ${id}\r\n\r\n`, "latin1");
}
