/**
 * Stands in for Lighthouse where the real one cannot run: it knows no chain. It takes Lighthouse's arguments, listens where they say, keeps a
 * file in its data folder, and does what shows that a bundle's parts reach one another: the beacon node calls the engine API of its
 * execution client with the secret that both share, the validator client asks its beacon node. `--stop-seconds` is its own: how long it
 * takes to stop. Runs in an image of its own, so it imports
 * nothing of the project.
 */
import { createHmac } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { inspect } from "node:util";

const [command, ...options] = process.argv.slice(2);
if (command !== "bn" && command !== "vc") fail(`no command ${command ?? ""}`);

/** What the engine API said last; nothing yet. */
let engine: unknown = null;

const data = option("datadir");
// Fails when the folder is not this user's: the data of a client must survive its container.
appendFileSync(join(data, "starts"), `${new Date().toISOString()} ${options.join(" ")}\n`);

if (command === "bn") {
  createServer((socket) => socket.destroy()).listen(Number(option("port")), option("listen-address"));
  repeat(async () => (engine = await askEngine()));
} else {
  const token = join(data, "validators", "api-token.txt");
  mkdirSync(dirname(token), { recursive: true });
  writeFileSync(token, "not a token of anything\n", { mode: 0o600 });
  const [beacon = ""] = option("beacon-nodes").split(",");
  repeat(async () => (engine = await (await fetch(`${beacon}/eth/v1/node/version`)).json()));
}
serve(Number(option("http-port")), option("http-address"));
serve(Number(option("metrics-port")), option("metrics-address"));
// A client with a large database takes its time to stop.
const slowness = Number(find("stop-seconds") ?? 0);
for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.on(signal, () => setTimeout(() => process.exit(0), 1000 * slowness));

/** Answers every path of the beacon API that health checks ask for; others are 404. */
function serve(port: number, address: string): void {
  createHttpServer((request, response) => {
    const answers: Record<string, unknown> = {
      "/eth/v1/node/version": { data: { version: "stand-in for Lighthouse" } },
      "/stand-in": { engine },
      "/metrics": "",
    };
    const body = answers[request.url ?? ""];
    response.statusCode = body === undefined ? 404 : 200;
    response.end(JSON.stringify(body ?? {}));
  }).listen(port, address);
}

/** The chain of the execution client, by its engine API, which answers no one without the secret. */
async function askEngine(): Promise<unknown> {
  const secret = Buffer.from(readFileSync(option("execution-jwt"), "utf8").trim(), "hex");
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const unsigned = `${part({ typ: "JWT", alg: "HS256" })}.${part({ iat: Math.floor(Date.now() / 1000) })}`;
  const signature = createHmac("sha256", secret).update(unsigned).digest("base64url");
  const response = await fetch(option("execution-endpoint"), {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${unsigned}.${signature}` },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] }),
  });
  if (!response.ok) throw new Error(`the engine API says ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { result?: unknown }).result;
}

function repeat(work: () => Promise<unknown>): void {
  const once = (): void => {
    work().catch((error: unknown) => process.stdout.write(`${inspect(error)}\n`));
  };
  once();
  setInterval(once, 1000);
}

/** The value of `--name=value`. Ends the process when it is missing, as Lighthouse would for those that are read here. */
function option(name: string): string {
  return find(name) ?? fail(`no --${name}`);
}

function find(name: string): string | undefined {
  const prefix = `--${name}=`;
  return options.find((text) => text.startsWith(prefix))?.slice(prefix.length);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
