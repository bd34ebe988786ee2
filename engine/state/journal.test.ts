import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Passphrase } from "../secrets.ts";
import { formatRecord, parseJournal, replay, type JournalRecord } from "./journal.ts";
import { referencesOf, StateModel } from "./model.ts";
import { parseDeployment, readSealed, stackPaths, StateStore } from "./store.ts";
import type { Effect, ResourceState } from "./types.ts";

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "journal-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const urn = (name: string): string => `urn:pulumi:s::p::t:i:T::${name}`;
const names = fc.constantFrom("a", "b", "c", "d");
const state: fc.Arbitrary<ResourceState> = fc
  .record({ name: names, id: fc.constantFrom("1", "2"), needs: fc.array(names, { maxLength: 2 }) })
  .map(({ name, id, needs }) => ({
    urn: urn(name),
    custom: true,
    type: "t:i:T",
    id,
    dependencies: needs.filter((other) => other < name).map(urn),
  }));
const effect: fc.Arbitrary<Effect> = fc.oneof(
  state.map((put) => ({ put })),
  names.map((name) => ({ remove: urn(name) })),
  state.map((condemn) => ({ condemn })),
  fc.record({ name: names, id: fc.constantFrom("1", "2") }).map(({ name, id }) => ({ buried: { urn: urn(name), id } })),
);
const record: fc.Arbitrary<JournalRecord> = fc.oneof(
  fc.record({ begin: fc.nat(5), op: fc.constant("creating" as const), resource: state }),
  fc.record({ end: fc.nat(5), effects: fc.array(effect, { maxLength: 3 }) }),
  names.map((name) => ({ settled: urn(name) })),
);

function valid(model: StateModel): void {
  const before = new Set<string>();
  const live = new Set<string>();
  for (const item of model.ordered()) {
    for (const needed of referencesOf(item)) expect(before.has(needed) || needed === item.urn).toBe(true);
    before.add(item.urn);
    if (!item.delete) expect(live.has(item.urn)).toBe(false);
    if (!item.delete) live.add(item.urn);
  }
}

describe("journal", () => {
  it("gives a valid state wherever a kill cuts it off, and the same when replayed twice", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), fc.double({ min: 0, max: 1, noNaN: true }), (records, part) => {
        const text = records.map(formatRecord).join("");
        const cut = text.slice(0, Math.floor(text.length * part));
        const kept = parseJournal(cut, "journal");
        expect(kept).toEqual(records.slice(0, kept.length));
        expect(cut.split("\n").length - 1).toBeLessThanOrEqual(kept.length);
        const once = new StateModel();
        replay(kept, once);
        valid(once);
        const again = new StateModel();
        again.load([...once.live.values(), ...once.condemned.values()], [...once.pending.values()]);
        replay(kept, again);
        expect([...again.live].sort()).toEqual([...once.live].sort());
        expect([...again.condemned].sort()).toEqual([...once.condemned].sort());
      }),
    );
  });

  it("refuses damage in the middle", () => {
    const line = formatRecord({ settled: "x" });
    expect(() => parseJournal(`${line}garbage\n${line}`, "journal")).toThrow(/line 2/);
    expect(parseJournal(`${line}garbage`, "journal")).toHaveLength(1);
  });

  it("survives in a store: a run that never closed is found whole by the next", async () => {
    const paths = stackPaths(dir, "dev");
    const killed = await StateStore.open(paths, new Passphrase({}));
    const resource: ResourceState = { urn: urn("a"), custom: true, type: "t:i:T", id: "1" };
    await killed.end(await killed.begin("creating", resource), [{ put: resource }]);
    await killed.begin("creating", { ...resource, urn: urn("b") });
    const next = await StateStore.open(paths, new Passphrase({}));
    expect([...next.model.live.keys()]).toEqual([urn("a")]);
    expect(next.interrupted).toEqual([{ urn: urn("b"), type: "creating" }]);
    await next.close();
    const { deployment } = { deployment: parseDeployment(readFileSync(paths.checkpoint, "utf8"), "x") };
    expect(deployment.pending_operations).toMatchObject([{ type: "creating", resource: { urn: urn("b") } }]);
    expect(statSync(paths.checkpoint).mode & 0o777).toBe(0o600);
    expect(statSync(paths.dir).mode & 0o777).toBe(0o700);
    const last = await StateStore.open(paths, new Passphrase({}));
    await last.settle(urn("b"));
    await last.close();
    expect(readSealed(paths).model.pending.size).toBe(0);
  });

  it("reads the CLI's own files and refuses others", () => {
    const text = JSON.stringify({ version: 3, checkpoint: { stack: "s", latest: { manifest: {}, resources: [] } } });
    expect(parseDeployment(text, "x").resources).toEqual([]);
    writeFileSync(join(dir, "x"), text);
    for (const bad of [
      "{",
      '{"version":2,"deployment":{}}',
      '{"version":3,"deployment":{"secrets_providers":{"type":"cloud"}}}',
    ]) {
      expect(() => parseDeployment(bad, "x")).toThrow();
    }
  });
});
