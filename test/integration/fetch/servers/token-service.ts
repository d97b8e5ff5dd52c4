import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { Authority } from "./authority.ts";

export interface TokenService {
  readonly realm: string;
  /** `host:port` of the realm. */
  readonly host: string;
  /** Query strings, or the forms without the token in them, that tokens were asked for with. */
  readonly asked: readonly string[];
  /** A token of this service, signed with the authority's certificate. */
  token(repository: string, actions: readonly string[]): string;
  close(): Promise<void>;
}

/** Who gets tokens for private repositories. */
export const member = {
  username: "ada",
  password: "pass:wörd",
  identityToken: "identity-token-of-ada",
} as const;

const basic = Buffer.from(`${member.username}:${member.password}`).toString("base64");
const lifetimeSeconds = 300;

/** A token service as `docker-registry` trusts it ("Token Authentication Implementation" of its documentation). */
export async function startTokenService(authority: Authority): Promise<TokenService> {
  const key = createPrivateKey(await readFile(authority.keyPath));
  const certificate = new X509Certificate(await readFile(authority.certificatePath));
  const token: TokenService["token"] = (repository, actions) => {
    const now = Math.floor(Date.now() / 1000);
    const head = { typ: "JWT", alg: "ES256", x5c: [certificate.raw.toString("base64")] };
    const claims = {
      iss: "slipway-test",
      sub: "",
      aud: "registry",
      exp: now + lifetimeSeconds,
      nbf: now - 10,
      iat: now,
      jti: randomUUID(),
      access: [{ type: "repository", name: repository, actions }],
    };
    const signed = `${encode(head)}.${encode(claims)}`;
    const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  };

  const asked: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const query = await queryOf(request);
    const identityToken = query.get("refresh_token");
    query.delete("refresh_token");
    asked.push(query.toString());
    const [, repository = "", wanted = ""] = (query.get("scope") ?? "").split(":");
    const known = request.headers.authorization === `Basic ${basic}` || identityToken === member.identityToken;
    const isStranger = request.headers.authorization === undefined && identityToken === null;
    if (!known && !isStranger) {
      response.writeHead(401).end();
      return;
    }
    // Repositories below private/ are nobody's who comes without a name.
    const actions = known ? wanted.split(",") : repository.startsWith("private/") ? [] : ["pull"];
    const name = identityToken === null ? "token" : "access_token";
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ [name]: token(repository, actions) }));
  };
  const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  const host = `127.0.0.1:${address.port}`;
  return {
    realm: `http://${host}/token`,
    host,
    asked,
    token,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function queryOf(request: IncomingMessage): Promise<URLSearchParams> {
  if (request.method === "POST") return new URLSearchParams(await text(request));
  return new URL(request.url ?? "/", "http://localhost").searchParams;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
