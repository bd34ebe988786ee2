import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getAddress, type Hex } from "viem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { diffInputs, erase } from "../resource.ts";
import { testContext } from "../testing/context.ts";
import { FakeKeymanager } from "../testing/fake-keymanager.ts";
import { feeRecipientHandler } from "./fee-recipient.ts";

const VAULT = getAddress("0x00000000000000000000000000000000000000ef");
const STRANGER = "0x00000000000000000000000000000000000000bb";
const KEYS: Hex[] = [`0x${"a1".repeat(48)}`, `0x${"b2".repeat(48)}`];
const context = testContext();

let keymanager: FakeKeymanager;
let inputs: Parameters<typeof feeRecipientHandler.create>[0];

beforeEach(async () => {
  keymanager = await new FakeKeymanager().start();
  const tokenFile = join(mkdtempSync(join(tmpdir(), "ethstake-fee-")), "token");
  writeFileSync(tokenFile, "token-1");
  inputs = { keymanager: { url: keymanager.url, tokenFile }, publicKeys: KEYS, feeRecipient: VAULT };
});
afterEach(() => keymanager.stop());

describe("FeeRecipient", () => {
  it("sets what differs, and nothing the second time", async () => {
    keymanager.feeRecipients.set(KEYS[0] ?? "", VAULT.toLowerCase());
    const { outputs } = await feeRecipientHandler.create(inputs, context);
    expect(keymanager.writes).toEqual([`POST /eth/v1/validator/${KEYS[1] ?? ""}/feerecipient`]);
    expect(outputs.current).toEqual([VAULT, VAULT]);
    await feeRecipientHandler.update("", outputs, inputs, context);
    expect(keymanager.writes).toHaveLength(1);
  });

  it("shows a changed one beside the wanted one, and repairs it alone", async () => {
    const { id, outputs } = await feeRecipientHandler.create(inputs, context);
    keymanager.feeRecipients.set(KEYS[1] ?? "", STRANGER);
    keymanager.writes.length = 0;
    const read = await feeRecipientHandler.read(id, outputs, context);
    expect(read?.inputs.feeRecipient.toLowerCase()).toBe(STRANGER);
    expect(diffInputs(erase(feeRecipientHandler), read?.outputs as never, inputs).changed).toContain("feeRecipient");
    const updated = await feeRecipientHandler.update(id, outputs, inputs, context);
    expect(updated.current).toEqual([VAULT, VAULT]);
    expect(keymanager.writes).toHaveLength(1);
  });

  it("sees no drift in another spelling of the address", async () => {
    const { id, outputs } = await feeRecipientHandler.create(inputs, context);
    keymanager.feeRecipients.set(KEYS[0] ?? "", VAULT.toLowerCase());
    const read = await feeRecipientHandler.read(id, outputs, context);
    expect(diffInputs(erase(feeRecipientHandler), read?.outputs as never, inputs).changed).toEqual([]);
  });

  it("tells beforehand what it will set", async () => {
    expect(await feeRecipientHandler.predict?.(inputs, undefined)).toEqual({ current: [VAULT, VAULT] });
  });
});
