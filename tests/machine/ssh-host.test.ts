/**
 * A node on a machine that exists, all the way: this project's program on its engine, over the machine's own SSH server, into its own Docker
 * engine. The machine is a Debian that our cloud-init has made. The execution client is the real geth; without peers it stays at
 * genesis. Lighthouse's place, as beacon node and as validator client, is taken by a stand-in (stand-in/lighthouse.ts): a real consensus
 * client fetches a state of the network from the checkpoint server before it starts, and there is no network here. Nothing is said about
 * syncing, duties, or the publishers' images, which are not pulled. Commands run through a stand-in for the official plugin
 * (command/plugin.ts); `ETHSTAKE_COMMAND_PLUGIN=/path/to/pulumi-resource-command` takes that one instead.
 */
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunResult } from "../../engine/index.ts";
import { IMAGES } from "../../components/validator-node/bundle/images.ts";
import { findGeth, gethTag, loadGeth, loadLighthouse } from "./clients.ts";
import { missing, WAN } from "./debian.ts";
import type { Machine } from "./debian.ts";
import { done, messages, Operator } from "./operator.ts";
import { until } from "./run.ts";
import { startWorld } from "./world.ts";
import type { World } from "./world.ts";

const geth = await findGeth();
const reason = (await missing()) ?? (geth === undefined ? "needs geth" : undefined);

const NODE = "/var/lib/ethstake/nodes/node-1";
const SERVICES = ["consensus", "execution", "validator"];
const PINNED = IMAGES.lighthouse.tag;
const NEWER = "v8.99.0";

/** What the node opens to the world. */
const PEER_PORTS = [30_303, 9_000].map((port) => ({ port, protocol: "tcp" as const, purpose: "peers" }));

let world: World;
let machine: Machine;
let operator: Operator;

/** Each service's container: which one it is, since when it runs, how often Docker restarted it, and whether it is healthy. */
async function containers(): Promise<Record<string, string>> {
  const form =
    '{{index .Config.Labels "com.docker.compose.service"}} {{.Id}} {{.State.StartedAt}} {{.RestartCount}} {{.State.Health.Status}}';
  const lines = await machine.sh(
    `docker ps --all --quiet --filter label=com.docker.compose.project=ethstake-node-1 | xargs --no-run-if-empty docker inspect --format '${form}'`,
  );
  return Object.fromEntries(
    lines
      .split("\n")
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]),
  );
}

/** Services whose container is not the one it was. */
function restarted(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => before[name] !== after[name])
    .sort();
}

/** What is in the node's folder, but for what clients write. */
const files = (): Promise<string> =>
  machine.sh(`cd ${NODE}; find . -maxdepth 2 -not -name '.' -printf '%P %m %u:%g\\n' | sort`);
const jwt = (): Promise<string> => machine.sh(`cat ${NODE}/secrets/jwt`);
/** Whether the world reaches a TCP port of the machine. */
const reachable = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: WAN.machine, port, timeout: 2000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .once("connect", () => end(true))
      .once("timeout", () => end(false))
      .once("error", () => end(false));
  });
/** GET of a loopback port of the machine. */
const get = (url: string): Promise<string> => machine.sh(`busybox wget -q -T 5 -O - ${url}`);

