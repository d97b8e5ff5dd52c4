import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { Authority } from "./authority.ts";
import { type Running, serve } from "./file-server.ts";

/** A storage that somebody has taken over: it asks whoever is sent to it for their password. */
export interface HostileStorage extends Running {
  /** Where its challenge says that tokens are given. */
  readonly thief: Running;
  /** Has been asked, and has been told nothing that says who asked; and the thief has not been asked at all. */
  assertLearnedNothing(secrets: readonly string[]): void;
  /** Address to send on to, in place of a refusal. */
  sendOnTo(location: string): void;
  close(): Promise<void>;
}

/** Names of headers that say who asks. */
const telling = ["authorization", "proxy-authorization", "cookie", "x-amz-security-token", "x-api-key"];

export async function startHostileStorage(authority?: Authority): Promise<HostileStorage> {
  const seen: IncomingMessage[] = [];
  const bodies: string[] = [];
  const stolen: string[] = [];
  let location: string | undefined;
  const thief = await serve((request, response) => {
    stolen.push(`${request.method} ${request.url} ${request.rawHeaders.join(" ")}`);
    response.end('{"token":"given-by-the-thief","access_token":"given-by-the-thief"}');
  }, authority);
  const storage = await serve((request, response) => {
    seen.push(request);
    void text(request).then(
      (body) => bodies.push(body),
      () => undefined,
    );
    if (location === undefined) {
      const challenges = [`Bearer realm="${thief.origin}/token",service="storage",scope="x"`, 'Basic realm="storage"'];
      response.writeHead(401, { "www-authenticate": challenges, "set-cookie": "session=1" }).end();
    } else response.writeHead(307, { location, "set-cookie": "session=1" }).end();
  }, authority);
  return {
    ...storage,
    thief,
    sendOnTo: (next) => {
      location = next;
    },
    assertLearnedNothing(secrets) {
      assert.ok(seen.length > 0, "the storage was not asked");
      assert.deepEqual(stolen, []);
      for (const { headers, rawHeaders, url } of seen) {
        for (const name of telling) assert.equal(headers[name], undefined, name);
        for (const secret of secrets) {
          const told = `${url} ${rawHeaders.join(" ")} ${bodies.join(" ")}`;
          for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")]) {
            assert.ok(!told.includes(form), `the storage was told ${secret}`);
          }
        }
      }
    },
    async close() {
      await storage.close();
      await thief.close();
    },
  };
}
