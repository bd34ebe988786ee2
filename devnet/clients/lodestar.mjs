#!/usr/bin/env node
// Lodestar 1.5.1 for the embedded devnet:  node lodestar.mjs CHAIN.json beacon|validator ...
//
// CHAIN.json holds { preset, ... } as written by the Genesis resource. A beacon node takes two options more: --beaconsFolder, where the
// network's beacon nodes find each other (beacon-peers.mjs), and --executionIpc, its geth's socket. Behaviours of this Lodestar
// line are tuned for a short-slot network; each is an accessor or a method on a prototype, so that no file of the package is edited.
import fs from "node:fs";
import { activatePreset } from "./lodestar-preset.mjs";

/** How many slots the head of another node may be ahead before this one says that it is not in sync: a block is on its way for a while. */
const SLOTS_BEHIND = 1;

const chainFile = process.argv[2];
const chain = JSON.parse(fs.readFileSync(chainFile, "utf8"));
activatePreset(chain.preset);
process.argv.splice(2, 1);

const secondsPerSlot = Number(chain.config.SECONDS_PER_SLOT);
const beaconNode = import.meta.resolve("@lodestar/beacon-node");
const { Eth1DepositDataTracker } = await import(new URL("./eth1/eth1DepositDataTracker.js", beaconNode).href);
const { BeaconSync } = await import(new URL("./sync/sync.js", beaconNode).href);

// The deposit tracker looks for deposits once a minute; here an epoch lasts seconds.
Eth1DepositDataTracker.prototype.runAutoUpdate = async function () {
  while (!this.signal.aborted) {
    try {
      await this.update();
    } catch (error) {
      if (!this.signal.aborted) this.logger.error("Error updating eth1 chain cache", {}, error);
    }
    await new Promise((resolve) => setTimeout(resolve, (secondsPerSlot * 1000) / 2));
  }
};

// It also widens its follow distance to 64 blocks when blocks come slower than slots, which would hide deposits for minutes.
const followDistance = Symbol("eth1FollowDistance");
Object.defineProperty(Eth1DepositDataTracker.prototype, "eth1FollowDistance", {
  get() {
    return this[followDistance];
  },
  set(distance) {
    this[followDistance] = Math.min(distance, this.config.ETH1_FOLLOW_DISTANCE);
  },
});

if (process.argv[2] === "beacon") {
  const { keepConnected } = await import("./beacon-peers.mjs");
  const { SyncState } = await import(new URL("./sync/interface.js", beaconNode).href);
  const others = keepConnected(
    {
      folder: takeOption("beaconsFolder"),
      url: `http://127.0.0.1:${optionOf("rest.port")}`,
      executionIpc: takeOption("executionIpc"),
    },
    (secondsPerSlot * 1000) / 2,
  );

  // Lodestar counts as in sync while its head is near the clock, which fails a short-slot network twice: when every node is late
  // together, each waits for ever for somebody who knows more; and one whose execution client died says for an epoch that all is well.
  // Here a node is in sync unless one of the others is ahead of it, on a block that it does not have. One that is alone always is.
  const ownState = Object.getOwnPropertyDescriptor(BeaconSync.prototype, "state").get;
  Object.defineProperty(BeaconSync.prototype, "state", {
    get() {
      const { forkChoice } = this.chain;
      const furthest = forkChoice.getHead().slot + SLOTS_BEHIND;
      const isBehind =
        others.heads()?.some(({ slot, root }) => slot > furthest && !forkChoice.hasBlockHex(root)) ?? true;
      return isBehind ? ownState.call(this) : SyncState.Synced;
    },
  });
  Object.defineProperty(BeaconSync.prototype, "slotImportTolerance", { get: () => SLOTS_BEHIND, set() {} });
}

// The API gives a committee's place in its epoch for its index, and its index for its slot.
const { RestApiServer } = await import(new URL("./api/rest/base.js", beaconNode).href);
const listen = RestApiServer.prototype.listen;
RestApiServer.prototype.listen = async function () {
  this.server.addHook("preSerialization", async (request, _reply, answer) => {
    if (!/^\/eth\/v1\/beacon\/states\/[^/]+\/committees/.test(request.url) || !Array.isArray(answer?.data))
      return answer;
    const first = Number(request.query.epoch) * chain.preset.SLOTS_PER_EPOCH;
    if (!Number.isFinite(first))
      throw new Error("name the epoch: this node does not tell which one a state's committees are of");
    const data = answer.data.map(({ index, slot, validators }) => ({
      index: slot,
      slot: String(first + Number(index)),
      validators,
    }));
    return { ...answer, data };
  });
  return await listen.call(this);
};

// What the API tells of the preset (GET /eth/v1/config/spec) leaves the overrides out: whoever asks would count epochs of another length.
const { activePreset } = await import(import.meta.resolve("@lodestar/params"));
Object.assign(activePreset, chain.preset);

await import(import.meta.resolve("@chainsafe/lodestar"));

/** The value of one of Lodestar's options. */
function optionOf(name) {
  return process.argv[process.argv.indexOf(`--${name}`) + 1];
}

/** The value of an option of this launcher, which Lodestar does not get to see. */
function takeOption(name) {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? undefined : process.argv.splice(index, 2)[1];
}
