import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ImportIdError, parseImportId } from "./import-id.ts";

const schema = z.object({ url: z.url("must be a URL"), count: z.number("must be a number") });

describe("parseImportId", () => {
  it("takes the identifying inputs as JSON", () => {
    expect(parseImportId('{"url":"http://127.0.0.1:1","count":2}', schema)).toEqual({
      url: "http://127.0.0.1:1",
      count: 2,
    });
  });

  it("names every fault at once", () => {
    expect(() => parseImportId('{"url":"nowhere"}', schema)).toThrow(/url must be a URL; count must be a number/);
    expect(() => parseImportId("0xabc", schema)).toThrow(ImportIdError);
  });
});
