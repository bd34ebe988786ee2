import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { credentialsInput, credentialsScript } from "./scripts.ts";

describe("credentials on the monitoring host", () => {
  const folder = mkdtempSync(join(tmpdir(), "ethstake-credentials-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const bring = (credentials: Record<string, string>): void => {
    const names = Object.keys(credentials).map((name) => `secrets/${name}`);
    execFileSync("sh", ["-c", credentialsScript(folder)], { input: credentialsInput(names, credentials) });
  };
  const at = (name: string): string => join(folder, "secrets", name);

  it("are files of mode 0400, and those that nobody names go", () => {
    bring({ "alertmanager/slack": "https://hooks.example/x\n", "prometheus/long-term": "p$w 'd" });
    expect(readFileSync(at("alertmanager/slack"), "utf8")).toBe("https://hooks.example/x");
    expect(readFileSync(at("prometheus/long-term"), "utf8")).toBe("p$w 'd");
    expect(statSync(at("alertmanager/slack")).mode & 0o777).toBe(0o400);
    bring({ "alertmanager/slack": "another" });
    expect(readFileSync(at("alertmanager/slack"), "utf8")).toBe("another");
    expect(existsSync(at("prometheus/long-term"))).toBe(false);
    bring({});
    expect(existsSync(at("alertmanager/slack"))).toBe(false);
  });

  it("say which is missing, and nothing of the others", () => {
    expect(() => credentialsInput(["secrets/alertmanager/a"], { "alertmanager/b": "x" })).toThrow(
      "monitoring needs the credential alertmanager/a",
    );
  });
});
