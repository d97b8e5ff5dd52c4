import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Authority } from "./authority.ts";

export interface TokenService {
  readonly realm: string;
  /** `host:port` of the realm. */
  readonly host: string;
  /** Query strings that tokens were asked for with. */
  readonly asked: readonly string[];
  /** A token of this service, signed with the authority's certificate. */
  token(repository: string, actions: readonly string[]): string;
  close(): Promise<void>;
}

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
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    asked.push(url.search);
    const [, repository = ""] = (url.searchParams.get("scope") ?? "").split(":");
    // Repositories below private/ are nobody's who comes without a name.
    const actions = repository.startsWith("private/") ? [] : ["pull"];
    response.setHeader("content-type", "application/json").end(JSON.stringify({ token: token(repository, actions) }));
  }).listen(0, "127.0.0.1");
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

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
