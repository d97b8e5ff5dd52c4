import type { Credentials } from "../sources/credentials.ts";

/** `token` is sent as Bearer (RFC 6750), `username` and `password` as Basic (RFC 7617); undefined without either. */
export async function httpAuthorization(credentials: Credentials): Promise<string | undefined> {
  const token = await credentials.read("token");
  if (token !== undefined) return `Bearer ${token}`;
  const username = await credentials.read("username");
  const password = await credentials.read("password");
  if (username === undefined && password === undefined) return undefined;
  return basicAuthorization(username ?? "", password ?? "");
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
