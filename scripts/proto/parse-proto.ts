/** What a .proto file says, of the parts of proto3 that ours use: no imports, no options, no reserved numbers. */
export interface ProtoFile {
  readonly package: string;
  readonly messages: readonly ProtoMessage[];
  readonly enums: readonly ProtoEnum[];
  readonly services: readonly ProtoService[];
}

export interface ProtoMessage {
  readonly name: string;
  readonly fields: readonly ProtoField[];
  readonly oneofs: readonly string[];
  readonly messages: readonly ProtoMessage[];
  readonly enums: readonly ProtoEnum[];
  /** Made of a `map` field, not written in the file. */
  readonly isMapEntry: boolean;
}

export interface ProtoField {
  readonly name: string;
  readonly number: number;
  /** A scalar type, or the name of a message or enum as it is written. */
  readonly type: string;
  readonly isRepeated: boolean;
  /** Its place among the message's oneofs. */
  readonly oneof: number | undefined;
}

export interface ProtoEnum {
  readonly name: string;
  readonly values: readonly { readonly name: string; readonly number: number }[];
}

export interface ProtoService {
  readonly name: string;
  readonly methods: readonly ProtoMethod[];
}

export interface ProtoMethod {
  readonly name: string;
  readonly input: string;
  readonly output: string;
  readonly isClientStreaming: boolean;
  readonly isServerStreaming: boolean;
}

export function parseProto(text: string): ProtoFile {
  const tokens = tokensOf(text);
  const messages: ProtoMessage[] = [];
  const enums: ProtoEnum[] = [];
  const services: ProtoService[] = [];
  let packageName = "";
  for (const word of tokens.untilEnd()) {
    if (word === "syntax") {
      tokens.expect("=", '"proto3"', ";");
    } else if (word === "package") {
      packageName = tokens.next();
      tokens.expect(";");
    } else if (word === "message") messages.push(parseMessage(tokens));
    else if (word === "enum") enums.push(parseEnum(tokens));
    else if (word === "service") services.push(parseService(tokens));
    else throw new SyntaxError(`a .proto file of ours has no ${word} at its top`);
  }
  return { package: packageName, messages, enums, services };
}

interface Tokens {
  next(): string;
  /** Takes the next tokens, which must be these. */
  expect(...expected: readonly string[]): void;
  /** The first tokens of what is there until a closing brace, which is taken, too. */
  untilBrace(): Iterable<string>;
  untilEnd(): Iterable<string>;
}

function tokensOf(text: string): Tokens {
  const words = text.replace(/\/\/.*$/gm, "").match(/[A-Za-z_][\w.]*|[0-9]+|"[^"]*"|[^\s\w]/g) ?? [];
  let place = 0;
  const next = (): string => {
    const word = words[place++];
    if (word === undefined) throw new SyntaxError("a .proto file ends within a definition");
    return word;
  };
  return {
    next,
    expect(...expected) {
      for (const one of expected) {
        const word = next();
        if (word !== one) throw new SyntaxError(`a .proto file has ${word} where ${one} is needed`);
      }
    },
    *untilBrace() {
      for (let word = next(); word !== "}"; word = next()) yield word;
    },
    *untilEnd() {
      while (place < words.length) yield next();
    },
  };
}

function parseMessage(tokens: Tokens): ProtoMessage {
  const name = tokens.next();
  const fields: ProtoField[] = [];
  const oneofs: string[] = [];
  const messages: ProtoMessage[] = [];
  const enums: ProtoEnum[] = [];
  tokens.expect("{");
  for (const word of tokens.untilBrace()) {
    if (word === "message") messages.push(parseMessage(tokens));
    else if (word === "enum") enums.push(parseEnum(tokens));
    else if (word === "oneof") {
      oneofs.push(tokens.next());
      tokens.expect("{");
      for (const type of tokens.untilBrace()) fields.push(parseField(tokens, type, false, oneofs.length - 1));
    } else if (word === "map") {
      const { field, entry } = parseMap(tokens);
      fields.push(field);
      messages.push(entry);
    } else if (word === "repeated") fields.push(parseField(tokens, tokens.next(), true, undefined));
    else fields.push(parseField(tokens, word, false, undefined));
  }
  return { name, fields, oneofs, messages, enums, isMapEntry: false };
}

function parseField(tokens: Tokens, type: string, isRepeated: boolean, oneof: number | undefined): ProtoField {
  const name = tokens.next();
  tokens.expect("=");
  const number = Number(tokens.next());
  tokens.expect(";");
  return { name, number, type, isRepeated, oneof };
}

/** `map<K, V> f = 1` is `repeated FEntry f = 1`, with a message FEntry of `key` and `value`. */
function parseMap(tokens: Tokens): { readonly field: ProtoField; readonly entry: ProtoMessage } {
  tokens.expect("<");
  const key = tokens.next();
  tokens.expect(",");
  const value = tokens.next();
  tokens.expect(">");
  const written = parseField(tokens, "", true, undefined);
  const name = `${written.name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}Entry`;
  const fields = [
    { name: "key", number: 1, type: key, isRepeated: false, oneof: undefined },
    { name: "value", number: 2, type: value, isRepeated: false, oneof: undefined },
  ];
  return {
    field: { ...written, type: name },
    entry: { name, fields, oneofs: [], messages: [], enums: [], isMapEntry: true },
  };
}

function parseEnum(tokens: Tokens): ProtoEnum {
  const name = tokens.next();
  const values: { name: string; number: number }[] = [];
  tokens.expect("{");
  for (const value of tokens.untilBrace()) {
    tokens.expect("=");
    values.push({ name: value, number: Number(tokens.next()) });
    tokens.expect(";");
  }
  return { name, values };
}

function parseService(tokens: Tokens): ProtoService {
  const name = tokens.next();
  const methods: ProtoMethod[] = [];
  tokens.expect("{");
  for (const word of tokens.untilBrace()) {
    if (word !== "rpc") throw new SyntaxError(`a service of ours has no ${word}`);
    const method = tokens.next();
    const input = parseMethodType(tokens);
    tokens.expect("returns");
    const output = parseMethodType(tokens);
    tokens.expect("{", "}");
    methods.push({
      name: method,
      input: input.type,
      output: output.type,
      isClientStreaming: input.isStreaming,
      isServerStreaming: output.isStreaming,
    });
  }
  return { name, methods };
}

function parseMethodType(tokens: Tokens): { readonly type: string; readonly isStreaming: boolean } {
  tokens.expect("(");
  const word = tokens.next();
  const isStreaming = word === "stream";
  const type = isStreaming ? tokens.next() : word;
  tokens.expect(")");
  return { type, isStreaming };
}
