import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPolicies, checkResource, checkStack, type Violation } from "./check.ts";
import { NETWORKS, networkOf, UNKNOWN, type PlannedResource, type Rule } from "./model.ts";
import { RULES } from "./rules/index.ts";
import { CASES, type Case } from "./testing/cases.ts";
import { bundle, COMMAND, GOOD_SERVICE, linked, resource } from "./testing/resources.ts";

function violations(rule: Rule, { resources, network = "mainnet" }: Case): Violation[] {
  return [
    ...resources.flatMap((item) => checkResource(item, { network }, [rule])),
    ...checkStack(resources, { network }, [rule]),
  ];
}

describe("the rules", () => {
  it("are at least 24, each with a name of its own", () => {
    expect(RULES.length).toBeGreaterThanOrEqual(24);
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
    for (const { name, description } of RULES) {
      expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(description).toMatch(/^[A-Z].*\.$/);
    }
  });

  it("each have a passing and a failing case, and there is no case of another", () => {
    expect(Object.keys(CASES).toSorted()).toEqual(RULES.map(({ name }) => name).toSorted());
    for (const [name, cases] of Object.entries(CASES)) {
      expect(cases.filter(({ violations: found }) => found === undefined).length, name).toBeGreaterThan(0);
      expect(cases.filter(({ violations: found = [] }) => found.length > 0).length, name).toBeGreaterThan(0);
    }
  });
});

describe.each(RULES.map((rule) => ({ rule, name: rule.name })))("$name", ({ rule }) => {
  it.each((CASES[rule.name] ?? []).filter((item) => item.violations === undefined))("passes $title", (item) => {
    expect(violations(rule, item)).toEqual([]);
  });

  it.each((CASES[rule.name] ?? []).filter((item) => item.violations !== undefined))("fails $title", (item) => {
    const found = violations(rule, item);
    const texts = found.map(({ resource: name, property, value }) => `${name} ${property} ${value}`);
    expect(texts).toHaveLength(item.violations?.length ?? 0);
    for (const [index, expected] of (item.violations ?? []).entries()) expect(texts[index]).toContain(expected);
    for (const violation of found) {
      expect(violation).toMatchObject({ rule: rule.name, severity: rule.severity });
      expect(violation.fix).toMatch(/^[A-Z].*\.$/);
      expect(item.resources.map(({ urn }) => urn)).toContain(violation.urn);
    }
  });
});

describe("a bundle that keeps every rule", () => {
  it("has no violation at all", () => {
    expect(checkPolicies([bundle(GOOD_SERVICE)], { network: "mainnet" })).toEqual([]);
  });
});

describe("what is not known", () => {
  const TYPES = [...new Set(Object.values(CASES).flatMap((cases) => cases.flatMap((item) => item.resources)))];

  it("never breaks a rule where it stands for a literal that would", () => {
    // Every top-level property unknown: only what is absent, and options, can be concluded from.
    for (const rule of RULES.filter(({ kind }) => kind === "resource")) {
      for (const item of TYPES) {
        const props = Object.fromEntries(Object.keys(item.props).map((key) => [key, UNKNOWN]));
        const hidden = { ...item, props };
        for (const { property } of violations(rule, { title: "", resources: [hidden] })) {
          expect(Object.keys(props), `${rule.name} of ${item.type}`).not.toContain(property);
        }
      }
    }
  });
});

/** What JSON can hold and a program cannot make a text of. */
const TEXTLESS = fc.constantFrom<unknown[]>({ toString: null }, [{ toString: null }], { a: { toString: null } });

describe("arbitrary resources", () => {
  const types = [
    ...new Set(
      Object.values(CASES).flatMap((cases) => cases.flatMap((item) => item.resources.map(({ type }) => type))),
    ),
  ];
  const keys = [
    ...new Set(
      Object.values(CASES).flatMap((cases) =>
        cases.flatMap((item) => item.resources.flatMap(({ props }) => Object.keys(props))),
      ),
    ),
  ];
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(UNKNOWN),
      fc.jsonValue(),
      fc.constantFrom(
        "services:\n  a: 1",
        "services: [",
        "0.0.0.0/0",
        "22",
        "function isMember(",
        "http://",
        "{",
        "ports: ]",
      ),
      fc.double(),
      TEXTLESS,
      fc.constant(undefined),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys, "ports", "signature", "hostKey", "services", "__proto__"), tie("value"), {
        maxKeys: 4,
      }),
    ),
  })).value;
  const planned: fc.Arbitrary<PlannedResource> = fc
    .tuple(
      fc.constantFrom(...types),
      fc.string(),
      fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 8 }),
      fc.boolean(),
      fc.boolean(),
    )
    .map(([type, name, props, protect, marked]) => {
      const { secrets, ...rest } = resource(type, name, props, { protect, ...linked("target", resource(type, name)) });
      return marked && secrets ? { ...rest, secrets } : rest;
    });

  it("never make a rule throw", () => {
    fc.assert(
      fc.property(fc.array(planned, { maxLength: 4 }), fc.constantFrom(...NETWORKS), (resources, network) => {
        for (const violation of checkPolicies(resources, { network })) expect(typeof violation.value).toBe("string");
      }),
      { numRuns: 500 },
    );
  });

  it("never make a rule throw as services of a bundle", () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(...Object.keys(GOOD_SERVICE), "privileged", "cap_add", "deploy", "environment", "user"),
          fc.oneof(fc.jsonValue(), TEXTLESS),
        ),
        (body) => {
          checkPolicies([bundle(body), resource(COMMAND, "c", { stdin: { services: body } })], { network: "mainnet" });
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("the network", () => {
  it("is held to the strictest rules when it is not one of ours", () => {
    expect(["hoodi", "devnet", "goerli", "", undefined].map(networkOf)).toEqual([
      "hoodi",
      "devnet",
      "mainnet",
      "mainnet",
      "mainnet",
    ]);
  });
});
