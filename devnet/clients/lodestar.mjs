#!/usr/bin/env node
// Lodestar 1.5.1 for the embedded devnet:  node lodestar.mjs CHAIN.json beacon|validator ...
//
// CHAIN.json holds { preset, ... } as written by the Genesis resource. Three behaviours of this Lodestar line are tuned for a
// short-slot network of one beacon node; each is an accessor or a method on a prototype, so that no file of the package is edited.
import fs from "node:fs";
import { activatePreset } from "./lodestar-preset.mjs";

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

// A lone beacon node that falls an epoch behind waits for peers for ever; here nobody else could tell it anything.
Object.defineProperty(BeaconSync.prototype, "slotImportTolerance", {
  get: () => Number.MAX_SAFE_INTEGER,
  set() {},
});

await import(import.meta.resolve("@chainsafe/lodestar"));
