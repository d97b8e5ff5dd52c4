import dns from "node:dns";
import { mock } from "node:test";

/** The domain of stores in these tests, which no name server knows. */
export const domain = "s3.test";

/** Lets every name at and below {@link domain} be this machine, as a wildcard record does, until the tests are over. */
export function resolveDomain(): void {
  const { lookup } = dns;
  const resolve = (hostname: string, ...rest: readonly unknown[]): void => {
    const isOfDomain = hostname === domain || hostname.endsWith(`.${domain}`);
    Reflect.apply(lookup, dns, [isOfDomain ? "127.0.0.1" : hostname, ...rest]);
  };
  mock.method(dns, "lookup", resolve);
}
