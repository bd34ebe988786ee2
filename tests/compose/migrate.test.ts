import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { web3signerFiles } from "../../components/validator-node/bundle/catalogue/web3signer.ts";
import { freePort } from "../free-ports.ts";

const has = (command: string): boolean => spawnSync(command, ["--version"]).status === 0;
const installed = ["initdb", "pg_ctl", "psql", "createdb"].every(has);

/** PostgreSQL refuses to run as root; nobody does not. */
const owner = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const PASSWORD = "00c0ffee";

describe.skipIf(!installed)("migrations of the slashing-protection database, with PostgreSQL", () => {
  let folder = "";
  let port = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "ethstake-migrate-"));
    for (const name of ["run", "tmp"]) {
      mkdirSync(join(folder, name));
      if (owner.uid !== undefined) chownSync(join(folder, name), owner.uid, owner.gid);
    }
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, "password"), `${PASSWORD}\n`, { mode: 0o644 });
    for (const { path, content } of web3signerFiles("hoodi"))
      writeFileSync(join(folder, path.replace("config/", "")), content, { mode: 0o644 });
    port = await freePort();
    const database = join(folder, "run", "db");
    const options = { stdio: "pipe" as const, ...owner };
    const auth = ["--auth-host=scram-sha-256", "--auth-local=scram-sha-256", `--pwfile=${join(folder, "password")}`];
    execFileSync("initdb", ["-D", database, "-U", "web3signer", "-E", "UTF8", "--no-sync", ...auth], options);
    const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${join(folder, "run")} -c fsync=off`;
    // pg_ctl's server keeps the standard streams; pipes would be waited for.
    execFileSync("pg_ctl", ["-D", database, "-o", settings, "-l", join(folder, "run", "log"), "-w", "start"], {
      stdio: "ignore",
      ...owner,
    });
    execFileSync("createdb", ["-h", "127.0.0.1", "-p", String(port), "-U", "web3signer", "web3signer"], {
      env: { ...process.env, PGPASSWORD: PASSWORD },
    });
  });

  afterAll(() => {
    spawnSync("pg_ctl", ["-D", join(folder, "run", "db"), "-m", "immediate", "stop"], owner);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs the bundle's script on a folder with these migrations. */
  function migrate(migrations: Readonly<Record<string, string>>): { status: number | null; lines: string[] } {
    const schema = mkdtempSync(join(folder, "schema-"));
    for (const [name, sql] of Object.entries(migrations)) writeFileSync(join(schema, name), sql);
    const { status, stdout } = spawnSync("/bin/sh", [join(folder, "web3signer-migrate.sh")], {
      encoding: "utf8",
      env: {
        PATH: process.env.PATH,
        PGHOST: "127.0.0.1",
        PGPORT: String(port),
        TMPDIR: join(folder, "tmp"),
        SCHEMA_DIRECTORY: schema,
        PASSWORD_FILE: join(folder, "password"),
      },
    });
    return { status, lines: stdout.trim().split("\n").filter(Boolean) };
  }

  function query(sql: string): string {
    return execFileSync(
      "psql",
      ["-h", "127.0.0.1", "-p", String(port), "-U", "web3signer", "-Atc", sql, "web3signer"],
      {
        encoding: "utf8",
        env: { ...process.env, PGPASSWORD: PASSWORD },
      },
    ).trim();
  }

  const first = { "V00001__one.sql": "CREATE TABLE one (id int);\nINSERT INTO one VALUES (1);\n" };

  it("applies new migrations in order, and none twice", () => {
    expect(migrate(first)).toEqual({ status: 0, lines: ["applying V00001__one.sql"] });
    const both = { "V00002__two.sql": "INSERT INTO one VALUES (2);\n", ...first };
    expect(migrate(both)).toEqual({ status: 0, lines: ["applying V00002__two.sql"] });
    expect(migrate(both)).toEqual({ status: 0, lines: [] });
    expect(query("SELECT count(*) FROM one")).toBe("2");
  });

  it("leaves nothing of a migration that breaks off, and does it when it can", () => {
    const broken = { ...first, "V00003__three.sql": "INSERT INTO one VALUES (3);\nSELECT nonsense;\n" };
    expect(migrate(broken).status).not.toBe(0);
    expect(query("SELECT count(*) FROM one WHERE id = 3")).toBe("0");
    expect(migrate({ ...first, "V00003__three.sql": "INSERT INTO one VALUES (3);\n" }).status).toBe(0);
    expect(query("SELECT count(*) FROM one WHERE id = 3")).toBe("1");
  });

  it("fails when there are no migrations", () => {
    expect(migrate({}).status).toBe(1);
  });
});
