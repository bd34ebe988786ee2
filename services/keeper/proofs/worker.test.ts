import { pathToFileURL } from "node:url";
import { expect, it, vi } from "vitest";
import { keeperProgram } from "../../../components/keeper/program.ts";
import { projectPath } from "../../../lib/paths.ts";
import { FakeBeacon } from "../testing/fake-beacon.ts";
import { giveRealState } from "../testing/real-state.ts";
import { proveInState } from "./state.ts";
import { proveInThread } from "./worker.ts";

vi.setConfig({ testTimeout: 60_000 });

it("the keeper's program proves in a thread of itself, and says there what is wrong", async () => {
  const beacon = new FakeBeacon(0, { chainId: 1, depositContract: "0x" });
  const publicKey = `0x${"ab".repeat(48)}` as const;
  beacon.validators.push({ publicKey, activationEpoch: 0, exitEpoch: Infinity, slashed: false, withdrawableEpoch: 9 });
  giveRealState(beacon, 8);
  const bytes = new Uint8Array(beacon.real?.bytes ?? []);
  const { file } = await keeperProgram();
  const prove = proveInThread(pathToFileURL(projectPath(file)).href);
  const request = { fork: "fulu", indices: [0, 1] } as const;
  const here = proveInState({ ...request, bytes: bytes.slice() });
  expect(await prove({ ...request, bytes: bytes.slice() })).toEqual(here);
  expect(here.validators).toMatchObject([{ validator: { pubkey: publicKey } }]);
  await expect(prove({ ...request, bytes: bytes.slice(0, 1_000) })).rejects.toThrow();
});
