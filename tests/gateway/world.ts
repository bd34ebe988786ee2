/** A gateway that runs: Caddy and HAProxy with what the renderers say, on loopback ports and with folders of their own. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { renderCaddyfile } from "../../components/gateway/caddyfile.ts";
import { HASH } from "../../components/gateway/fixtures.ts";
import { renderLimiter } from "../../components/gateway/limiter.ts";
import type { GatewaySpec } from "../../components/gateway/spec.ts";
import { freePorts } from "../free-ports.ts";

/** Another Caddy or HAProxy than the PATH's: the versions of the pinned images, say. */
const CADDY = process.env["ETHSTAKE_CADDY"] ?? "caddy";
const HAPROXY = process.env["ETHSTAKE_HAPROXY"] ?? "haproxy";

/** What is not there of what the suite needs. */
export const MISSING = [
  ["caddy", CADDY, "version"],
  ["haproxy", HAPROXY, "-v"],
].flatMap(([name = "", program = "", argument = ""]) =>
  spawnSync(program, [argument], { stdio: "ignore" }).status === 0 ? [] : [name],
);

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface Ask {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Sends the body in chunks, without its length. */
  readonly chunked?: boolean;
  /** Address that the client has. */
  readonly from?: string;
  readonly host?: string;
  readonly user?: string;
  readonly password?: string;
}

export class World {
  readonly dir = mkdtempSync(join(tmpdir(), "ethstake-gateway-"));
  readonly running: ChildProcess[] = [];
  log = "";
  httpPort = 0;
  httpsPort = 0;
  statusPort = 0;
  limiterPort = 0;
  limiterStatusPort = 0;
  caddy: ChildProcess | undefined;
  limiter: ChildProcess | undefined;

  constructor(readonly spec: GatewaySpec) {}

  /** Writes the files and starts both. @param limited whether the limiter runs */
  async start(limited = true): Promise<void> {
    const ports = await freePorts(5);
    [this.httpPort, this.httpsPort, this.statusPort, this.limiterPort, this.limiterStatusPort] = ports as [
      number,
      number,
      number,
      number,
      number,
    ];
    for (const { name, authentication } of this.spec.upstreams) {
      if (authentication.kind !== "basic") continue;
      const lines = authentication.users.map((user) => `${user} ${HASH}\n`);
      writeFileSync(join(this.dir, `users-${name}`), lines.join(""), { mode: 0o400 });
    }
    const file = (name: string, content: string): string => {
      writeFileSync(join(this.dir, name), content);
      return join(this.dir, name);
    };
    const haproxy = file(
      "haproxy.cfg",
      renderLimiter(this.spec, `127.0.0.1:${this.limiterPort}`, `127.0.0.1:${this.limiterStatusPort}`),
    );
    const caddyfile = file(
      "Caddyfile",
      renderCaddyfile(
        { ...this.spec, httpPort: this.httpPort, httpsPort: this.httpsPort },
        {
          httpPort: this.httpPort,
          httpsPort: this.httpsPort,
          bind: "127.0.0.1",
          status: `127.0.0.1:${this.statusPort}`,
          limiter: `127.0.0.1:${this.limiterPort}`,
          users: this.dir,
          storage: join(this.dir, "data"),
        },
      ),
    );
    mkdirSync(join(this.dir, "home"));
    if (limited) this.limiter = this.run(HAPROXY, ["-db", "-f", haproxy]);
    this.caddy = this.run(CADDY, ["run", "--config", caddyfile, "--adapter", "caddyfile"]);
    await this.ready(limited);
  }

  /** Waits until Caddy has its certificates and the limiter answers. */
  private async ready(limited: boolean): Promise<void> {
    const wanted = new Set([this.spec.domain, ...this.spec.upstreams.map(({ host }) => host ?? this.spec.domain)]);
    const deadline = Date.now() + 20_000;
    for (;;) {
      const made = [...wanted].every((host) =>
        existsSync(join(this.dir, "data/certificates/local", host, `${host}.crt`)),
      );
      if (made && (await this.answers(this.statusPort)) && (!limited || (await this.answers(this.limiterStatusPort))))
        return;
      if (Date.now() > deadline || this.caddy?.exitCode != null)
        throw new Error(`the gateway did not start:\n${this.log}`);
      await sleep(50);
    }
  }

  private async answers(port: number): Promise<boolean> {
    return await this.plain(port, "/healthz").then(
      ({ status }) => status === 200,
      () => false,
    );
  }

  private run(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"], HOME: join(this.dir, "home") },
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text: Buffer) => {
        this.log += text.toString();
      });
    this.running.push(child);
    return child;
  }

  /** Root certificate of the gateway's own authority. */
  get authority(): string {
    return readFileSync(join(this.dir, "data/pki/authorities/local/root.crt"), "utf8");
  }

  /** A request over HTTPS, with the certificate checked. */
  async ask(ask: Ask = {}): Promise<Answer> {
    const { path = "/", method = "GET", headers = {}, body, chunked = false, from = "127.0.0.1", user } = ask;
    const host = ask.host ?? this.spec.domain;
    const credentials = Buffer.from(`${user ?? ""}:${ask.password ?? "correct horse"}`).toString("base64");
    return await new Promise<Answer>((resolve, reject) => {
      const request = httpsRequest({
        host: "127.0.0.1",
        port: this.httpsPort,
        servername: host,
        ca: this.authority,
        localAddress: from,
        agent: false,
        path,
        method,
        headers: {
          host,
          ...(user === undefined ? {} : { authorization: `Basic ${credentials}` }),
          ...(body === undefined || chunked ? {} : { "content-length": String(Buffer.byteLength(body)) }),
          ...headers,
        },
      });
      let answered = false;
      request.on("response", (response) => {
        answered = true;
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body: text,
          }),
        );
      });
      // A server that refuses a body closes the connection while it is still being sent.
      request.on("error", (error) => {
        if (!answered) reject(error);
      });
      request.end(body);
    });
  }

  /** A request in the clear. */
  async plain(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return await new Promise<Answer>((resolve, reject) => {
      const request = httpRequest({ host: "127.0.0.1", port, path, agent: false, headers }, (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body: text,
          }),
        );
      });
      request.on("error", reject);
      request.end();
    });
  }

  /** TCP ports that a process listens on, from /proc. */
  listening(child: ChildProcess | undefined): number[] {
    const folder = `/proc/${child?.pid ?? 0}`;
    const sockets = new Set(
      readdirSync(`${folder}/fd`).flatMap((fd) => {
        try {
          return [/^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/fd/${fd}`))?.[1] ?? ""];
        } catch {
          return [];
        }
      }),
    );
    const LISTEN = "0A";
    return ["tcp", "tcp6"]
      .flatMap((table) => readFileSync(`${folder}/net/${table}`, "utf8").split("\n").slice(1))
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode = ""]) => state === LISTEN && sockets.has(inode))
      .map(([, local = ""]) => Number.parseInt(local.split(":").at(-1) ?? "", 16))
      .sort((one, other) => one - other);
  }

  async stop(): Promise<void> {
    for (const child of this.running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
