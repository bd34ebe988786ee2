import { describe, expect, it } from "vitest";
import { compileOrThrow } from "../tools/compiler.ts";
import { applyMutation, mutationsOf } from "./operators.ts";

/** The mutated texts of a function's body, and of its head where a modifier is. */
function mutantsOf(body: string, modifier = ""): string[] {
  const source = `// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;
library Math {
    enum Rounding { Floor, Ceil }
    function mulDiv(uint256 a, uint256 b, uint256 c) internal pure returns (uint256 d) { d = a * b / c; }
}
contract C {
    event E(uint256 a);
    modifier m() { _; }
    function f(uint256 a, uint256 b) public ${modifier} returns (uint256 c) { ${body} }
}`;
  const { sources } = compileOrThrow({ "src/C.sol": source }, {}, { "*": { "": ["ast"] } });
  const tree = sources?.["src/C.sol"]?.ast;
  if (tree === undefined) throw new Error("no syntax tree");
  const from = source.indexOf("function f");
  return mutationsOf(source, tree)
    .filter(({ start }) => start >= from)
    .map((mutation) => applyMutation(source, mutation).slice(from))
    .map((text) => text.slice(text.indexOf("public ") + 7, -2).replace(/^ ?returns \(uint256 c\) \{ (.*) \}$/s, "$1"));
}

describe("mutations", () => {
  it("fix conditions and move comparisons", () => {
    expect(mutantsOf("if (a < b) c = a;")).toEqual([
      "if (true) c = a;",
      "if (false) c = a;",
      "if (a <= b) c = a;",
      "if (a < b) {}",
    ]);
  });

  it("keep what a changed operator binds together", () => {
    expect(mutantsOf("return a * (a + b);")).toContain("return a / (a + b);");
    expect(mutantsOf("return a + a * b;")).toContain("return a + (a / b);");
    expect(mutantsOf("if (a == 0 || b == 0) c = a;")).toContain("if ((a == 0) && (b == 0)) c = a;");
  });

  it("remove statements and modifiers, round up and count on", () => {
    expect(mutantsOf("emit E(a);")).toEqual(["{}"]);
    expect(mutantsOf("c = a;", "m")).toContain("c = a;");
    expect(mutantsOf("return Math.mulDiv(a, b, 2);")).toEqual(
      expect.arrayContaining([
        "return Math.mulDiv(a, b, 2, Math.Rounding.Ceil);",
        "return Math.mulDiv(a, b, (2 + 1));",
        "return 0;",
      ]),
    );
  });

  it("count bytes, not characters", () => {
    expect(mutantsOf('/* "é" */ c = a + b;')).toContain('/* "é" */ c = a - b;');
  });
});
