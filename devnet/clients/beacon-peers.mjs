// Connects the beacon nodes of a devnet with each other, and their execution clients.
//
// Each beacon node writes into one folder where it can be reached, and looks there for the others again and again: a node that is
// added or restarted changes nothing in the arguments of the others, so that none of them has to restart for it. Peers are dialled by
// address: discovery is off.
import fs from "node:fs";
import net from "node:net";
import path from "node:path";

/** How long a beacon node or an execution client of this machine may take to answer, in milliseconds. */
const PATIENCE_MS = 1_000;

/**
 * Starts looking for the others.
 * @param {{ folder: string, url: string, executionIpc?: string }} own this node: where the network's nodes are written down, URL of its
 *   beacon API, and socket of its execution client where that is geth
 * @param {number} intervalMs pause between two looks
 * @returns {{ heads: () => { slot: number, root: string }[] | undefined }} heads of the others that answered at the last look;
 *   undefined before the first
 */
export function keepConnected(own, intervalMs) {
  fs.mkdirSync(own.folder, { recursive: true, mode: 0o700 });
  const ownFile = `${new URL(own.url).port}.json`;
  const temporary = path.join(own.folder, `.${ownFile}`);
  fs.writeFileSync(temporary, JSON.stringify({ url: own.url, executionIpc: own.executionIpc }));
  fs.renameSync(temporary, path.join(own.folder, ownFile));

  let seen;
  const look = async () => {
    const names = fs.readdirSync(own.folder).filter((name) => /^\d+\.json$/.test(name) && name !== ownFile);
    const others = names.map((name) => JSON.parse(fs.readFileSync(path.join(own.folder, name), "utf8")));
    const [network, peers] =
      others.length === 0 ? [] : await Promise.all([networkOf(own.url), connectedPeers(own.url)]);
    const heads = await Promise.allSettled(others.map((other) => meet(other, own, network, peers)));
    seen = heads.flatMap(({ value }) => value ?? []);
  };
  const lookAgain = () =>
    look()
      .catch(() => undefined)
      .finally(() => setTimeout(lookAgain, intervalMs).unref());
  void lookAgain();
  return { heads: () => seen };
}

/** Connects another node of the same network with this one where they are not. @returns its head; undefined for a stranger's */
async function meet(other, own, network, peers) {
  // Whoever has the port of a node that went may be of another network.
  if ((await networkOf(other.url)) !== network) return undefined;
  const { root, header } = (await request(`${other.url}/eth/v1/beacon/headers/head`)).data;
  await connect(other, own, peers).catch(() => undefined);
  await connectExecution(own.executionIpc, other.executionIpc).catch(() => undefined);
  return { slot: Number(header.message.slot), root };
}

async function connect(other, own, peers) {
  const { data: identity } = await request(`${other.url}/eth/v1/node/identity`);
  const multiaddr = identity.p2p_addresses.find((address) => address.startsWith("/ip4/127.0.0.1/tcp/"));
  if (!multiaddr || peers.includes(identity.peer_id)) return;
  const query = new URLSearchParams({ peerId: identity.peer_id, multiaddr: multiaddr.replace(/\/p2p\/.*/, "") });
  await request(`${own.url}/eth/v1/lodestar/connect_peer?${query}`, "POST");
}

/** What tells a node's network from others. */
async function networkOf(url) {
  return (await request(`${url}/eth/v1/beacon/genesis`)).data.genesis_validators_root;
}

/** Ids of the beacon nodes that are connected with a node. */
async function connectedPeers(url) {
  const { data } = await request(`${url}/eth/v1/node/peers?state=connected`);
  return data.map(({ peer_id }) => peer_id);
}

/** Makes two geths peers, so that transactions reach the pool of whoever proposes, and one that has lost blocks gets them back. */
async function connectExecution(own, other) {
  if (!own || !other || own === other) return;
  const [{ enode, id }, peers] = await Promise.all([call(other, "admin_nodeInfo"), call(own, "admin_peers")]);
  if (!peers.some((peer) => peer.id === id))
    await call(own, "admin_addPeer", [enode.replace(/@[^?]*:(\d+)(\?.*)?$/, "@127.0.0.1:$1")]);
}

async function request(url, method = "GET") {
  const response = await fetch(url, { method, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return (await response.json().catch(() => undefined)) ?? {};
}

/** A JSON-RPC call over a socket of this machine. */
function call(socketFile, method, params = []) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketFile);
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`${socketFile} does not answer`)));
    let text = "";
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`${socketFile} was closed`)));
    socket.on("data", (chunk) => {
      text += chunk;
      try {
        const { result, error } = JSON.parse(text);
        error ? reject(new Error(error.message)) : resolve(result);
        socket.end();
      } catch {
        // The answer goes on in the next piece.
      }
    });
    socket.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })}\n`);
  });
}
