import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { epochAt, slotAt, type BeaconValidator, type ChainFacts } from "../../provider/beacon/api.ts";
import { deriveSigningKey } from "../../provider/keys/derivation.ts";
import { assignMnemonicKey, KeystoreDirectory } from "../../provider/keys/store.ts";
import { FakeKeymanager } from "../../provider/testing/fake-keymanager.ts";
import type { SigningClient } from "../clients.ts";
import type { MoveContext } from "../move.ts";

const FACTS: ChainFacts = {
  genesisTime: 1_000,
  genesisValidatorsRoot: `0x${"11".repeat(32)}`,
  secondsPerSlot: 12,
  slotsPerEpoch: 32,
  capellaForkVersion: "0x90000069",
};
const EPOCH_MS = FACTS.secondsPerSlot * FACTS.slotsPerEpoch * 1000;
const START_EPOCH = 100;

/** A client of the world: a validator client that holds keystores, or one with a Web3Signer. */
export interface WorldClient {
  readonly node: string;
  readonly holder: FakeKeymanager;
  /** The validator client. */
  readonly validator: FakeKeymanager;
}

/**
 * A chain with two clients, in which every key that a client can sign with attests once an epoch and gets into that client's history.
 * Time passes only while somebody waits. It remembers whether a key ever attested twice in an epoch: that is a slashing.
 */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), "ethstake-move-"));
  readonly keystoreDirectory = join(this.folder, "keystores");
  readonly mnemonicFile = join(this.folder, "mnemonic");
  publicKeys: Hex[] = [];
  clients: WorldClient[] = [];
  /** Attestations by epoch and key: who made them. */
  readonly attested = new Map<string, string[]>();
  readonly said: string[] = [];
  synced = true;
  /** Signs with the keys besides: a copy that nobody knows of. */
  stranger = false;
  #nowMs = FACTS.genesisTime * 1000 + START_EPOCH * EPOCH_MS + 5_000;

  /** @param web3signer whether the clients have one */
  static async create(options: { readonly web3signer: boolean; readonly keys?: number }): Promise<World> {
    const world = new World();
    writeFileSync(join(world.folder, "token"), "token-1", { mode: 0o600 });
    writeFileSync(world.mnemonicFile, `${"abandon ".repeat(11)}about`, { mode: 0o600 });
    for (const node of ["node-1", "node-2"]) {
      const holder = await new FakeKeymanager().start();
      const validator = options.web3signer ? await new FakeKeymanager().start() : holder;
      if (options.web3signer) holder.token = "";
      world.clients.push({ node, holder, validator });
    }
    const store = new KeystoreDirectory(world.keystoreDirectory);
    const [first] = world.clients;
    for (let index = 0; index < (options.keys ?? 2); index++) {
      const key = deriveSigningKey(`${"abandon ".repeat(11)}about`, index);
      await store.ensure(key);
      await assignMnemonicKey(world.mnemonicFile, key.publicKey, "test/node-1");
      await store.assign(key.publicKey, "test/node-1");
      await store.markLoaded(key.publicKey, "test/node-1");
      world.publicKeys.push(key.publicKey);
      first?.holder.keys.add(key.publicKey);
      if (options.web3signer) first?.validator.remoteKeys.set(key.publicKey, "http://web3signer:9000");
      first?.validator.feeRecipients.set(key.publicKey, `0x${"ee".repeat(20)}`);
      first?.validator.gasLimits.set(key.publicKey, "45000000");
    }
    world.#attest();
    return world;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.clients.flatMap(({ holder, validator }) => [...new Set([holder, validator])]).map((server) => server.stop()),
    );
  }

  /** Whether a client would sign with a key if it were asked to now. */
  canSign({ holder, validator }: WorldClient, key: Hex): boolean {
    return holder.keys.has(key) && (holder === validator || validator.remoteKeys.has(key));
  }

  /** Keys and epochs that were attested twice. */
  get slashings(): string[] {
    return [...this.attested].filter(([, by]) => by.length > 1).map(([what, by]) => `${what} by ${by.join(" and ")}`);
  }

  /** Everything that a move is given. */
  context(): MoveContext {
    return {
      keystoreDirectory: this.keystoreDirectory,
      mnemonicFile: this.mnemonicFile,
      clients: this.clients.map((client) => this.#reach(client)),
      beacon: {
        url: "http://beacon.test",
        chainFacts: () => Promise.resolve(FACTS),
        isSynced: () => Promise.resolve(this.synced),
        currentSlot: () => Promise.resolve(slotAt(FACTS, this.#nowMs / 1000)),
        validators: (keys) => Promise.resolve(keys.map((key, index) => this.#validator(key, index))),
        live: (epoch, indices) =>
          Promise.resolve(
            new Set(indices.filter((index) => this.attested.has(`${epoch}:${this.publicKeys[index] ?? ""}`))),
          ),
      },
      say: (line) => this.said.push(line),
      clock: {
        now: () => this.#nowMs,
        sleep: (ms) => {
          this.pass(ms);
          return Promise.resolve();
        },
      },
    };
  }

  /** Lets time pass; whoever can attest does so in each epoch that begins. */
  pass(ms: number): void {
    const until = this.#nowMs + ms;
    while (this.#nextEpochMs() <= until) {
      this.#nowMs = this.#nextEpochMs();
      this.#attest();
    }
    this.#nowMs = until;
  }

  #nextEpochMs(): number {
    return FACTS.genesisTime * 1000 + (this.#epoch() + 1) * EPOCH_MS;
  }

  #epoch(): number {
    return epochAt(FACTS, this.#nowMs / 1000);
  }

  #attest(): void {
    const epoch = this.#epoch();
    for (const key of this.publicKeys) {
      const signers = this.clients.filter((client) => this.canSign(client, key));
      for (const { node, holder } of signers) {
        const before = holder.signed.get(key) ?? [];
        // A client's own slashing protection: it signs no epoch that it knows to be signed.
        if (before.some(({ target_epoch: target }) => Number(target) >= epoch)) continue;
        this.#note(epoch, key, node);
        holder.signed.set(key, [...before, { source_epoch: String(epoch - 1), target_epoch: String(epoch) }]);
      }
      if (this.stranger) this.#note(epoch, key, "stranger");
    }
  }

  #note(epoch: number, key: Hex, by: string): void {
    const what = `${epoch}:${key}`;
    this.attested.set(what, [...(this.attested.get(what) ?? []), by]);
  }

  #validator(publicKey: Hex, index: number): BeaconValidator {
    return {
      index: this.publicKeys.includes(publicKey) ? this.publicKeys.indexOf(publicKey) : index,
      publicKey,
      status: "active_ongoing",
      withdrawalCredentials: `0x01${"00".repeat(31)}`,
      balanceGwei: 32_000_000_000n,
    };
  }

  #reach({ node, holder, validator }: WorldClient): SigningClient {
    const name = `test/${node}`;
    const tokenFile = join(this.folder, "token");
    return holder === validator
      ? { node, holder: { url: holder.url, tokenFile, name } }
      : {
          node,
          holder: { url: holder.url, name },
          validator: { url: validator.url, tokenFile },
          signerUrl: "http://web3signer:9000",
        };
  }
}
