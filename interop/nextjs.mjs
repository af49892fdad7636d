// An application in Next.js with `@auth0/nextjs-auth0`, unmodified (nextjs/), as `npm run build` made it. Next's own
// server speaks no TLS, and the library's cookies want it: this one stands in front of it.
//
//   node nextjs.mjs ISSUER CERTIFICATE KEY
//
// Prints where it listens, as JSON; reads the clients' ids and secrets, as a line of JSON; ends when its input does.
import { createServer } from "node:https";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import next from "next";

const [issuer, certificate, key] = process.argv.slice(2);
const input = createInterface({ input: process.stdin });
const lines = input[Symbol.asyncIterator]();

// Who comes before the application is ready waits for it.
let ready;
const handler = new Promise((resolve) => { ready = resolve; });
const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
const server = createServer(tls, async (request, response) => (await handler)(request, response));
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const address = `https://localhost:${server.address().port}`;
console.log(JSON.stringify({ nextjs: address }));

const { nextjs: client } = JSON.parse((await lines.next()).value);
input.on("close", () => process.exit(0));
Object.assign(process.env, { AUTH0_DOMAIN: issuer, AUTH0_CLIENT_ID: client.client_id,
  AUTH0_CLIENT_SECRET: client.client_secret, AUTH0_SECRET: "a secret of the application's own, long enough",
  APP_BASE_URL: address, NEXT_TELEMETRY_DISABLED: "1" });
const application = next({ dev: false, dir: fileURLToPath(new URL("nextjs", import.meta.url)) });
await application.prepare();
ready(application.getRequestHandler());
