import { execFile, execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keyScript, linkScript, publicKey } from "../components/monitoring/scripts.ts";
import { linkAddress, renderLink, renderPeers } from "./link.ts";

describe("addresses inside the links", () => {
  it("are unique local ones that follow from the names", () => {
    expect(linkAddress("hoodi", "fra-1")).toMatch(/^fd[0-9a-f]{2}(:[0-9a-f]{4}){7}$/);
    expect(linkAddress("hoodi", "fra-1")).toBe(linkAddress("hoodi", "fra-1"));
    expect(linkAddress("hoodi", "ams-1")).not.toBe(linkAddress("hoodi", "fra-1"));
    expect(linkAddress("mainnet", "fra-1").slice(0, 19)).not.toBe(linkAddress("hoodi", "fra-1").slice(0, 19));
  });
});

describe("an end's configuration", () => {
  it("lets metrics one way and log lines the other, and nothing else", () => {
    const monitor = linkAddress("hoodi", "fra-1");
    const tunnels = (isMonitor: boolean): string[] =>
      renderLink({ isMonitor, monitor, port: 51_820 })
        .split("\n")
        .filter((line) => /^(ListenPort|Target)/.test(line));
    expect(tunnels(true)).toEqual(["ListenPort = 3100", "Target = loki:3100"]);
    expect(tunnels(false)).toEqual(["ListenPort = 9200", "Target = front:9200"]);
  });

  it("lets keepers' questions through where there are some", () => {
    const monitor = linkAddress("hoodi", "fra-1");
    const text = (isMonitor: boolean): string =>
      renderLink({ isMonitor, monitor, port: 51_820, questions: true }).split("\n\n").slice(3).join("\n");
    expect(text(true)).toBe("[TCPServerTunnel]\nListenPort = 9091\nTarget = witness:9091\n");
    expect(text(false)).toBe(`[TCPClientTunnel]\nBindAddress = 0.0.0.0:9091\nTarget = [${monitor}]:9091\n`);
  });

  it("takes a peer's one address from it", () => {
    expect(renderPeers([{ publicKey: "K", address: "fd00::1", endpoint: "192.0.2.1:51820" }])).toBe(
      "[Peer]\nPublicKey = K\nAllowedIPs = fd00::1/128\nEndpoint = 192.0.2.1:51820\nPersistentKeepalive = 25\n",
    );
  });
});

const run = promisify(execFile);
const WIREPROXY = process.env["ETHSTAKE_WIREPROXY"] ?? "wireproxy";
const hasWireproxy = spawnSync(WIREPROXY, ["--version"], { stdio: "ignore" }).error === undefined;

/** Runs a script as a host would. */
function onHost(script: string, input = ""): string {
  return execFileSync("sh", ["-c", script], { input, encoding: "utf8" });
}

describe("keys on hosts", () => {
  const folder = mkdtempSync(join(tmpdir(), "ethstake-link-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("are made once, and only the public half is said", () => {
    const first = publicKey("a", onHost(keyScript(folder)));
    expect(publicKey("a", onHost(keyScript(folder)))).toBe(first);
    const secret = readFileSync(join(folder, "secrets/link.key"), "utf8").trim();
    expect(secret).not.toBe(first);
    expect(statSync(join(folder, "secrets/link.key")).mode & 0o777).toBe(0o400);
    expect(() => publicKey("a", "")).toThrow("openssl");
  });
});

// Both ends for real, where wireproxy is: github.com/windtf/wireproxy, or ETHSTAKE_WIREPROXY.
describe.skipIf(!hasWireproxy)("a link (wireproxy)", () => {
  const folder = mkdtempSync(join(tmpdir(), "ethstake-link-"));
  const running: ChildProcess[] = [];
  const servers: Server[] = [];
  const port = 51_000 + (process.pid % 800);
  const proxies = { monitor: port + 1_000, watched: port + 2_000 };
  /** Where the watched host's containers put questions. */
  const questions = port + 3_000;
  const addresses = { monitor: linkAddress("t", "monitor"), watched: linkAddress("t", "watched") };

  /** What curl gets through an end's proxy. */
  const ask = async (proxy: number, url: string): Promise<string> =>
    await run("curl", ["-sg", "-m", "3", "-x", `socks5://127.0.0.1:${proxy}`, url]).then(
      ({ stdout }) => stdout,
      () => "",
    );

  beforeAll(async () => {
    const serve = async (text: string): Promise<number> => {
      const server = createServer((_request, response) => response.end(text)).listen(0, "127.0.0.1");
      servers.push(server);
      await new Promise((resolve) => server.once("listening", resolve));
      return (server.address() as AddressInfo).port;
    };
    const target = { monitor: await serve("loki"), watched: await serve("metrics") };
    const witness = await serve("an answer");
    const keys = { monitor: "", watched: "" };
    for (const end of ["monitor", "watched"] as const) {
      mkdirSync(join(folder, end));
      keys[end] = publicKey(end, onHost(keyScript(join(folder, end))));
    }
    for (const end of ["monitor", "watched"] as const) {
      const spec = { isMonitor: end === "monitor", monitor: addresses.monitor, port, questions: true };
      const other = end === "monitor" ? "watched" : "monitor";
      const peer = { publicKey: keys[other], address: addresses[other] };
      const dialled = spec.isMonitor ? peer : { ...peer, endpoint: `127.0.0.1:${port}` };
      // Containers are restarted through Docker, of which there is none here.
      const script = linkScript(join(folder, end), addresses[end], spec).replace("docker ps", "true");
      onHost(script, renderPeers([dialled]));
      const config = renderLink(spec)
        .replace("/run/secrets/link.conf", join(folder, end, "secrets/link.conf"))
        .replace("0.0.0.0:1080", `127.0.0.1:${proxies[end]}`)
        .replace(/Target = (loki|front):.*/, `Target = 127.0.0.1:${target[end]}`)
        .replace(/Target = witness:.*/, `Target = 127.0.0.1:${witness}`)
        .replace("0.0.0.0:9091", `127.0.0.1:${questions}`);
      writeFileSync(join(folder, `${end}.conf`), config);
      running.push(spawn(WIREPROXY, ["--silent", "--config", join(folder, `${end}.conf`)], { stdio: "ignore" }));
    }
    for (let tries = 0; tries < 20; tries++) {
      if ((await ask(proxies.monitor, `http://[${addresses.watched}]:9200/`)) !== "") break;
      await sleep(250);
    }
  }, 60_000);
  afterAll(() => {
    for (const child of running) child.kill();
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("brings metrics to the monitoring host and log lines back", async () => {
    expect(await ask(proxies.monitor, `http://[${addresses.watched}]:9200/`)).toBe("metrics");
    expect(await ask(proxies.watched, `http://[${addresses.monitor}]:3100/`)).toBe("loki");
  });

  it("brings a keeper's question to the monitoring host", async () => {
    const { stdout } = await run("curl", ["-s", "-m", "3", `http://127.0.0.1:${questions}/`]);
    expect(stdout).toBe("an answer");
  });

  it("leads nowhere else", async () => {
    expect(await ask(proxies.monitor, `http://[${addresses.watched}]:22/`)).toBe("");
    expect(await ask(proxies.watched, `http://[${addresses.monitor}]:9200/`)).toBe("");
  });
});
