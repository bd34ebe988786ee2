import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UptimeWitness, type WitnessContext } from "./witness.ts";

const REPORT = { operatorId: 4, window: 2, assignedEpochs: 1_000n, missedEpochs: 100n };

let server: Server;
let queries: { path: string; query: string; time: string }[];
let answer: { status: number; body: string };
let noted: [number, string, number][];

beforeEach(async () => {
  queries = [];
  noted = [];
  answer = { status: 200, body: vector("0.9") };
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://prometheus");
    queries.push({ path: pathname, query: searchParams.get("query") ?? "", time: searchParams.get("time") ?? "" });
    response.writeHead(answer.status).end(answer.body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function vector(...values: string[]): string {
  const result = values.map((value) => ({ metric: {}, value: [1, value] }));
  return JSON.stringify({ status: "success", data: { resultType: "vector", result } });
}

function witness(name = "north", path = ""): UptimeWitness {
  const context: WitnessContext = {
    windowStart: (window) => Promise.resolve(1_000 + window * 500),
    operatorName: () => Promise.resolve(name),
    note: (...args) => void noted.push(args),
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const query = 'avg_over_time(uptime{operator="$operator"}[$range])';
  return new UptimeWitness({ url, query, tolerance: 0.01 }, context);
}

describe("the second opinion", () => {
  it("is asked about the same window, and confirms what lies within the tolerance", async () => {
    expect(await witness().confirm(REPORT)).toEqual({ confirmed: true, uptime: 0.9, witnessed: 0.9 });
    expect(queries).toEqual([
      { path: "/api/v1/query", query: 'avg_over_time(uptime{operator="north"}[500s])', time: "2500" },
    ]);
    expect(noted).toEqual([[4, "north", 0]]);
    answer.body = vector("0.909");
    expect(await witness("north", "/behind/proxy").confirm(REPORT)).toMatchObject({ confirmed: true });
    expect(queries.at(-1)?.path).toBe("/behind/proxy/api/v1/query");
  });

  it("contradicts what lies further apart, either way", async () => {
    for (const value of ["0.95", "0.8"]) {
      answer.body = vector(value);
      expect(await witness().confirm(REPORT)).toMatchObject({ confirmed: false, witnessed: Number(value) });
    }
    expect(noted.map(([, , difference]) => difference.toFixed(2))).toEqual(["0.05", "0.10"]);
  });

  it.each([vector(), vector("NaN")])("has none without data: %s", async (body) => {
    answer.body = body;
    expect(await witness().confirm(REPORT)).toEqual({ confirmed: true, uptime: 0.9, witnessed: undefined });
    expect(noted).toEqual([]);
  });

  it.each(["$'", "$&", "$`", "a $range b", "$$", 'quote" and \\ backslash'])(
    "takes an operator's name %s as it is: operators choose it",
    async (name) => {
      await witness(name).confirm(REPORT);
      const quoted = name.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
      expect(queries[0]?.query).toBe(`avg_over_time(uptime{operator="${quoted}"}[500s])`);
    },
  );

  it("is not guessed when Prometheus fails", async () => {
    answer = { status: 400, body: '{"status":"error","errorType":"bad_data","error":"no"}' };
    await expect(witness().confirm(REPORT)).rejects.toMatchObject({ code: "PROMETHEUS" });
    answer = { status: 502, body: "<html>" };
    await expect(witness().confirm(REPORT)).rejects.toThrow("answered 502");
    server.closeAllConnections();
    const gone = witness();
    server.close();
    await expect(gone.confirm(REPORT)).rejects.toThrow("does not answer");
  });
});