describe.skipIf(reason !== undefined)(`a node on a machine over SSH${reason ? ` (${reason})` : ""}`, () => {
  beforeAll(async () => {
    world = await startWorld({ dataMiB: 4096, ports: PEER_PORTS });
    machine = world.machine;
    const binary = geth ?? "";
    await loadGeth(machine, binary);
    await loadLighthouse(machine, world.folder, [PINNED, NEWER]);
    operator = new Operator(world.folder, {
      target: {
        port: machine.sshPort(),
        user: "ethstake",
        hostKey: world.hostKey.public,
        privateKeyFile: world.userKey.file,
      },
      protected: true,
      execution: { client: "geth", image: { tag: await gethTag(binary) }, memoryMiB: 2048 },
      consensus: { client: "lighthouse", memoryMiB: 256 },
    });
  });

  // Undefined when the set-up failed, which cleans up after itself.
  afterAll(() => (world as World | undefined)?.close());

  it("is up after one run, with every service healthy and talking to the others", async () => {
    const result = await operator.up();
    expect(messages(result).trim()).toBe("");
    expect(done(result)).toContain("create node-1-services");
    const running = await containers();
    expect(Object.keys(running).sort()).toEqual(SERVICES);
    for (const state of Object.values(running)) expect(state).toMatch(/ 0 healthy$/);
    // Hoodi's chain, by the real client's engine API: the beacon node has the secret that the host made.
    expect(await get("127.0.0.1:20002/stand-in")).toContain('"engine":"0x88bb0"');
    expect(await get("127.0.0.1:20004/stand-in")).toContain('"engine":{"data":');
  });

  it("publishes peer-to-peer ports to the world, and its APIs on the machine only", async () => {
    expect(await machine.sh("docker ps --format '{{.Ports}}' | tr ',' '\\n' | grep -c '127.0.0.1:20000->8545'")).toBe(
      "1",
    );
    const ports = [30_303, 9_000, 20_000, 20_002, 20_004, 8_545, 8_551];
    const open = await Promise.all(ports.map(reachable));
    expect(ports.filter((_port, index) => open[index])).toEqual([30_303, 9_000]);
  });

  it("has the bundle's files with their modes, and secrets that are nowhere else", async () => {
    expect(await files()).toBe(
      [
        ".bundle 600",
        ".compose.log 600",
        ".lock 600",
        "compose.yaml 640",
        "data 700",
        "data/consensus-lighthouse 700",
        "data/execution-geth 700",
        "data/validator-lighthouse 700",
        "secrets 700",
        "secrets/jwt 440",
      ]
        .map((line) => `${line} ethstake:ethstake`)
        .join("\n"),
    );
    expect(await jwt()).toMatch(/^[0-9a-f]{64}$/);
    const state = operator.stateText();
    expect(state).toContain("node-1-services");
    expect(state).not.toContain(await jwt());
    expect(state).not.toContain("PRIVATE KEY");
    expect(await machine.sh("docker inspect $(docker ps --quiet)")).not.toContain(await jwt());
  });

  it("changes and restarts nothing at a second run", async () => {
    const before = await containers();
    const result = await operator.up();
    expect(messages(result).trim()).toBe("");
    expect(done(result)).toEqual([]);
    expect(await containers()).toEqual(before);
  });

  it("plans the bundle and its start for a changed client, and restarts that service alone", async () => {
    const before = await containers();
    const secret = await jwt();
    operator.settings = operator.with({
      consensus: { ...operator.settings.consensus, image: { tag: NEWER }, extraArgs: ["--stop-seconds=8"] },
    });
    expect(done(await operator.preview())).toEqual(["update node-1-bundle", "update node-1-services"]);
    const result = await operator.up();
    expect(messages(result).trim()).toBe("");
    expect(done(result)).toEqual(["update node-1-bundle", "update node-1-services"]);
    const after = await containers();
    expect(restarted(before, after)).toEqual(["consensus"]);
    expect(after["consensus"]).toMatch(/ 0 healthy$/);
    expect(await machine.sh("docker inspect --format '{{.Config.Image}}' ethstake-node-1-consensus-1")).toBe(
      `sigp/lighthouse:${NEWER}`,
    );
    expect(await jwt()).toBe(secret);
    // The container is another one, its data are not.
    expect(await machine.sh(`wc --lines <${NODE}/data/consensus-lighthouse/starts`)).toBe("2");
  });

  it("converges after an engine that was killed while a client stopped", async () => {
    const before = await containers();
    operator.settings = operator.with({
      consensus: { ...operator.settings.consensus, extraArgs: ["--stop-seconds=8", "--graffiti=other"] },
    });
    const begun = await machine.sh("date +%s");
    const { child, ended } = operator.upApart();
    await until("the client is asked to stop", 60, async () =>
      (
        await machine.sh(
          `docker events --since ${begun} --until 0s --filter event=kill --format '{{.Actor.Attributes.name}}'`,
        )
      ).includes("ethstake-node-1-consensus-1"),
    );
    child.kill("SIGKILL");
    await ended;
    expect(await machine.sh("pgrep --count --exact docker-compose")).toBe("1");
    const result = await operator.up();
    expect(result.ok, messages(result)).toBe(true);
    expect(messages(result)).toContain("An earlier run was killed while updating");
    const after = await containers();
    expect(restarted(before, after)).toEqual(["consensus"]);
    for (const state of Object.values(after)) expect(state).toMatch(/ 0 healthy$/);
    expect(await machine.sh("docker inspect ethstake-node-1-consensus-1")).toContain("--graffiti=other");
    expect(done(await operator.up())).toEqual([]);
    expect(await containers()).toEqual(after);
  });

  /** A run that must be refused: nobody logs in, and nothing of the machine changes. */
  async function refused(run: () => Promise<RunResult>): Promise<string> {
    const logins = () =>
      machine.sh("journalctl --unit ssh --grep 'Accepted publickey' --output cat --quiet | wc --lines");
    const state = async () => [
      await logins(),
      await files(),
      await containers(),
      await machine.sh(`cat ${NODE}/compose.yaml`),
    ];
    const before = await state();
    const result = await run();
    expect(result.ok).toBe(false);
    expect(await state()).toEqual(before);
    return messages(result);
  }

  it("refuses a machine whose host key is not the one in the settings", async () => {
    const { target } = operator.settings;
    const settings = operator.with({ target: { ...target, hostKey: world.otherKey.public } });
    expect(await refused(() => operator.up(settings))).toMatch(/update failed: .*host key mismatch/);
    // It was the settings that were wrong: with the right ones all is as it was.
    expect(done(await operator.up())).toEqual([]);
  });

  it("refuses a machine that presents another host key than before", async () => {
    await machine.sh(
      "cp -p /etc/ssh/ssh_host_ed25519_key /root/; cat >/etc/ssh/ssh_host_ed25519_key; systemctl reload ssh",
      world.otherKey.private,
    );
    const settings = operator.with({ consensus: { ...operator.settings.consensus, image: { tag: PINNED } } });
    expect(await refused(() => operator.up(settings))).toMatch(/update failed: .*host key mismatch/);
    await machine.sh("cp -p /root/ssh_host_ed25519_key /etc/ssh/; systemctl reload ssh");
    const before = await containers();
    operator.settings = settings;
    expect(done(await operator.up())).toEqual(["update node-1-bundle", "update node-1-services"]);
    expect(restarted(before, await containers())).toEqual(["consensus"]);
  });

  it("does not take down a protected node", async () => {
    const before = await containers();
    expect(await operator.destroy()).toMatchObject({ ok: false });
    expect(await containers()).toEqual(before);
  });

  it("stops the containers when it is taken down, and leaves data and secrets", async () => {
    operator.settings = operator.with({ protected: false });
    expect(await operator.up()).toMatchObject({ ok: true });
    const secret = await jwt();
    expect(messages(await operator.destroy()).trim()).toBe("");
    expect(await containers()).toEqual({});
    expect(await jwt()).toBe(secret);
    expect(await machine.sh(`ls ${NODE}/data/execution-geth/geth/chaindata | wc --lines`)).not.toBe("0");
    expect(await machine.sh(`wc --lines <${NODE}/data/validator-lighthouse/starts`)).toBe("1");
  });
});
