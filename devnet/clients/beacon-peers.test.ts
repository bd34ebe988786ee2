import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keepConnected } from "./beacon-peers.mjs";

const INTERVAL_MS = 20;
/** For what comes about in a moment, even on a machine that is busy with other suites. */
const SOON = { timeout: 10_000 };

/** A beacon node's API, as far as it is asked: knows its peers, and takes new ones. */
class FakeBeaconNode {
  readonly id: string;
  readonly dialled: string[] = [];
  peers: string[] = [];
  head = 0;
  /** How often its peers were asked for. */
  looks = 0;
  network = "0x01";
  readonly #server: Server;

  constructor(id: string) {
    this.id = id;
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? "", "http://localhost");
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ data: this.#answer(request.method ?? "", url) }));
    });
  }

  #answer(method: string, { pathname, searchParams }: URL): unknown {
    if (method === "POST" && pathname === "/eth/v1/lodestar/connect_peer") {
      this.dialled.push(`${searchParams.get("peerId") ?? ""} ${searchParams.get("multiaddr") ?? ""}`);
      return null;
    }
    if (pathname === "/eth/v1/beacon/genesis") return { genesis_validators_root: this.network };
    if (pathname === "/eth/v1/node/peers") {
      this.looks += 1;
      return this.peers.map((peer_id) => ({ peer_id }));
    }
    if (pathname === "/eth/v1/beacon/headers/head")
      return { root: `0x${this.id}`, header: { message: { slot: String(this.head) } } };
    return { peer_id: this.id, p2p_addresses: ["/ip4/10.0.0.1/tcp/9/p2p/x", `/ip4/127.0.0.1/tcp/9000/p2p/${this.id}`] };
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe("keepConnected", () => {
  let folder: string;
  let nodes: FakeBeaconNode[];
  const fake = async (id: string): Promise<{ node: FakeBeaconNode; url: string }> => {
    const node = new FakeBeaconNode(id);
    nodes.push(node);
    return { node, url: await node.start() };
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "beacons-"));
    nodes = [];
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  it("writes down where the node is, and knows of nobody when it is alone", async () => {
    const { node, url } = await fake("one");
    const { heads } = keepConnected({ folder, url }, INTERVAL_MS);
    await vi.waitFor(() => expect(heads()).toEqual([]), SOON);
    await new Promise((resolve) => setTimeout(resolve, 5 * INTERVAL_MS));
    expect(readdirSync(folder)).toEqual([`${new URL(url).port}.json`]);
    expect(heads()).toEqual([]);
    expect(node.dialled).toEqual([]);
  });

  it("dials another by its loopback address until both are connected, and then minds how far it is", async () => {
    const [one, two] = [await fake("one"), await fake("two")];
    keepConnected({ folder, url: two.url }, 1_000_000);
    const { heads } = keepConnected({ folder, url: one.url }, INTERVAL_MS);
    two.node.head = 7;
    await vi.waitFor(() => expect(one.node.dialled).toContain("two /ip4/127.0.0.1/tcp/9000"), SOON);
    // A node that has just started is behind before it is connected with anybody.
    await vi.waitFor(() => expect(heads()).toEqual([{ slot: 7, root: "0xtwo" }]), SOON);
    one.node.peers = ["two"];
    // When it looks for the second time, what it did after a look before this is over.
    const { looks } = one.node;
    await vi.waitFor(() => expect(one.node.looks).toBeGreaterThan(looks + 1), SOON);
    const { length } = one.node.dialled;
    two.node.head = 8;
    await vi.waitFor(() => expect(heads()).toEqual([{ slot: 8, root: "0xtwo" }]), SOON);
    expect(one.node.dialled).toHaveLength(length);
    one.node.peers = [];
    await vi.waitFor(() => expect(one.node.dialled.length).toBeGreaterThan(length), SOON);
  });

  it("leaves alone who is of another network", async () => {
    const [one, two] = [await fake("one"), await fake("two")];
    two.node.network = "0x02";
    keepConnected({ folder, url: two.url }, 1_000_000);
    const { heads } = keepConnected({ folder, url: one.url }, INTERVAL_MS);
    expect(heads()).toBeUndefined();
    await vi.waitFor(() => expect(heads()).toEqual([]), SOON);
    expect(one.node.dialled).toEqual([]);
  });

  it("forgets the head of a node that is gone", async () => {
    const [one, two] = [await fake("one"), await fake("two")];
    keepConnected({ folder, url: two.url }, 1_000_000);
    const { heads } = keepConnected({ folder, url: one.url }, INTERVAL_MS);
    one.node.peers = ["two"];
    two.node.head = 9;
    await vi.waitFor(() => expect(heads()).toHaveLength(1), SOON);
    await two.node.stop();
    nodes.pop();
    await vi.waitFor(() => expect(heads()).toEqual([]), SOON);
  });

  it("makes the execution clients peers over their sockets, once", async () => {
    const [one, two] = [await fake("one"), await fake("two")];
    const added: string[] = [];
    const geth = (name: string): string => {
      const path = join(folder, `${name}.ipc`);
      const server = createSocketServer((socket) =>
        socket.on("data", (chunk: Buffer) => {
          const { method, params } = JSON.parse(chunk.toString()) as { method: string; params: string[] };
          if (method === "admin_addPeer") added.push(`${name} ${params.join()}`);
          const result = {
            admin_nodeInfo: { id: name, enode: `enode://${name}@1.2.3.4:30303?discport=0` },
            admin_peers: added.length > 0 ? [{ id: "b" }] : [],
            admin_addPeer: true,
          }[method];
          socket.write(JSON.stringify({ jsonrpc: "2.0", id: 1, result }));
        }),
      );
      server.listen(path).unref();
      return path;
    };
    keepConnected({ folder, url: two.url, executionIpc: geth("b") }, 1_000_000);
    keepConnected({ folder, url: one.url, executionIpc: geth("a") }, INTERVAL_MS);
    await vi.waitFor(() => expect(added).toEqual(["a enode://b@127.0.0.1:30303"]), SOON);
    await new Promise((resolve) => setTimeout(resolve, 5 * INTERVAL_MS));
    expect(added).toHaveLength(1);
  });
});
