import { describe, expect, it } from "vitest";
import { errorMessage, EthstakeError } from "./errors.ts";

class ExampleError extends EthstakeError<{ port: number }> {
  readonly code = "EXAMPLE";
}

describe("EthstakeError", () => {
  it("carries its class's name, a code, data and the remedy in the message", () => {
    const cause = new Error("below");
    const error = new ExampleError("Port 1 is taken.", { port: 1 }, { remedy: "Free it.", cause });
    expect(error).toMatchObject({ name: "ExampleError", code: "EXAMPLE", data: { port: 1 }, cause });
    expect(error.message).toBe("Port 1 is taken. Free it.");
    expect(new ExampleError("Port 1 is taken.", { port: 1 }).message).toBe("Port 1 is taken.");
  });

  it("gives the message of whatever was thrown", () => {
    expect(errorMessage(new Error("a"))).toBe("a");
    expect(errorMessage("b")).toBe("b");
    expect(errorMessage({ message: "c" })).toBe("c");
    expect([undefined, null, 7, Symbol("d")].map(errorMessage)).toEqual(["undefined", "null", "7", "Symbol(d)"]);
  });

  it("shows nothing else of an object, and takes one that cannot be made a text", () => {
    expect(errorMessage({ toString: null, token: "secret" })).toBe("[object Object]");
    expect(errorMessage({ message: { token: "secret" } })).toBe("[object Object]");
  });
});
