import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { type BrowserContext, chromium, type Page } from "playwright-core";

/** Debian's `chromium`. */
const executablePath = "/usr/bin/chromium";
const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Two cores are shared with other suites, and with whatever else the machine does. */
const timeoutMilliseconds = 60_000;

/** A page of a browser, and what must never happen on it. */
export interface Watched {
  readonly page: Page;
  /** Every address that was asked for. */
  readonly requests: readonly string[];
  /** Errors and warnings of the console, and exceptions. */
  readonly complaints: readonly string[];
}

export interface Browser {
  /** `prepare` is called before the address is asked for. */
  readonly open: (url: string, prepare?: (page: Page) => Promise<void>) => Promise<Watched>;
}

/** Ended and removed after the tests of the file, also when one of them failed. */
const contexts: BrowserContext[] = [];
const profiles: string[] = [];
after(async () => {
  await Promise.all(contexts.map((context) => context.close()));
  await Promise.all(profiles.map((profile) => rm(profile, { recursive: true, force: true })));
});

/** One browser with a profile of its own. */
export async function startBrowser(): Promise<Browser> {
  await access(executablePath).catch((error: unknown) => {
    throw new Error("Chromium is missing. Install it: apt-get install chromium", { cause: error });
  });
  const profile = await mkdtemp(join(tmpdir(), "slipway-browser-"));
  profiles.push(profile);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args,
    timeout: timeoutMilliseconds,
  });
  contexts.push(context);
  context.setDefaultTimeout(timeoutMilliseconds);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  return {
    async open(url, prepare) {
      const page = await context.newPage();
      const requests: string[] = [];
      const complaints: string[] = [];
      page.on("request", (request) => requests.push(request.url()));
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(error.message));
      await prepare?.(page);
      await page.goto(url);
      return { page, requests, complaints };
    },
  };
}

/** Drops a file on the one place of the page that takes pictures. */
export async function dropPicture(page: Page, name: string, png: Uint8Array): Promise<void> {
  const text = JSON.stringify(Buffer.from(png).toString("base64"));
  const dataTransfer = await page.evaluateHandle(`(() => {
    const bytes = Uint8Array.from(atob(${text}), (character) => character.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], ${JSON.stringify(name)}, { type: "image/png" }));
    return transfer;
  })()`);
  const zone = page.locator(".drop");
  await zone.dispatchEvent("dragover", { dataTransfer });
  await zone.dispatchEvent("drop", { dataTransfer });
  await page.locator(".drop[data-state]").waitFor();
}
