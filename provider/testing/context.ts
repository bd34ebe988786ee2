import type { OperationContext } from "../resource.ts";

/** A context for calling handlers in tests; `lines` collects what they say. */
export function testContext(): OperationContext & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    urn: "urn:pulumi:test::ethstake::ethstake:index:Test::test",
    signal: new AbortController().signal,
    log: (line) => lines.push(line),
    lines,
  };
}
