import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import ssh2 from "ssh2";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { FakeKeymanager } from "../testing/fake-keymanager.ts";
import { sshKeyPair } from "../testing/ssh-key-pair.ts";
import { KeymanagerClient } from "../beacon/keymanager.ts";
import { askApi } from "./http.ts";
import { useHost, type SshConnection } from "./ssh.ts";

const { Server, utils } = ssh2;

/** An SSH server in this process: runs `cat FILE` from a table, forwards to loopback, lets one key in. */
class Host {
  readonly key = sshKeyPair();
  readonly login = sshKeyPair();
  readonly files = new Map<string, string>();
  readonly commands: string[] = [];
  connections = 0;
  /** Breaks off instead of answering a command. */
  breaksOff = false;
  readonly #server = new Server({ hostKeys: [this.key.private] }, (client) => {
    this.connections++;
    client.on("authentication", (context) => {
      const allowed = utils.parseKey(this.login.public);
      if (context.method !== "publickey" || allowed instanceof Error || context.username !== "ethstake") {
        context.reject(["publickey"]);
        return;
      }
      if (!context.key.data.equals(allowed.getPublicSSH())) {
        context.reject(["publickey"]);
        return;
      }
      context.accept();
    });
    client.on("error", () => undefined);
    client.on("ready", () => {
      client.on("session", (accept) =>
        accept().on("exec", (acceptExec, _reject, { command }) => {
          this.commands.push(command);
          if (this.breaksOff) {
            client.end();
            return;
          }
          const channel = acceptExec();
          const content = this.files.get(/^cat -- '(.*)'$/.exec(command)?.[1] ?? "");
          if (content === undefined) channel.stderr.write("no such file");
          else channel.write(content);
          channel.exit(content === undefined ? 1 : 0);
          channel.end();
        }),
      );
      client.on("tcpip", (accept, reject, { destIP, destPort }) => {
        const socket = connect(destPort, destIP);
        socket.once("error", () => {
          reject();
        });
        socket.once("connect", () => {
          const channel = accept();
          channel.pipe(socket).pipe(channel);
          socket.on("error", () => channel.destroy());
          channel.on("error", () => socket.destroy());
        });
      });
    });
  });

  async start(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  stop(): void {
    this.#server.close();
  }

  get connection(): SshConnection {
    return {
      host: "127.0.0.1",
      port: (this.#server.address() as AddressInfo).port,
      user: "ethstake",
      privateKey: this.login.private,
      hostKey: this.key.public,
    };
  }
}

let host: Host;
let api: HttpServer;
let apiUrl: string;

beforeAll(async () => {
  api = createHttpServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () =>
      response.writeHead(request.method === "GET" ? 200 : 202).end(`${request.method ?? ""} ${body}`),
    );
  }).listen(0, "127.0.0.1");
  await once(api, "listening");
  apiUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  host = await new Host().start();
});
afterAll(() => {
  host.stop();
  api.close();
});
afterEach(() => {
  host.breaksOff = false;
});

const ask = (method: string, body?: string) => ({
  method,
  url: new URL("/path", apiUrl),
  timeoutMs: 5_000,
  ...(body === undefined ? {} : { body }),
});

describe("an API on a host's loopback", () => {
  it("is asked through SSH, over one connection", async () => {
    const before = host.connections;
    const answers = await Promise.all([
      askApi(ask("GET"), host.connection),
      askApi(ask("POST", "x".repeat(300_000)), host.connection),
      askApi(ask("DELETE", "{}"), host.connection),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 202, 202]);
    expect(answers[1].text).toHaveLength(300_005);
    expect(host.connections - before).toBe(1);
  });

  it("gives the same answer as without it", async () => {
    expect(await askApi(ask("POST", "ü"), host.connection)).toEqual(await askApi(ask("POST", "ü"), undefined));
  });

  it("says that nothing listens there", async () => {
    const closed = { ...ask("GET"), url: new URL("http://127.0.0.1:1/") };
    await expect(askApi(closed, host.connection)).rejects.toMatchObject({ code: "HOST_CONNECTION" });
  });
});

describe("a host's key", () => {
  it("is pinned: another one ends the connection before anything is sent, and both are named", async () => {
    const other = sshKeyPair();
    const attempt = askApi(ask("GET"), { ...host.connection, hostKey: other.public });
    await expect(attempt).rejects.toMatchObject({ code: "HOST_KEY_MISMATCH" });
    await expect(attempt).rejects.toThrow(/presented the key SHA256:\S+, but SHA256:\S+ is pinned/);
  });

  it("must be of the pinned kind", async () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const point = publicKey.export({ format: "der", type: "spki" }).subarray(-65);
    const field = (data: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, data.length]), data]);
    const blob = Buffer.concat([
      field(Buffer.from("ecdsa-sha2-nistp256")),
      field(Buffer.from("nistp256")),
      field(point),
    ]);
    const hostKey = `ecdsa-sha2-nistp256 ${blob.toString("base64")}`;
    await expect(askApi(ask("GET"), { ...host.connection, hostKey })).rejects.toMatchObject({
      code: "HOST_CONNECTION",
    });
  });
});

describe("a login", () => {
  it("with another key is refused, without repeating it", async () => {
    const stranger = sshKeyPair();
    const attempt = askApi(ask("GET"), { ...host.connection, privateKey: stranger.private });
    await expect(attempt).rejects.toMatchObject({ code: "HOST_CONNECTION" });
    await expect(attempt).rejects.not.toThrow(/PRIVATE KEY/);
    const unreadable = askApi(ask("GET"), { ...host.connection, privateKey: "-----BEGIN nothing" });
    await expect(unreadable).rejects.toMatchObject({ code: "HOST_CONNECTION" });
    await expect(unreadable).rejects.not.toThrow(/BEGIN/);
  });

  it("is made anew after a connection broke off", async () => {
    host.breaksOff = true;
    await expect(useHost(host.connection, (to) => to.run("cat -- 'x'"))).rejects.toMatchObject({
      code: "HOST_CONNECTION",
    });
    host.breaksOff = false;
    host.files.set("x", "content");
    expect(await useHost(host.connection, (to) => to.run("cat -- 'x'"))).toEqual({
      code: 0,
      stdout: "content",
      stderr: "",
    });
  });
});

describe("a keymanager API on a host", () => {
  it("is used with the token that lies there", async () => {
    const keymanager = await new FakeKeymanager().start();
    try {
      keymanager.keys.add(`0x${"a1".repeat(48)}`);
      host.files.set("/var/lib/ethstake/token", "token-1\n");
      const connection = { url: keymanager.url, tokenFile: "/var/lib/ethstake/token", ssh: host.connection };
      expect(await new KeymanagerClient(connection).listKeystores()).toEqual([`0x${"a1".repeat(48)}`]);
      const missing = new KeymanagerClient({ ...connection, tokenFile: "/nowhere" });
      await expect(missing.listKeystores()).rejects.toThrow(/token file \/nowhere cannot be read/);
    } finally {
      await keymanager.stop();
    }
  });
});
