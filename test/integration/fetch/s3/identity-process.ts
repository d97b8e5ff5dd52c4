/**
 * A process for s3-identity.test.ts, in a network namespace of its own: versitygw's STS refuses issuers at private
 * addresses and on ports other than 443, so the issuer needs an address that looks public. Runs a fetch for each way to
 * be somebody, and prints the reports as one line of JSON, by name.
 */
import { execFile } from "node:child_process";
import { createHash, createPrivateKey, createPublicKey, sign, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Agent } from "undici";
import { type Authority, createAuthority } from "../servers/authority.ts";
import { fetching } from "../fetching.ts";
import { freePort } from "../servers/free-port.ts";
import { paddedModel } from "../models.ts";
import { region, sendSigned, startS3Server, startVersitygw } from "../servers/s3-server.ts";

/** RFC 5737: for documentation, so nobody's. */
const issuerAddress = "203.0.113.10";
const issuer = `https://${issuerAddress}`;
/** What EKS' webhook asks for, and what roles there trust. */
const audience = "sts.amazonaws.com";
const subject = "system:serviceaccount:models:reader";
const account = "000000000000";

const run = promisify(execFile);
await run("ip", ["link", "set", "lo", "up"]);
await run("ip", ["address", "add", `${issuerAddress}/32`, "dev", "lo"]);
const directory = await mkdtemp(join(tmpdir(), "slipway-identity-"));
const authority = await createAuthority(join(directory, "authority"), `IP:${issuerAddress}`);
const key = createPrivateKey(await readFile(authority.keyPath));
const stopIssuer = await startIssuer(authority);
const agent = new Agent();
const identities = await startIdentities(join(directory, "identities"));
const server = await startS3Server({ options: ["--iam-standalone-endpoint", identities.socket] });
try {
  await server.put("direction/model.onnx", paddedModel(100_000));
  await trustIssuer();
  await createRole("models-reader", { Effect: "Allow", Action: ["s3:GetObject", "s3:ListBucket"], Resource: "*" });
  await createRole("models-nothing", { Effect: "Deny", Action: "s3:*", Resource: "*" });
  const reader = token(subject);
  const reports = {
    reader: await fetchAs("models-reader", reader),
    folder: await fetchAs("models-reader", reader, "direction/"),
    stranger: await fetchAs("models-reader", token("system:serviceaccount:other:reader")),
    powerless: await fetchAs("models-nothing", reader),
    forged: await fetchAs("models-reader", `${reader.slice(0, reader.lastIndexOf("."))}.${"A".repeat(86)}`),
    expired: await fetchAs("models-reader", token(subject, -3600)),
  };
  process.stdout.write(`${JSON.stringify(reports)}\n`);
} finally {
  await server.close();
  await identities.close();
  await agent.close();
  stopIssuer();
  await rm(directory, { recursive: true, force: true });
}

/** A token as the kubelet mounts it for a service account. */
function token(sub: string, lifetimeSeconds = 600): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, sub, aud: [audience], iat: now - 7200, exp: now + lifetimeSeconds };
  const signed = [{ alg: "ES256", kid: "1" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${signed}.${sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

async function fetchAs(role: string, webIdentityToken: string, objectKey = "direction/model.onnx"): Promise<unknown> {
  const tokenFile = join(directory, "token");
  await writeFile(tokenFile, webIdentityToken);
  const { report, log } = await fetching(
    {
      SLIPWAY_MODEL_URI: `s3://models/${objectKey}`,
      SLIPWAY_PLAIN_HTTP_HOSTS: `${server.host},${identities.host}`,
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_ENDPOINT_URL_STS: `http://${identities.host}`,
      AWS_REGION: region,
      AWS_ROLE_ARN: `arn:aws:iam::${account}:role/${role}`,
      AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    },
    { limits: { retryDelaysMilliseconds: [20] } },
  );
  if (`${JSON.stringify(report)}${log.join("")}`.includes(webIdentityToken)) throw new Error("the token was told");
  return report;
}

/** versitygw as identity service: the IAM and STS calls, and a socket for the gateway that asks it. */
async function startIdentities(path: string): Promise<{ host: string; socket: string; close(): Promise<void> }> {
  const host = `127.0.0.1:${await freePort()}`;
  const privateSocket = `${path}.sock`;
  await mkdir(path);
  const options = ["--port", host, "iam", "--dir", path, "--private-ports", privateSocket];
  const program = await startVersitygw(options, `http://${host}`, agent);
  return { host, socket: privateSocket, ...program };
}

/** Makes tokens of the issuer known, those for {@link audience}. */
async function trustIssuer(): Promise<void> {
  const certificate = new X509Certificate(await readFile(authority.certificatePath));
  await call("CreateOpenIDConnectProvider", {
    Url: issuer,
    "ClientIDList.member.1": audience,
    "ThumbprintList.member.1": createHash("sha1").update(certificate.raw).digest("hex"),
  });
}

/** A role that the service account {@link subject} alone may take, and what it may do. */
async function createRole(name: string, statement: object): Promise<void> {
  const trust = {
    Effect: "Allow",
    Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${issuerAddress}` },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: { StringEquals: { [`${issuerAddress}:sub`]: subject, [`${issuerAddress}:aud`]: audience } },
  };
  await call("CreateRole", { RoleName: name, AssumeRolePolicyDocument: policy(trust) });
  await call("PutRolePolicy", { RoleName: name, PolicyName: "models", PolicyDocument: policy(statement) });
}

function policy(statement: object): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

async function call(action: string, parameters: Readonly<Record<string, string>>): Promise<void> {
  const body = new URLSearchParams({ Action: action, Version: "2010-05-08", ...parameters }).toString();
  await sendSigned({ url: `http://${identities.host}/`, service: "iam", method: "POST", body, dispatcher: agent });
}

/** What a cluster's API server is to STS: discovery, and the keys that service account tokens are signed with. */
async function startIssuer({ certificatePath, keyPath }: Authority): Promise<() => void> {
  const jwk = { ...createPublicKey(key).export({ format: "jwk" }), kid: "1", use: "sig", alg: "ES256" };
  const documents: Readonly<Record<string, object>> = {
    "/.well-known/openid-configuration": { issuer, jwks_uri: `${issuer}/openid/v1/jwks` },
    "/openid/v1/jwks": { keys: [jwk] },
  };
  const tls = { cert: await readFile(certificatePath), key: await readFile(keyPath) };
  const listener = createServer(tls, (request, response) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify(documents[request.url ?? ""] ?? {}));
  }).listen(443, issuerAddress);
  await once(listener, "listening");
  return () => {
    listener.closeAllConnections();
    listener.close();
  };
}
