import { failure } from "../failure.ts";

/** The address of a service as a variable or a key of the Secret gives it; `name` is for the message. */
export function endpointUrl(name: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.search === "") return url;
  throw failure("InvalidConfiguration", `${name} is no URL of the form https://host[:port].`);
}
