import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withPorts } from "./ports.ts";
import { nodeSchema } from "./schema.ts";

/** A node with as many clients as there can be, and no port set. */
const full = nodeSchema.parse({ name: "node", execution: [{}, {}], consensus: [{}, {}] });

function portsOf(index: number): number[] {
  const { execution, consensus, validator } = withPorts(full, index);
  return [...execution, ...consensus, validator].flatMap((client) =>
    Object.values(client).filter((value) => typeof value === "number"),
  );
}

describe("withPorts", () => {
  it("gives the clients' own ports to the first, and others to every further place", () => {
    expect(withPorts(full, 0).execution.map(({ rpcPort }) => rpcPort)).toEqual([8545, 8645]);
    expect(withPorts(full, 1).consensus.map(({ restPort }) => restPort)).toEqual([9796, 9896]);
    expect(withPorts(full, 1).validator).toEqual({ client: "lodestar", keymanagerPort: 5262, metricsPort: 8209 });
  });

  it("gives no port twice among the eight nodes that a devnet can have, and none that the system hands out", () => {
    const ports = Array.from({ length: 8 }, (_, index) => portsOf(index)).flat();
    expect(new Set(ports).size).toBe(ports.length);
    expect(Math.max(...ports)).toBeLessThan(32_768);
  });

  it("leaves alone what is set, and changes nothing when asked again", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 1_024, max: 65_535 }), (index, rpcPort) => {
        const node = { ...full, execution: [{ client: "geth" as const, rpcPort, enginePort: undefined }] };
        const resolved = withPorts(node, index);
        expect(resolved.execution[0]).toMatchObject({ client: "geth", rpcPort });
        expect(resolved.execution[0]?.enginePort).toBe(8551 + index * 200);
        expect(withPorts(nodeSchema.parse(resolved), index)).toEqual(resolved);
      }),
    );
  });
});
