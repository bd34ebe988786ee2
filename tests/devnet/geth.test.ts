import { afterAll, describe, expect, it } from "vitest";
import { findCommand } from "../../provider/process/launch.ts";
import { PROTOCOL_CONTRACTS } from "../../components/protocol/contracts.ts";
import { ProjectCopy } from "./project.ts";

const geth = await findCommand("geth");

describe.skipIf(geth === undefined)("a devnet whose execution client is the geth on the PATH", () => {
  const project = new ProjectCopy();
  afterAll(() => project.dispose());

  it("comes up, deploys and wires the protocol, and changes nothing in a second run", async () => {
    await project.addStack("geth", ({ nodes }) => {
      const [client] = nodes[0]?.execution ?? [];
      if (client) client["client"] = "geth";
    });
    const first = await project.json("stack", ["up", "--yes", "--stack", "geth"]);
    expect(first.code, first.stderr).toBe(0);
    const again = await project.json("stack", ["up", "--yes", "--stack", "geth"]);
    expect(again.value["changes"]).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
    const { value } = await project.json("devnet:status", ["--stack", "geth"]);
    const { proofs } = value as unknown as { proofs: { claim: string; holds: boolean }[] };
    expect(
      proofs.filter(({ claim, holds }) => holds && /head advances|built code|fee recipient of/.test(claim)),
    ).toHaveLength(3 + PROTOCOL_CONTRACTS.length);
  });
});
