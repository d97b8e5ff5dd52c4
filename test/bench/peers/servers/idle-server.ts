/** Answers every request, and does nothing else: how long a probe takes on this machine whatever it is sent to. */
import { createServer } from "node:http";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { port: { type: "string" } } });
createServer((_, response) => response.end()).listen(Number(values.port), "127.0.0.1");
