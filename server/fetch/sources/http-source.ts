import { basename } from "node:path";
import { quote } from "../configuration.ts";
import { downloadAside } from "./download-file.ts";
import { failure } from "../failure.ts";
import { httpAuthorization } from "../http/authorization.ts";
import { discard } from "../http/body.ts";
import { createHttpClient } from "../http/client.ts";
import { statusFailure } from "../http/errors.ts";
import { openAt } from "../http/range.ts";
import { placeDownload } from "./place-download.ts";
import type { Source } from "./source.ts";

/**
 * `https://host/path`: one file, the model itself or a tar of its folder, either in gzip, zstd or neither. `http://` is for the
 * hosts alone that may be spoken to without TLS. The digest is known only after the download.
 */
export const fetchHttp: Source = async (request) => {
  const url = parseUrl(request.uri);
  // A query can be a signature, so it is in no message.
  const what = `${url.host}${url.pathname}`;
  // Read for every attempt, as the kubelet replaces the files of a Secret that was renewed.
  let authorization: string | undefined;
  const client = createHttpClient(request);
  try {
    const downloaded = await downloadAside(request, {
      what: quote(what),
      open: async (at) => {
        authorization = await httpAuthorization(request.credentials);
        return openAt(at, {
          condition: "if-range",
          send: (headers) => client.send({ url: url.href, headers, authorization }),
          refuse: async ({ body, ...answer }) => {
            await discard(body);
            return statusFailure({
              ...answer,
              what: quote(what),
              whenMissing: "Check the path in the uri.",
              ...(authorization === undefined
                ? {
                    refused: `${answer.host} refuses ${quote(what)} without credentials`,
                    whenRefused: "Name a Secret with token, or username and password, in source.secretRef.",
                  }
                : {
                    refused: `${answer.host} refuses ${quote(what)} to the credentials of the source's Secret`,
                    whenRefused: "Check that they are right, not expired, and may read it.",
                  }),
            });
          },
        });
      },
    });
    return { digest: await placeDownload({ ...downloaded, name: nameOf(url), host: url.host }, request) };
  } finally {
    await client.close();
  }
};

function parseUrl(uri: string): URL {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || url.hostname === "") {
    throw failure("UnsupportedSource", "The uri is no valid URL. Write https://host[:port]/path.");
  }
  if (url.username !== "" || url.password !== "") {
    throw failure(
      "UnsupportedSource",
      `The uri at ${url.host} holds a user name or password, which are not taken from a uri. Put them into a Secret and name it in source.secretRef.`,
    );
  }
  url.hash = "";
  return url;
}

/** Last part of the path, for a model that is called something.onnx. */
function nameOf(url: URL): string {
  try {
    return basename(decodeURIComponent(url.pathname));
  } catch {
    return "";
  }
}
