import { request } from "node:https";

const answerTimeoutMilliseconds = 5_000;

/** GET as admin; resolves with the body of a 200 answer and throws on any other. */
export function getAsAdmin(url: string, admin: { readonly caPem: string; readonly token: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${admin.token}` };
    // A new connection each time: a kept one could outlive the server that it was opened to.
    const options = { ca: admin.caPem, headers, agent: false, timeout: answerTimeoutMilliseconds } as const;
    const outgoing = request(url, options, (answer) => {
      let body = "";
      answer.setEncoding("utf8");
      answer.on("data", (text: string) => {
        body += text;
      });
      answer.on("error", reject);
      answer.on("end", () => {
        if (answer.statusCode === 200) resolve(body);
        else reject(new Error(`${url}: ${answer.statusCode} ${body.slice(0, 500)}`));
      });
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`${url}: no answer`)));
    outgoing.on("error", reject);
    outgoing.end();
  });
}
